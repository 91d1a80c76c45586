import com.google.gson.annotations.SerializedName;
import java.util.List;

/** A keyring as the question names it: its kind, and what that takes; all else is null. */
record Asked(
    String kind,
    String generator,
    List<String> others,
    String region,
    List<String> accounts,
    String partition,
    String key,
    @SerializedName("public") String pem,
    String sender,
    String recipient,
    @SerializedName("recipient_key") String recipientKey,
    List<String> keys) {}
