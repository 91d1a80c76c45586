import java.net.URI;
import java.util.Map;
import java.util.concurrent.CancellationException;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.NotFoundException;

/** The story from today's SDK: {@code Current [URL]}. Without a URL the SDK finds the endpoint itself. */
final class Current extends Story {
  private final String url;

  private Current(KmsClient kms, String region, String url) {
    super(kms, "java", region);
    this.url = url;
  }

  public static void main(String[] arguments) {
    var url = arguments.length > 0 ? arguments[0] : null;
    var region = url != null ? "us-east-1" : new DefaultAwsRegionProviderChain().getRegion().id();
    Told.tell(new Current(url != null ? pointed(url) : found(), region, url).steps());
  }

  // docs: client
  static KmsClient pointed(String url) {
    return KmsClient.builder().endpointOverride(URI.create(url)).region(Region.US_EAST_1).build();
  }

  static KmsClient found() {
    return KmsClient.create(); // AWS_ENDPOINT_URL_KMS and AWS_REGION, or the shared files
  }
  // docs: end

  @Override
  Map<String, Told.Step> steps() {
    var steps = super.steps();
    steps.put("cancelled_call", this::cancelledCall);
    return steps;
  }

  @Override
  void notFound() {
    super.notFound();
    Told.same("exists", exists(kms, "1234abcd-12ab-34cd-56ef-1234567890ab"), false);
  }

  // docs: exceptions
  static boolean exists(KmsClient kms, String id) {
    try {
      kms.describeKey(b -> b.keyId(id));
      return true;
    } catch (NotFoundException absent) { // absent.requestId() leads to the audit record
      return false;
    }
  }
  // docs: end

  private void cancelledCall() {
    Told.holds("CancellationException expected", cancelled());
    Told.holds("the second call was not answered", kms.listKeys().hasKeys());
  }

  /** The asynchronous client's calls are futures. */
  private boolean cancelled() {
    var builder = KmsAsyncClient.builder();
    if (url != null) {
      builder.endpointOverride(URI.create(url)).region(Region.US_EAST_1);
    }
    try (var async = builder.build()) {
      // docs: cancel
      var call = async.listKeys();
      call.cancel(true);
      // docs: end
      call.join();
      return false;
    } catch (CancellationException expected) {
      return true;
    }
  }
}
