import com.amazonaws.AmazonServiceException;
import com.amazonaws.services.kms.AWSKMSClient;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CancelKeyDeletionRequest;
import software.amazon.awssdk.services.kms.model.CancelKeyDeletionResponse;
import software.amazon.awssdk.services.kms.model.CreateAliasRequest;
import software.amazon.awssdk.services.kms.model.CreateAliasResponse;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.CreateKeyResponse;
import software.amazon.awssdk.services.kms.model.DecryptRequest;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.DeleteImportedKeyMaterialRequest;
import software.amazon.awssdk.services.kms.model.DeleteImportedKeyMaterialResponse;
import software.amazon.awssdk.services.kms.model.DescribeKeyRequest;
import software.amazon.awssdk.services.kms.model.DescribeKeyResponse;
import software.amazon.awssdk.services.kms.model.EnableKeyRequest;
import software.amazon.awssdk.services.kms.model.EnableKeyResponse;
import software.amazon.awssdk.services.kms.model.EncryptRequest;
import software.amazon.awssdk.services.kms.model.EncryptResponse;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyRequest;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;
import software.amazon.awssdk.services.kms.model.GetParametersForImportRequest;
import software.amazon.awssdk.services.kms.model.GetParametersForImportResponse;
import software.amazon.awssdk.services.kms.model.ImportKeyMaterialRequest;
import software.amazon.awssdk.services.kms.model.ImportKeyMaterialResponse;
import software.amazon.awssdk.services.kms.model.KmsException;
import software.amazon.awssdk.services.kms.model.ScheduleKeyDeletionRequest;
import software.amazon.awssdk.services.kms.model.ScheduleKeyDeletionResponse;

/**
 * The story from com.amazonaws:aws-java-sdk-kms 1.9.6 (2014), whose model ends before imported material: what it has no
 * words for, today's SDK does in its place, and 1.9.6 goes on with the same key. {@code Old URL}.
 */
final class Old extends Story {
  private static final String REGION = System.getenv("AWS_REGION");

  private final AWSKMSClient old;

  private Old(AWSKMSClient old, KmsClient kms) {
    super(kms, "java-1-9-6", REGION);
    this.old = old;
  }

  public static void main(String[] arguments) {
    var old = pointed(arguments[0]);
    var today = KmsClient.builder().endpointOverride(URI.create(arguments[0])).region(Region.of(REGION)).build();
    Told.tell(new Old(old, new Both(old, today)).steps());
  }

  // docs: client-v1
  static AWSKMSClient pointed(String url) {
    var kms = new AWSKMSClient(); // credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    kms.setEndpoint(url); // version 1 reads no variable for it
    kms.setSignerRegionOverride(REGION); // else the Region is guessed from the endpoint's name
    return kms;
  }
  // docs: end

  @Override
  boolean knowsMaterialIds() {
    return false;
  }

  @Override
  String nameless() {
    return "";
  }

  /** By the name; and by the class too, where 1.9.6 has one. */
  @Override
  boolean is(KmsException error, Class<? extends KmsException> type) {
    if (!(error.getCause() instanceof AmazonServiceException cause)) {
      return type.isInstance(error);
    }
    var known = cause.getClass() == AmazonServiceException.class ? cause.getErrorCode() : cause.getClass().getSimpleName();
    return known.equalsIgnoreCase(type.getSimpleName()) && known.equals(cause.getErrorCode());
  }

  /** It has no paginator, and its model knows no KeyId in ListAliases: AWS's own 13 are told too. */
  @Override
  void paginator() {
    var names = new ArrayList<String>();
    var sizes = new ArrayList<Integer>();
    var request = new com.amazonaws.services.kms.model.ListAliasesRequest().withLimit(2);
    for (var more = true; more; ) {
      var page = old.listAliases(request);
      page.getAliases().forEach(alias -> names.add(alias.getAliasName()));
      sizes.add(page.getAliases().size());
      request.setMarker(page.getNextMarker());
      more = page.isTruncated();
    }
    names.removeIf(name -> name.startsWith("alias/aws/"));
    Told.same("the names", names, aliasNames());
    Told.same("the sizes of the pages", sizes, Collections.nCopies(10, 2));
  }

