//! Answers questions about test vectors, for who has the files and reads them (`conformance/suites/vectors`): a question
//! in JSON on each line that comes in, an answer on each that goes out. An answer is hexadecimal, or `null` for what is
//! refused. What the right answer is, is not known here.

use crypto::spec::{Algorithm, KeySpec};
use crypto::testing::{derive, gcm_open, gcm_seal, material, rsa_material, spki, wrapping_key};
use crypto::wrapping::{WrappingAlgorithm, WrappingKey, WrappingKeySpec};
use crypto::{Material, Message, PublicKey, SecretBytes, SystemRandom, sha256};
use serde_json::Value;
use std::io::{BufRead, Write};
use std::sync::LazyLock;

static WRAPPING: LazyLock<WrappingKey> = LazyLock::new(|| wrapping_key(WrappingKeySpec::Rsa2048));
static WRAPPING_PUBLIC: LazyLock<PublicKey> =
    LazyLock::new(|| rsa_material(WrappingKeySpec::Rsa2048).public_key().expect("a key"));

fn main() {
    let (questions, mut answers) = (std::io::stdin().lock().lines(), std::io::stdout().lock());
    for question in questions {
        let question = question.expect("a line");
        let question = Question(serde_json::from_str(&question).expect("a question in JSON"));
        let answer = question.answer().map_or("null".to_owned(), hex::encode);
        writeln!(answers, "{answer}").expect("somebody listens");
    }
}

struct Question(Value);

impl Question {
    /// What `crypto` says.
    fn answer(&self) -> Option<Vec<u8>> {
        match self.text("do") {
            "read" => Some(self.public_key()?.spki().to_vec()),
            "verify" => {
                let verified =
                    self.public_key()?.verify(self.algorithm(), self.message().said(), &self.bytes("signature"));
                verified.ok().map(|()| Vec::new())
            }
            "public" => Some(self.material()?.public_key().ok()?.spki().to_vec()),
            "sign" => self.material()?.sign(self.algorithm(), self.message().said(), &SystemRandom).ok(),
            "decrypt" => exposed(self.material()?.decrypt(self.algorithm(), &self.bytes("ciphertext")).ok()?),
            "decapsulate" => exposed(self.material()?.decapsulate(Algorithm::MlKem, &self.bytes("ciphertext")).ok()?),
            // The ciphertext, and behind it the 32 bytes that it carries.
            "encapsulate" => {
                let (ciphertext, secret) = self.public_key()?.encapsulate(Algorithm::MlKem).ok()?;
                Some([&ciphertext, secret.expose()].concat())
            }
            "agree" => exposed(self.material()?.agree(Algorithm::Ecdh, &self.public_key()?).ok()?),
            "mac" => self.material()?.mac(self.algorithm(), &self.bytes("message")).ok(),
            "unwrap" => {
                // As imported material is wrapped: the vector's key under RSA, then what it wraps.
                let aes_key = WRAPPING_PUBLIC.encrypt(Algorithm::RsaesOaepSha256, &self.bytes("key"), &SystemRandom);
                let wrapped = [aes_key.ok()?, self.bytes("ciphertext")].concat();
                exposed(WRAPPING.unwrap(WrappingAlgorithm::RsaAesKeyWrapSha256, &wrapped).ok()?)
            }
            "seal" => {
                Some(gcm_seal(&self.array("key"), self.array("iv"), &self.bytes("aad"), &self.bytes("plaintext")))
            }
            "open" => {
                let opened =
                    gcm_open(&self.array("key"), self.array("iv"), &self.bytes("aad"), &self.bytes("ciphertext"));
                exposed(opened.ok()?)
            }
            "derive" => {
                let len = self.0["length"].as_u64().and_then(|len| usize::try_from(len).ok()).expect("a length");
                Some(derive(&self.array("key"), &self.bytes("fixed"), len))
            }
            "hash" => Some(sha256(&self.bytes("message")).to_vec()),
            other => panic!("nobody can {other}"),
        }
    }

    /// By the raw key, or by a SubjectPublicKeyInfo.
    fn public_key(&self) -> Option<PublicKey> {
        let spec = self.spec();
        let document = if self.0["spki"].is_string() { self.bytes("spki") } else { spki(spec, &self.bytes("raw")) };
        PublicKey::from_spki(spec, &document).ok()
    }

    /// By the secret that is stored, or as it comes in from outside.
    fn material(&self) -> Option<Material> {
        if self.0["secret"].is_string() {
            material(self.spec(), &self.bytes("secret")).ok()
        } else {
            Material::import(self.spec(), &SecretBytes::from(self.bytes("imported"))).ok()
        }
    }

    fn message(&self) -> Said {
        let message = self.bytes("message");
        match self.text("type") {
            "RAW" => Said::Raw(message),
            "DIGEST" => Said::Digest(message),
            "EXTERNAL_MU" => Said::ExternalMu(message),
            other => panic!("no message is of type {other}"),
        }
    }

    fn spec(&self) -> KeySpec {
        KeySpec::parse(self.text("spec")).expect("a spec")
    }

    fn algorithm(&self) -> Algorithm {
        Algorithm::parse(self.text("algorithm")).expect("an algorithm")
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        hex::decode(self.text(name)).unwrap_or_else(|error| panic!("{name} in {}: {error}", self.0))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap_or_else(|_| panic!("{name} has not {N} bytes in {}", self.0))
    }
}

/// A message that owns its bytes.
enum Said {
    Raw(Vec<u8>),
    Digest(Vec<u8>),
    ExternalMu(Vec<u8>),
}

impl Said {
    fn said(&self) -> Message<'_> {
        match self {
            Said::Raw(message) => Message::Raw(message),
            Said::Digest(digest) => Message::Digest(digest),
            Said::ExternalMu(mu) => Message::ExternalMu(mu),
        }
    }
}

fn exposed(secret: SecretBytes) -> Option<Vec<u8>> {
    Some(secret.expose().to_vec())
}
