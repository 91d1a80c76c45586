import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.AlgorithmSpec;
import software.amazon.awssdk.services.kms.model.AlreadyExistsException;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.DisabledException;
import software.amazon.awssdk.services.kms.model.ExpirationModelType;
import software.amazon.awssdk.services.kms.model.GetParametersForImportResponse;
import software.amazon.awssdk.services.kms.model.ImportKeyMaterialResponse;
import software.amazon.awssdk.services.kms.model.IncorrectKeyMaterialException;
import software.amazon.awssdk.services.kms.model.InvalidArnException;
import software.amazon.awssdk.services.kms.model.InvalidCiphertextException;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.KmsInvalidStateException;
import software.amazon.awssdk.services.kms.model.NotFoundException;
import software.amazon.awssdk.services.kms.model.OriginType;
import software.amazon.awssdk.services.kms.model.UnsupportedOperationException;
import software.amazon.awssdk.services.kms.model.WrappingKeySpec;

/** The story of conformance/story.md, from software.amazon.awssdk:kms. */
class Story {
  private static final SdkBytes SECRET = SdkBytes.fromUtf8String("the secret");

  final KmsClient kms;
  final String client;
  private final String region;
  private final SdkBytes material = random();
  private KeyMetadata key; // of the key with imported material
  private String materialId;
  private SdkBytes sealed;
  private Instant deletionDate;
  KeyMetadata own; // of the key with Trent's material

  Story(KmsClient kms, String client, String region) {
    this.kms = kms;
    this.client = client;
    this.region = region;
  }

  Map<String, Told.Step> steps() {
    var steps = new LinkedHashMap<String, Told.Step>();
    steps.put("create", this::create);
    steps.put("encrypt_before_import", this::encryptBeforeImport);
    steps.put("parameters", this::parameters);
    steps.put("import", this::importFirst);
    steps.put("encrypt_and_decrypt", this::encryptAndDecrypt);
    steps.put("delete_material", this::deleteMaterial);
    steps.put("decrypt_without_material", this::decryptWithoutMaterial);
    steps.put("import_other_material", this::importOtherMaterial);
    steps.put("import_again", this::importAgain);
    steps.put("decrypt_again", this::decryptAgain);
    steps.put("schedule_deletion", this::scheduleDeletion);
    steps.put("delete_material_while_pending", this::deleteMaterialWhilePending);
    steps.put("cancel", this::cancel);
    steps.put("enable_refused", this::enableRefused);
    steps.put("cancel_twice", this::cancelTwice);
    steps.put("import_after_cancel", this::importAfterCancel);
    steps.put("own_key", this::ownKey);
    steps.put("own_material", this::ownMaterial);
    steps.put("not_found", this::notFound);
    steps.put("invalid_arn", this::invalidArn);
    steps.put("aliases", this::aliases);
    steps.put("paginator", this::paginator);
    steps.put("wrapped_by_default", this::wrappedByDefault);
    return steps;
  }

  private void create() {
    key = kms.createKey(b -> b.origin(OriginType.EXTERNAL).description("story").tags(t -> t.tagKey("client").tagValue(client)))
        .keyMetadata();
    Told.same("Arn", key.arn(), arn(key, "key/" + key.keyId()));
    Told.same("KeyState", key.keyState(), KeyState.PENDING_IMPORT);
    Told.same("Enabled", key.enabled(), false);
    Told.same("Origin", key.origin(), OriginType.EXTERNAL);
    Told.same("Description", key.description(), "story");
    Told.same("MultiRegion", key.multiRegion(), false);
    Told.same("CurrentKeyMaterialId", key.currentKeyMaterialId(), null);
    Told.same("ExpirationModel", key.expirationModel(), null);
    Told.same("ValidTo", key.validTo(), null);
    Told.ahead("CreationDate", key.creationDate(), Duration.ZERO);
    Told.same("DescribeKey", describe(key), key);
  }

