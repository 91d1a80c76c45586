import com.amazonaws.encryptionsdk.kmssdkv2.KmsMasterKeyProvider;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsEcdhKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkDiscoveryKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMultiKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsRsaKeyringInput;
import software.amazon.cryptography.materialproviders.model.DiscoveryFilter;
import software.amazon.cryptography.materialproviders.model.KmsEcdhStaticConfigurations;
import software.amazon.cryptography.materialproviders.model.KmsPrivateKeyToStaticPublicKeyInput;
import software.amazon.cryptography.materialproviders.model.KmsPublicKeyDiscoveryInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;
import software.amazon.cryptography.primitives.model.ECDHCurveSpec;

/** The keyrings that the material providers library has for KMS, and the SDK's older master key provider. */
final class Keyrings {
  // docs: keyring
  static final MaterialProviders PROVIDERS = MaterialProviders.builder()
      .MaterialProvidersConfig(MaterialProvidersConfig.builder().build()).build();

  /** The ARN of the key that makes the data key, and of others that encrypt it too: any of them decrypts. */
  static IKeyring keyringOf(String generator, List<String> others) {
    return PROVIDERS.CreateAwsKmsMultiKeyring(
        CreateAwsKmsMultiKeyringInput.builder().generator(generator).kmsKeyIds(others).build());
  }
  // docs: end

  private static final Map<String, KmsClient> CLIENTS = new ConcurrentHashMap<>();

  private Keyrings() {}

  /** @throws UnsupportedOperationException if there is no such kind */
  static IKeyring made(Asked asked) {
    return switch (asked.kind()) {
      case "kms" -> keyringOf(asked.generator(), asked.others());
      case "discovery" -> discovery(asked);
      case "mrk" -> multiRegion(asked);
      case "mrk_discovery" -> multiRegionDiscovery(asked);
      case "rsa" -> rsa(asked);
      case "ecdh" -> agreed(asked.sender(), sender(asked));
      case "ecdh_discovery" -> agreed(asked.recipientKey(), recipient(asked));
      default -> throw new UnsupportedOperationException(asked.kind());
    };
  }

  static KmsMasterKeyProvider provider(Asked asked) {
    return KmsMasterKeyProvider.builder().buildStrict(asked.keys());
  }

  private static IKeyring discovery(Asked asked) {
    return PROVIDERS.CreateAwsKmsDiscoveryKeyring(CreateAwsKmsDiscoveryKeyringInput.builder()
        .kmsClient(kms(asked.region())).discoveryFilter(filter(asked)).build());
  }

  private static IKeyring multiRegion(Asked asked) {
    return PROVIDERS.CreateAwsKmsMrkMultiKeyring(
        CreateAwsKmsMrkMultiKeyringInput.builder().generator(asked.generator()).kmsKeyIds(asked.others()).build());
  }

  private static IKeyring multiRegionDiscovery(Asked asked) {
    return PROVIDERS.CreateAwsKmsMrkDiscoveryKeyring(CreateAwsKmsMrkDiscoveryKeyringInput.builder()
        .kmsClient(kms(asked.region())).region(asked.region()).discoveryFilter(filter(asked)).build());
  }

  /** Data keys are wrapped here, with the public half, and unwrapped by KMS. */
  private static IKeyring rsa(Asked asked) {
    var input = CreateAwsKmsRsaKeyringInput.builder().kmsKeyId(asked.key()).kmsClient(kms(region(asked.key())))
        .encryptionAlgorithm(EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256);
    if (asked.pem() != null) {
      input.publicKey(ByteBuffer.wrap(asked.pem().getBytes(StandardCharsets.UTF_8)));
    }
    return PROVIDERS.CreateAwsKmsRsaKeyring(input.build());
  }

  private static IKeyring agreed(String key, KmsEcdhStaticConfigurations scheme) {
    return PROVIDERS.CreateAwsKmsEcdhKeyring(CreateAwsKmsEcdhKeyringInput.builder()
        .KeyAgreementScheme(scheme).curveSpec(ECDHCurveSpec.ECC_NIST_P256).kmsClient(kms(region(key))).build());
  }

  /** A key in KMS with somebody's public half. */
  private static KmsEcdhStaticConfigurations sender(Asked asked) {
    var recipient = ByteBuffer.wrap(Base64.getDecoder().decode(asked.recipient()));
    return KmsEcdhStaticConfigurations.builder().KmsPrivateKeyToStaticPublicKey(
        KmsPrivateKeyToStaticPublicKeyInput.builder().senderKmsIdentifier(asked.sender()).recipientPublicKey(recipient).build()).build();
  }

  /** The other side of it, to decrypt. */
  private static KmsEcdhStaticConfigurations recipient(Asked asked) {
    return KmsEcdhStaticConfigurations.builder().KmsPublicKeyDiscovery(
        KmsPublicKeyDiscoveryInput.builder().recipientKmsIdentifier(asked.recipientKey()).build()).build();
  }

  private static DiscoveryFilter filter(Asked asked) {
    return asked.accounts() == null
        ? null : DiscoveryFilter.builder().accountIds(asked.accounts()).partition(asked.partition()).build();
  }

  private static KmsClient kms(String region) {
    return CLIENTS.computeIfAbsent(region, id -> KmsClient.builder().region(Region.of(id)).build());
  }

  private static String region(String arn) {
    return arn.split(":")[3];
  }
}