  /** Today's interface: 1.9.6 under the operations that it has, today's client under the others. */
  private record Both(AWSKMSClient old, KmsClient today) implements KmsClient {
    /** Both answer: 1.9.6 what it knows, today's the members that came after it. */
    @Override
    public DescribeKeyResponse describeKey(DescribeKeyRequest request) {
      var told = sent(() -> old.describeKey(new com.amazonaws.services.kms.model.DescribeKeyRequest().withKeyId(request.keyId())))
          .getKeyMetadata();
      return DescribeKeyResponse.builder().keyMetadata(today.describeKey(request).keyMetadata().toBuilder()
          .awsAccountId(told.getAWSAccountId()).keyId(told.getKeyId()).arn(told.getArn()).description(told.getDescription())
          .creationDate(told.getCreationDate().toInstant()).enabled(told.getEnabled()).keyUsage(told.getKeyUsage())
          .build()).build();
    }

    @Override
    public EncryptResponse encrypt(EncryptRequest request) {
      var answer = sent(() -> old.encrypt(new com.amazonaws.services.kms.model.EncryptRequest().withKeyId(request.keyId())
          .withPlaintext(request.plaintext().asByteBuffer()).withEncryptionContext(request.encryptionContext())));
      return EncryptResponse.builder().keyId(answer.getKeyId())
          .ciphertextBlob(SdkBytes.fromByteBuffer(answer.getCiphertextBlob())).build();
    }

    @Override
    public DecryptResponse decrypt(DecryptRequest request) {
      var answer = sent(() -> old.decrypt(new com.amazonaws.services.kms.model.DecryptRequest()
          .withCiphertextBlob(request.ciphertextBlob().asByteBuffer()).withEncryptionContext(request.encryptionContext())));
      return DecryptResponse.builder().keyId(answer.getKeyId()).plaintext(SdkBytes.fromByteBuffer(answer.getPlaintext())).build();
    }

    @Override
    public GenerateDataKeyResponse generateDataKey(GenerateDataKeyRequest request) {
      var answer = sent(() -> old.generateDataKey(new com.amazonaws.services.kms.model.GenerateDataKeyRequest()
          .withKeyId(request.keyId()).withKeySpec(request.keySpecAsString())));
      return GenerateDataKeyResponse.builder().keyId(answer.getKeyId())
          .plaintext(SdkBytes.fromByteBuffer(answer.getPlaintext())).build();
    }

    @Override
    public EnableKeyResponse enableKey(EnableKeyRequest request) {
      return sent(() -> {
        old.enableKey(new com.amazonaws.services.kms.model.EnableKeyRequest().withKeyId(request.keyId()));
        return EnableKeyResponse.builder().build();
      });
    }

    @Override
    public CreateAliasResponse createAlias(CreateAliasRequest request) {
      return sent(() -> {
        old.createAlias(new com.amazonaws.services.kms.model.CreateAliasRequest()
            .withAliasName(request.aliasName()).withTargetKeyId(request.targetKeyId()));
        return CreateAliasResponse.builder().build();
      });
    }

    @Override
    public CreateKeyResponse createKey(CreateKeyRequest request) {
      return today.createKey(request);
    }

    @Override
    public GetParametersForImportResponse getParametersForImport(GetParametersForImportRequest request) {
      return today.getParametersForImport(request);
    }

    @Override
    public ImportKeyMaterialResponse importKeyMaterial(ImportKeyMaterialRequest request) {
      return today.importKeyMaterial(request);
    }

    @Override
    public DeleteImportedKeyMaterialResponse deleteImportedKeyMaterial(DeleteImportedKeyMaterialRequest request) {
      return today.deleteImportedKeyMaterial(request);
    }

    @Override
    public ScheduleKeyDeletionResponse scheduleKeyDeletion(ScheduleKeyDeletionRequest request) {
      return today.scheduleKeyDeletion(request);
    }

    @Override
    public CancelKeyDeletionResponse cancelKeyDeletion(CancelKeyDeletionRequest request) {
      return today.cancelKeyDeletion(request);
    }

    @Override
    public String serviceName() {
      return today.serviceName();
    }

    @Override
    public void close() {
      old.shutdown();
      today.close();
    }

    /** The call's answer; its exception as today's, with its own as the cause. */
    private static <T> T sent(Supplier<T> call) {
      try {
        return call.get();
      } catch (AmazonServiceException error) {
        var details = AwsErrorDetails.builder().errorCode(error.getErrorCode()).errorMessage(error.getErrorMessage()).build();
        throw KmsException.builder().awsErrorDetails(details).statusCode(error.getStatusCode()).requestId(error.getRequestId())
            .message(error.getMessage()).cause(error).build();
      }
    }
  }
}