  private void encryptBeforeImport() {
    refused(KmsInvalidStateException.class, key.arn() + " is pending import.",
        () -> kms.encrypt(b -> b.keyId(key.keyId()).plaintext(SdkBytes.fromUtf8String("x"))));
  }

  private void parameters() throws GeneralSecurityException {
    var given = parametersFor(key.keyId());
    Told.same("KeyId", given.keyId(), key.arn());
    Told.same("the size of PublicKey", Wrapping.key(given.publicKey().asByteArray()).getModulus().bitLength(), 2048);
    var length = given.importToken().asByteArray().length;
    Told.holds("ImportToken has " + length + " bytes", length > 0 && length <= 6144);
    Told.ahead("ParametersValidTo", given.parametersValidTo(), Duration.ofHours(24));
  }

  private void importFirst() throws GeneralSecurityException {
    var answer = importMaterial(key.keyId(), material, null);
    materialId = answer.keyMaterialId();
    Told.holds("KeyMaterialId is " + materialId, materialId.matches("[0-9a-f]{64}"));
    Told.same("KeyId", answer.keyId(), key.arn());
    var told = describe(key);
    Told.same("KeyState", told.keyState(), KeyState.ENABLED);
    Told.same("Enabled", told.enabled(), true);
    Told.same("CurrentKeyMaterialId", told.currentKeyMaterialId(), materialId);
    Told.same("ExpirationModel", told.expirationModel(), ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE);
    Told.same("ValidTo", told.validTo(), null);
  }

  private void encryptAndDecrypt() {
    var answer = kms.encrypt(b -> b.keyId(key.arn()).plaintext(SECRET).encryptionContext(Map.of("a", "1", "ключ", "значение")));
    Told.same("KeyId", answer.keyId(), key.arn());
    sealed = answer.ciphertextBlob();
    var opened = decrypt();
    Told.same("Plaintext", opened.plaintext(), SECRET);
    Told.same("KeyId", opened.keyId(), key.arn());
    if (knowsMaterialIds()) {
      Told.same("KeyMaterialId", opened.keyMaterialId(), materialId);
    }
    refused(InvalidCiphertextException.class, nameless(),
        () -> kms.decrypt(b -> b.ciphertextBlob(sealed).encryptionContext(Map.of("a", "1"))));
  }

  private void deleteMaterial() {
    delete();
    var told = describe(key);
    Told.same("KeyState", told.keyState(), KeyState.PENDING_IMPORT);
    Told.same("Enabled", told.enabled(), false);
    Told.same("CurrentKeyMaterialId", told.currentKeyMaterialId(), materialId);
    Told.same("ExpirationModel", told.expirationModel(), null);
  }

  private void decryptWithoutMaterial() {
    refused(KmsInvalidStateException.class, key.arn() + " is pending import.", this::decrypt);
  }

  private void importOtherMaterial() throws GeneralSecurityException {
    var before = describe(key);
    try {
      throw new Told.Differs("the import succeeded: " + importMaterial(key.keyId(), random(), null));
    } catch (IncorrectKeyMaterialException expected) {
      Told.same("DescribeKey", describe(key), before);
    }
  }

  private void importAgain() throws GeneralSecurityException {
    var validTo = Instant.now().plus(48, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS);
    Told.same("KeyMaterialId", importMaterial(key.keyId(), material, validTo).keyMaterialId(), materialId);
    var told = describe(key);
    Told.same("KeyState", told.keyState(), KeyState.ENABLED);
    Told.same("ExpirationModel", told.expirationModel(), ExpirationModelType.KEY_MATERIAL_EXPIRES);
    Told.same("ValidTo", told.validTo(), validTo);
  }

  private void decryptAgain() {
    Told.same("Plaintext", decrypt().plaintext(), SECRET);
  }

  private void scheduleDeletion() {
    var answer = kms.scheduleKeyDeletion(b -> b.keyId(key.keyId()).pendingWindowInDays(7));
    Told.same("KeyId", answer.keyId(), key.arn());
    Told.same("KeyState", answer.keyState(), KeyState.PENDING_DELETION);
    Told.same("PendingWindowInDays", answer.pendingWindowInDays(), 7);
    Told.ahead("DeletionDate", answer.deletionDate(), Duration.ofDays(7));
    deletionDate = answer.deletionDate();
  }

