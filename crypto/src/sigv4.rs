//! The cryptography of AWS Signature Version 4: the derived signing key, and a signature checked in constant time.
//! Which text is signed is not known here.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use crate::secret::{KEY_LEN, SecretBytes, same};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// A signing key: good for one secret, day, Region and service, so it may be kept for the day.
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Derives the key from a secret access key; `date` is `YYYYMMDD`, as the credential scope has it.
    pub fn derive(secret: &SecretBytes, date: &str, region: &str, service: &str) -> SigningKey {
        let mut first = Zeroizing::new(Vec::with_capacity(4 + secret.expose().len()));
        first.extend_from_slice(b"AWS4");
        first.extend_from_slice(secret.expose());
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
        for part in [date, region, service, "aws4_request"] {
            key = hmac::Key::new(hmac::HMAC_SHA256, mac(&key, part).as_ref());
        }
        SigningKey(key)
    }

    /// The signature of `string_to_sign`: 64 lower-case hexadecimal digits.
    pub fn sign_hex(&self, string_to_sign: &str) -> String {
        hex::encode(mac(&self.0, string_to_sign).as_ref())
    }

    /// Whether `signature_hex` is the signature of `string_to_sign`. The time taken does not depend on where the two
    /// differ. Anything but 64 lower-case digits is not a signature.
    pub fn verify(&self, string_to_sign: &str, signature_hex: &str) -> bool {
        let mut expected = [0; 2 * KEY_LEN];
        hex::encode_to_slice(mac(&self.0, string_to_sign).as_ref(), &mut expected)
            .expect("there is room for 64 digits");
        same(&expected, signature_hex.as_bytes())
    }
}

fn mac(key: &hmac::Key, data: &str) -> Zeroizing<[u8; KEY_LEN]> {
    let mut out = Zeroizing::new([0; KEY_LEN]);
    hmac::sign_to_buffer(key, data.as_bytes(), out.as_mut()).expect("the buffer has the length of the tag");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../tests/vectors/sigv4.json");

    fn key(secret: &str, date: &str, region: &str, service: &str) -> SigningKey {
        SigningKey::derive(&SecretBytes::from(secret.as_bytes().to_vec()), date, region, service)
    }

    fn cases(kind: &str) -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        vectors[kind].as_array().filter(|cases| !cases.is_empty()).expect("there are vectors of each kind").clone()
    }

    fn key_of(case: &Value) -> SigningKey {
        let text = |name: &str| case[name].as_str().expect("a vector has all its texts");
        key(text("secret"), text("date"), text("region"), text("service"))
    }

    #[test]
    fn the_documented_signing_keys_are_derived() {
        for case in cases("keys") {
            let expected = hex::decode(case["signingKey"].as_str().expect("a key")).expect("hexadecimal");
            let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &expected), b"text");
            assert_eq!(key_of(&case).sign_hex("text"), hex::encode(expected), "{case}");
        }
    }

    #[test]
    fn the_documented_signatures_are_made_and_verify() {
        for case in cases("signatures") {
            let (key, signature) = (key_of(&case), case["signature"].as_str().expect("a signature"));
            let string_to_sign = case["stringToSign"].as_str().expect("a string to sign");
            assert_eq!(key.sign_hex(string_to_sign), signature, "{case}");
            assert!(key.verify(string_to_sign, signature), "{case}");
        }
    }

    #[test]
    fn no_other_signature_verifies() {
        let key = key("secret", "20150830", "us-east-1", "kms");
        let signature = key.sign_hex("text");
        assert!(key.verify("text", &signature));
        for at in 0..64 {
            let mut other = signature.clone().into_bytes();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            assert!(!key.verify("text", std::str::from_utf8(&other).unwrap()), "digit {at}");
            assert!(!key.verify("text", &signature[..at]), "{at} digits");
        }
        for other in [signature.to_uppercase(), format!("{signature}0"), format!(" {signature}"), "é".repeat(32)] {
            assert!(!key.verify("text", &other), "{other}");
        }
        assert!(!key.verify("texts", &signature));
    }

    #[test]
    fn each_part_of_the_scope_gives_another_key() {
        let scopes = [
            ("secret", "20150830", "us-east-1", "kms"),
            ("secrets", "20150830", "us-east-1", "kms"),
            ("secret", "20150831", "us-east-1", "kms"),
            ("secret", "20150830", "us-east-2", "kms"),
            ("secret", "20150830", "us-east-1", "sts"),
        ];
        let signed: std::collections::HashSet<String> = scopes
            .iter()
            .map(|(secret, date, region, service)| key(secret, date, region, service).sign_hex(""))
            .collect();
        assert_eq!(signed.len(), scopes.len());
    }
}
