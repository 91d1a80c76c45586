import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource.PSpecified;

/** RSAES_OAEP_SHA_256 for ImportKeyMaterial. */
final class Wrapping {
  private Wrapping() {}

  // docs: wrap
  static byte[] wrap(byte[] publicKey, byte[] material) throws GeneralSecurityException {
    var oaep = new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSpecified.DEFAULT);
    var cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
    cipher.init(Cipher.ENCRYPT_MODE, key(publicKey), oaep);
    return cipher.doFinal(material);
  }

  static RSAPublicKey key(byte[] publicKey) throws GeneralSecurityException {
    return (RSAPublicKey) KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(publicKey));
  }
  // docs: end

  /** As one writes it at first: the hash is SHA-256, the mask SHA-1. */
  static byte[] wrapByDefault(byte[] publicKey, byte[] material) throws GeneralSecurityException {
    var cipher = Cipher.getInstance("RSA/ECB/OAEPWithSHA-256AndMGF1Padding");
    cipher.init(Cipher.ENCRYPT_MODE, key(publicKey));
    return cipher.doFinal(material);
  }
}