  private void deleteMaterialWhilePending() {
    delete();
    var told = describe(key);
    Told.same("KeyState", told.keyState(), KeyState.PENDING_DELETION);
    Told.same("DeletionDate", told.deletionDate(), deletionDate);
  }

  private void cancel() {
    Told.same("KeyId", kms.cancelKeyDeletion(b -> b.keyId(key.keyId())).keyId(), key.arn());
    var told = describe(key);
    Told.same("KeyState", told.keyState(), KeyState.PENDING_IMPORT);
    Told.same("DeletionDate", told.deletionDate(), null);
  }

  private void enableRefused() {
    refused(KmsInvalidStateException.class, key.arn() + " is pending import.", () -> kms.enableKey(b -> b.keyId(key.keyId())));
    Told.same("KeyState", describe(key).keyState(), KeyState.PENDING_IMPORT);
  }

  private void cancelTwice() {
    refused(KmsInvalidStateException.class, key.arn() + " is not pending deletion.",
        () -> kms.cancelKeyDeletion(b -> b.keyId(key.keyId())));
  }

  private void importAfterCancel() throws GeneralSecurityException {
    importMaterial(key.keyId(), material, null);
    Told.same("KeyState", describe(key).keyState(), KeyState.ENABLED);
    Told.same("Plaintext", decrypt().plaintext(), SECRET);
  }

  private void ownKey() {
    own = kms.createKey().keyMetadata();
    Told.same("PendingWindowInDays", kms.scheduleKeyDeletion(b -> b.keyId(own.keyId())).pendingWindowInDays(), 30);
    Told.same("KeyId", kms.cancelKeyDeletion(b -> b.keyId(own.keyId())).keyId(), own.arn());
    Told.same("KeyState", describe(own).keyState(), KeyState.DISABLED);
    refused(DisabledException.class, own.arn() + " is disabled.", () -> dataKey());
    kms.enableKey(b -> b.keyId(own.keyId()));
    Told.same("KeyState", describe(own).keyState(), KeyState.ENABLED);
    Told.same("the length of Plaintext", dataKey().asByteArray().length, 32);
  }

  private void ownMaterial() {
    var message = own.arn() + " origin is AWS_KMS which is not valid for this operation.";
    refused(UnsupportedOperationException.class, message, () -> kms.deleteImportedKeyMaterial(b -> b.keyId(own.keyId())));
    refused(UnsupportedOperationException.class, message, () -> parametersFor(own.keyId()));
  }

  void notFound() {
    var id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    refused(NotFoundException.class, "Key '" + arn(own, "key/" + id) + "' does not exist", () -> kms.cancelKeyDeletion(b -> b.keyId(id)));
    refused(NotFoundException.class, "Invalid keyId 'no-such-key'",
        () -> kms.deleteImportedKeyMaterial(b -> b.keyId("no-such-key")));
  }

  private void invalidArn() {
    var alias = "alias/" + client + "-missing";
    var message = "Key Aliases are not supported for this operation.";
    refused(InvalidArnException.class, message, () -> kms.cancelKeyDeletion(b -> b.keyId(alias)));
    refused(InvalidArnException.class, message, () -> kms.deleteImportedKeyMaterial(b -> b.keyId(alias)));
  }

  private void aliases() {
    for (var name : aliasNames()) {
      kms.createAlias(b -> b.aliasName(name).targetKeyId(own.keyId()));
    }
    var again = aliasNames().get(3);
    refused(AlreadyExistsException.class, "An alias with the name " + arn(own, again) + " already exists",
        () -> kms.createAlias(b -> b.aliasName(again).targetKeyId(own.keyId())));
  }

  void paginator() {
    // docs: paginator
    var pages = kms.listAliasesPaginator(b -> b.keyId(own.keyId()).limit(2));
    var names = pages.aliases().stream().map(alias -> alias.aliasName()).toList();
    // docs: end
    Told.same("the names", names, aliasNames());
    Told.same("the number of pages", pages.stream().count(), 4L);
  }

