// Messages of the AWS Encryption SDK for JavaScript: answers lines as `harness/messages.py` asks them.
import * as readline from "node:readline";
import {
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode, KMS, buildAwsKmsMrkAwareStrictMultiKeyringNode, getClient, limitRegions,
} from "@aws-crypto/client-node";
// docs: keyring
import { KmsKeyringNode, buildClient } from "@aws-crypto/client-node";

const { encrypt, decrypt } = buildClient();

/** The ARN of the key that makes the data key, and of others that encrypt it too: any of them decrypts. */
const keyringOf = (generator, others) => new KmsKeyringNode({ generatorKeyId: generator, keyIds: others });
// docs: end

const clients = getClient(KMS, {});

const discoveryFilter = ({ accounts, partition }) => (accounts ? { accountIDs: accounts, partition } : undefined);

const keyrings = {
  kms: ({ generator, others }) => keyringOf(generator, others),
  discovery: ({ region, ...filter }) => new KmsKeyringNode({
    discovery: true, discoveryFilter: discoveryFilter(filter), clientProvider: limitRegions([region], clients),
  }),
  mrk: ({ generator, others }) => buildAwsKmsMrkAwareStrictMultiKeyringNode({ generatorKeyId: generator, keyIds: others }),
  mrk_discovery: ({ region, ...filter }) => new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({
    client: clients(region), discoveryFilter: discoveryFilter(filter),
  }),
};

async function answer({ do: what, keyring, context, data }) {
  const make = keyrings[keyring.kind];
  if (!make) return { unsupported: true };
  try {
    const { result, messageHeader } = await carried(what, make(keyring), context, Buffer.from(data, "base64"));
    return { data: result.toString("base64"), context: { ...messageHeader.encryptionContext } };
  } catch (error) {
    return { error: told(error) };
  }
}

async function carried(what, keyring, context, data) {
  if (what === "encrypt") {
    // docs: encrypt
    const { result, messageHeader } = await encrypt(keyring, data, { encryptionContext: context });
    // docs: end
    return { result, messageHeader };
  }
  // docs: decrypt
  const { plaintext, messageHeader } = await decrypt(keyring, data); // and messageHeader.encryptionContext is whose it is
  // docs: end
  return { result: plaintext, messageHeader };
}

/** An error with the errors that led to it. */
function told(error) {
  const causes = [error.cause, ...(error.errors ?? [])].filter((cause) => cause instanceof Error);
  return [`${error.name}: ${error.message}`, ...causes.map(told)].join("; ");
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
