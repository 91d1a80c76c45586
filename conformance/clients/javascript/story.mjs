// The story of conformance/story.md, from any version of @aws-sdk/client-kms.
import { randomBytes } from "node:crypto";
import { ahead, called, failure, holds, same } from "./told.mjs";
import { bitsOf, wrap, wrapByDefault } from "./wrap.mjs";

/**
 * `sdk` is the package, `kms` its client, `client` the name that aliases and tags carry. `expected` is what versions
 * differ in: `typed` (does each exception have a class?), `materialIds` (does the model know KeyMaterialId?),
 * `windows` (does it know what came in 2021: MultiRegion, and the window that ScheduleKeyDeletion answers?), and
 * `nameless`, what the SDK makes of an absent message.
 */
export function story({ sdk, kms, client, expected }) {
  const { CancelKeyDeletionCommand, CreateAliasCommand, CreateKeyCommand, DecryptCommand, DeleteImportedKeyMaterialCommand,
    DescribeKeyCommand, EnableKeyCommand, EncryptCommand, GenerateDataKeyCommand, GetParametersForImportCommand,
    ImportKeyMaterialCommand, ListKeysCommand, ScheduleKeyDeletionCommand, paginateListAliases } = sdk;

  remember(kms);
  const material = randomBytes(32);
  const context = { a: "1", "ключ": "значение" };
  let key, materialId, sealed, deletionDate, own;

  const describe = async (KeyId = key.KeyId) => (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
  const decrypt = () =>
    kms.send(new DecryptCommand({ CiphertextBlob: sealed, EncryptionContext: { "ключ": "значение", a: "1" } }));

  // docs: import
  const parametersFor = (KeyId) => kms.send(new GetParametersForImportCommand({
    KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048",
  }));

  async function importMaterial(KeyId, material, terms) {
    const parameters = await parametersFor(KeyId);
    return kms.send(new ImportKeyMaterialCommand({
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: wrap(parameters.PublicKey, material),
      ...terms, // { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" }, or { ValidTo: a Date }
    }));
  }
  // docs: end

  async function refused(call, name, message) {
    const error = await failure(call);
    same("the error's name", error.name, name);
    holds(`the error is no ${name} of this package`, !expected.typed || error instanceof sdk[name]);
    same("the message", error.message, message ?? expected.nameless(name));
    same("the status", error.$metadata.httpStatusCode, 400);
    same("the length of the request id", error.$metadata.requestId?.length, 36);
  }

  /** Models without KeyMaterialId have no KeyId in these answers either. */
  function sameMaterial(answer) {
    if (!expected.materialIds) return;
    same("KeyId and KeyMaterialId", [answer.KeyId, answer.KeyMaterialId], [key.Arn, materialId]);
  }

  async function told(want) {
    const metadata = await describe();
    const members = expected.materialIds ? want : without(want, "CurrentKeyMaterialId");
    same("DescribeKey", pick(metadata, Object.keys(members)), members);
  }

  return {
    async create() {
      key = (await kms.send(new CreateKeyCommand({
        Origin: "EXTERNAL", Description: "story", Tags: [{ TagKey: "client", TagValue: client }],
      }))).KeyMetadata;
      const region = await kms.config.region();
      const arn = `arn:${partition(region)}:kms:${region}:${key.AWSAccountId}:key/${key.KeyId}`;
      const want = { Arn: arn, KeyState: "PendingImport", Enabled: false, Origin: "EXTERNAL", Description: "story",
        MultiRegion: expected.windows ? false : undefined,
        CurrentKeyMaterialId: undefined, ExpirationModel: undefined, ValidTo: undefined };
      same("KeyMetadata", pick(key, Object.keys(want)), want);
      ahead("CreationDate", key.CreationDate, 0);
      same("DescribeKey", await describe(), key);
    },

    async encrypt_before_import() {
      const call = () => kms.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.from("x") }));
      await refused(call, "KMSInvalidStateException", `${key.Arn} is pending import.`);
    },

    async parameters() {
      const given = await parametersFor(key.KeyId);
      same("KeyId", given.KeyId, key.Arn);
      same("the size of PublicKey", bitsOf(given.PublicKey), 2048);
      const length = given.ImportToken.length;
      holds(`ImportToken has ${length} bytes`, length > 0 && length <= 6144);
      ahead("ParametersValidTo", given.ParametersValidTo, 24);
    },

    async import() {
      const answer = await importMaterial(key.KeyId, material, { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" });
      materialId = answer.KeyMaterialId;
      holds(`KeyMaterialId is ${materialId}`, !expected.materialIds || /^[0-9a-f]{64}$/.test(materialId));
      sameMaterial(answer);
      await told({ KeyState: "Enabled", Enabled: true, CurrentKeyMaterialId: materialId,
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE", ValidTo: undefined });
    },

    async encrypt_and_decrypt() {
      const answer = await kms.send(new EncryptCommand({
        KeyId: key.Arn, Plaintext: Buffer.from("the secret"), EncryptionContext: context,
      }));
      same("KeyId", answer.KeyId, key.Arn);
      sealed = answer.CiphertextBlob;
      const opened = await decrypt();
      same("Plaintext and KeyId", [text(opened.Plaintext), opened.KeyId], ["the secret", key.Arn]);
      sameMaterial(opened);
      const other = () => kms.send(new DecryptCommand({ CiphertextBlob: sealed, EncryptionContext: { a: "1" } }));
      await refused(other, "InvalidCiphertextException");
    },

    async delete_material() {
      sameMaterial(await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: key.KeyId })));
      await told({ KeyState: "PendingImport", Enabled: false, CurrentKeyMaterialId: materialId, ExpirationModel: undefined });
    },

    async decrypt_without_material() {
      await refused(decrypt, "KMSInvalidStateException", `${key.Arn} is pending import.`);
    },

    async import_other_material() {
      const before = await describe();
      const error = await failure(() =>
        importMaterial(key.KeyId, randomBytes(32), { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" }));
      same("the error's name", error.name, "IncorrectKeyMaterialException");
      holds("the error has no class", !expected.typed || error instanceof sdk.IncorrectKeyMaterialException);
      same("DescribeKey", await describe(), before);
    },

    async import_again() {
      const ValidTo = new Date(Math.ceil(Date.now() / 1000) * 1000 + 48 * 3_600_000);
      sameMaterial(await importMaterial(key.KeyId, material, { ValidTo }));
      await told({ KeyState: "Enabled", ExpirationModel: "KEY_MATERIAL_EXPIRES", ValidTo });
    },

    async decrypt_again() {
      same("Plaintext", text((await decrypt()).Plaintext), "the secret");
    },

    async schedule_deletion() {
      const answer = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: key.KeyId, PendingWindowInDays: 7 }));
      same("KeyId", answer.KeyId, key.Arn);
      const want = expected.windows ? ["PendingDeletion", 7] : [undefined, undefined];
      same("state and window", [answer.KeyState, answer.PendingWindowInDays], want);
      ahead("DeletionDate", answer.DeletionDate, 7 * 24);
      deletionDate = answer.DeletionDate;
    },

    async delete_material_while_pending() {
      sameMaterial(await kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: key.KeyId })));
      await told({ KeyState: "PendingDeletion", DeletionDate: deletionDate });
    },

    async cancel() {
      same("KeyId", (await kms.send(new CancelKeyDeletionCommand({ KeyId: key.KeyId }))).KeyId, key.Arn);
      await told({ KeyState: "PendingImport", DeletionDate: undefined });
    },

    async enable_refused() {
      const call = () => kms.send(new EnableKeyCommand({ KeyId: key.KeyId }));
      await refused(call, "KMSInvalidStateException", `${key.Arn} is pending import.`);
      await told({ KeyState: "PendingImport" });
    },

    async cancel_twice() {
      const call = () => kms.send(new CancelKeyDeletionCommand({ KeyId: key.KeyId }));
      await refused(call, "KMSInvalidStateException", `${key.Arn} is not pending deletion.`);
    },

    async import_after_cancel() {
      await importMaterial(key.KeyId, material, { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" });
      await told({ KeyState: "Enabled" });
      same("Plaintext", text((await decrypt()).Plaintext), "the secret");
    },

    async own_key() {
      own = (await kms.send(new CreateKeyCommand({}))).KeyMetadata;
      const scheduled = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: own.KeyId }));
      ahead("DeletionDate", scheduled.DeletionDate, 30 * 24);
      if (expected.windows) same("PendingWindowInDays", scheduled.PendingWindowInDays, 30);
      same("KeyId", (await kms.send(new CancelKeyDeletionCommand({ KeyId: own.KeyId }))).KeyId, own.Arn);
      same("KeyState", (await describe(own.KeyId)).KeyState, "Disabled");
      const dataKey = () => kms.send(new GenerateDataKeyCommand({ KeyId: own.KeyId, KeySpec: "AES_256" }));
      await refused(dataKey, "DisabledException", `${own.Arn} is disabled.`);
      await kms.send(new EnableKeyCommand({ KeyId: own.KeyId }));
      same("KeyState", (await describe(own.KeyId)).KeyState, "Enabled");
      same("the length of Plaintext", (await dataKey()).Plaintext.length, 32);
    },

    async own_material() {
      const message = `${own.Arn} origin is AWS_KMS which is not valid for this operation.`;
      const deletion = () => kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: own.KeyId }));
      await refused(deletion, "UnsupportedOperationException", message);
      await refused(() => parametersFor(own.KeyId), "UnsupportedOperationException", message);
    },

    async not_found() {
      const id = "1234abcd-12ab-34cd-56ef-1234567890ab";
      const arn = own.Arn.replace(own.KeyId, id);
      const unknown = () => kms.send(new CancelKeyDeletionCommand({ KeyId: id }));
      await refused(unknown, "NotFoundException", `Key '${arn}' does not exist`);
      const nameless = () => kms.send(new DeleteImportedKeyMaterialCommand({ KeyId: "no-such-key" }));
      await refused(nameless, "NotFoundException", "Invalid keyId 'no-such-key'");
    },

    async invalid_arn() {
      for (const Command of [CancelKeyDeletionCommand, DeleteImportedKeyMaterialCommand]) {
        const call = () => kms.send(new Command({ KeyId: `alias/${client}-missing` }));
        await refused(call, "InvalidArnException", "Key Aliases are not supported for this operation.");
      }
    },

    async aliases() {
      for (const AliasName of aliases()) await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: own.KeyId }));
      const twice = () => kms.send(new CreateAliasCommand({ AliasName: aliases()[3], TargetKeyId: own.KeyId }));
      const arn = own.Arn.replace(`key/${own.KeyId}`, aliases()[3]);
      await refused(twice, "AlreadyExistsException", `An alias with the name ${arn} already exists`);
    },

    async paginator() {
      // docs: paginator
      const names = [];
      let pages = 0;
      for await (const page of paginateListAliases({ client: kms, pageSize: 2 }, { KeyId: own.KeyId })) {
        names.push(...page.Aliases.map((alias) => alias.AliasName));
        pages += 1;
      }
      // docs: end
      same("the names and pages", [names, pages], [aliases(), 4]);
    },

    async cancelled_call() {
      // docs: abort
      const controller = new AbortController();
      const cancelled = () => kms.send(new ListKeysCommand({}), { abortSignal: controller.signal });
      controller.abort(); // from now on every call that was given the signal ends in an AbortError
      // docs: end
      same("the error's name", (await failure(cancelled)).name, "AbortError");
      holds("the second call was not answered", (await kms.send(new ListKeysCommand({}))).Keys.length > 0);
    },

    async wrapped_by_default() {
      const before = await describe();
      const { ImportToken, PublicKey } = await parametersFor(key.KeyId);
      const call = () => kms.send(new ImportKeyMaterialCommand({
        KeyId: key.KeyId, ImportToken, EncryptedKeyMaterial: wrapByDefault(PublicKey, material),
        ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE",
      }));
      const error = await failure(call);
      same("the error's name", error.name, "InvalidCiphertextException");
      same("DescribeKey", await describe(), before);
    },
  };

  function aliases() {
    return [0, 1, 2, 3, 4, 5, 6].map((n) => `alias/${client}-${n}-${own.KeyId}`);
  }
}

function remember(kms) {
  kms.middlewareStack.add((next, { commandName }) => async (args) => {
    try {
      const result = await next(args);
      called(commandName, args.input, result.output);
      return result;
    } catch (error) {
      called(commandName, args.input, `${error.name}: ${error.message}`);
      throw error;
    }
  }, { step: "initialize" });
}

const partition = (region) =>
  region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
const text = (bytes) => Buffer.from(bytes).toString();
const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));
const without = (from, name) => Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));
