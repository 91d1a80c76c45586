import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.amazonaws.encryptionsdk.CryptoResult;
import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import software.amazon.cryptography.materialproviders.model.CollectionOfErrors;

/** Messages of the AWS Encryption SDK for Java: answers lines as {@code harness/messages.py} asks them. */
final class Messages {
  private static final AwsCrypto SIGNED = AwsCrypto.standard();
  // A keyring of an RSA key refuses the suites with a signature.
  private static final AwsCrypto UNSIGNED =
      AwsCrypto.builder().withEncryptionAlgorithm(CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY).build();

  private Messages() {}

  private record Question(@SerializedName("do") String verb, Asked keyring, Map<String, String> context, String data) {
    boolean encrypts() {
      return verb.equals("encrypt");
    }
  }

  public static void main(String[] none) throws Exception {
    var json = new Gson();
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      out.println(json.toJson(answer(json.fromJson(line, Question.class))));
    }
  }

  private static Map<String, Object> answer(Question question) {
    try {
      var result = carried(question, Base64.getDecoder().decode(question.data));
      var data = Base64.getEncoder().encodeToString(result.getResult());
      return Map.of("data", data, "context", result.getEncryptionContext());
    } catch (UnsupportedOperationException unknown) {
      return Map.of("unsupported", true);
    } catch (RuntimeException error) { // whatever a user of the SDK would meet
      return Map.of("error", told(error));
    }
  }

  private static CryptoResult<byte[], ?> carried(Question question, byte[] data) {
    var context = question.context;
    if (question.keyring.kind().equals("provider")) {
      var provider = Keyrings.provider(question.keyring);
      return question.encrypts() ? SIGNED.encryptData(provider, data, context) : SIGNED.decryptData(provider, data);
    }
    var sdk = question.keyring.kind().equals("rsa") ? UNSIGNED : SIGNED;
    var keyring = Keyrings.made(question.keyring);
    if (question.encrypts()) {
      // docs: encrypt
      var message = sdk.encryptData(keyring, data, context); // its bytes are message.getResult()
      // docs: end
      return message;
    }
    // docs: decrypt
    var message = sdk.decryptData(keyring, data); // and message.getEncryptionContext() is whose message it is
    // docs: end
    return message;
  }

  /** An error with the errors that led to it: causes, and the list that a keyring of several keys gathers. */
  private static String told(Throwable error) {
    var causes = new ArrayList<Throwable>(error instanceof CollectionOfErrors several ? several.list() : List.of());
    causes.add(error.getCause());
    var texts = causes.stream().filter(Objects::nonNull).map(cause -> "; " + told(cause)).collect(Collectors.joining());
    return error.getClass().getSimpleName() + ": " + error.getMessage() + texts;
  }
}