  private void wrappedByDefault() throws GeneralSecurityException {
    var before = describe(key);
    var parameters = parametersFor(key.keyId());
    var wrapped = Wrapping.wrapByDefault(parameters.publicKey().asByteArray(), material.asByteArray());
    refused(InvalidCiphertextException.class, nameless(), () -> kms.importKeyMaterial(b -> b.keyId(key.keyId())
        .importToken(parameters.importToken()).encryptedKeyMaterial(SdkBytes.fromByteArray(wrapped))
        .expirationModel(ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE)));
    Told.same("DescribeKey", describe(key), before);
  }

  // What the steps share.

  // docs: import
  ImportKeyMaterialResponse importMaterial(String id, SdkBytes material, Instant validTo) throws GeneralSecurityException {
    var parameters = parametersFor(id);
    var wrapped = SdkBytes.fromByteArray(Wrapping.wrap(parameters.publicKey().asByteArray(), material.asByteArray()));
    return kms.importKeyMaterial(b -> {
      b.keyId(id).importToken(parameters.importToken()).encryptedKeyMaterial(wrapped).validTo(validTo);
      if (validTo == null) {
        b.expirationModel(ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE);
      }
    });
  }

  GetParametersForImportResponse parametersFor(String id) {
    return kms.getParametersForImport(
        b -> b.keyId(id).wrappingAlgorithm(AlgorithmSpec.RSAES_OAEP_SHA_256).wrappingKeySpec(WrappingKeySpec.RSA_2048));
  }
  // docs: end

  /** Whether the model has KeyMaterialId in Decrypt's answer. */
  boolean knowsMaterialIds() {
    return true;
  }

  /** What the SDK makes of an absent message. */
  String nameless() {
    return null;
  }

  /** Whether the error is of the SDK's own class for it. */
  boolean is(KmsException error, Class<? extends KmsException> type) {
    return type.isInstance(error);
  }

  /** Holds if the call fails with this exception, AWS's message, status 400 and a request id. */
  final void refused(Class<? extends KmsException> type, String message, Supplier<?> call) {
    KmsException error = null;
    try {
      Told.holds(type.getSimpleName() + " expected, but the answer is " + call.get(), false);
    } catch (KmsException thrown) {
      error = thrown;
    }
    Told.holds(type.getSimpleName() + " expected, got " + error, is(error, type));
    Told.same("the message", error.awsErrorDetails().errorMessage(), message);
    Told.same("the status", error.statusCode(), 400);
    Told.same("the length of the request id", error.requestId().length(), 36);
  }

  private String arn(KeyMetadata of, String resource) {
    var partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
    return "arn:%s:kms:%s:%s:%s".formatted(partition, region, of.awsAccountId(), resource);
  }

  final List<String> aliasNames() {
    return IntStream.range(0, 7).mapToObj(n -> "alias/%s-%d-%s".formatted(client, n, own.keyId())).toList();
  }

  private KeyMetadata describe(KeyMetadata of) {
    return kms.describeKey(b -> b.keyId(of.keyId())).keyMetadata();
  }

  private DecryptResponse decrypt() {
    return kms.decrypt(b -> b.ciphertextBlob(sealed).encryptionContext(Map.of("ключ", "значение", "a", "1")));
  }

  private SdkBytes dataKey() {
    return kms.generateDataKey(b -> b.keyId(own.keyId()).keySpec(DataKeySpec.AES_256)).plaintext();
  }

  private void delete() {
    var answer = kms.deleteImportedKeyMaterial(b -> b.keyId(key.keyId()));
    Told.same("KeyId", answer.keyId(), key.arn());
    Told.same("KeyMaterialId", answer.keyMaterialId(), materialId);
  }

  private static SdkBytes random() {
    var bytes = new byte[32];
    new SecureRandom().nextBytes(bytes);
    return SdkBytes.fromByteArray(bytes);
  }
}
