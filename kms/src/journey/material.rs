//! Using material that is not for ciphertexts of ours: signatures, authentication codes, what is encrypted or
//! encapsulated under a public half, and agreement. The acts on keys of one kind each; which key may do which was asked
//! in `admit`.

use crypto::spec::{Algorithm, KeySpec};
use crypto::{Message, PublicKey, SecretBytes};
use wire::Op;

use crate::backend::unfit;
use crate::error::{Error, Invalid};
use crate::ops::Action;

use super::act::{Sealed, Usable};
use super::wrapped::public_half_of;

/// What was encapsulated: a shared secret, and the ciphertext that carries it.
pub struct Encapsulated {
    /// 32 bytes.
    pub shared_secret: SecretBytes,
    /// 768, 1088 or 1568 bytes.
    pub ciphertext: Vec<u8>,
}

/// A data key pair, its private half in the clear and sealed.
pub struct DataKeyPair {
    /// PKCS#8 in DER.
    pub private_key: SecretBytes,
    /// The same, sealed under the key.
    pub sealed: Sealed,
    /// A SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
}

/// How long a plaintext can be that an answer holds (`PlaintextType`). Outside, any can be encrypted under a public half;
/// sealed anew, a longer one would be a ciphertext that nobody can hand back.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
const PLAINTEXT_BYTES: std::ops::RangeInclusive<usize> = 1..=4096;

/// Asymmetric keys.
impl Usable<'_> {
    /// The public half.
    pub async fn public_key(&self) -> Result<PublicKey, Error> {
        self.permit.begin(&[Action::Of(Op::GetPublicKey)])?;
        self.public_half().await
    }

    /// Signs a message that the permitted algorithm takes.
    ///
    /// Errors: `Invalid` for another type of message, or a digest of another length.
    pub async fn sign(&self, message: Message<'_>) -> Result<Vec<u8>, Error> {
        let algorithm = self.fits(message)?;
        self.permit.begin(&[Action::Of(Op::Sign)])?;
        self.backend().sign(&self.only_material().await?, algorithm, message).await
    }

    /// Verifies a signature.
    ///
    /// Errors: as [`Usable::sign`]; `InvalidSignature`.
    pub async fn verify(&self, message: Message<'_>, signature: &[u8]) -> Result<(), Error> {
        let algorithm = self.fits(message)?;
        self.permit.begin(&[Action::Of(Op::Verify)])?;
        let key = self.public_half().await?;
        key.verify(algorithm, message, signature).map_err(|_| Error::InvalidSignature)
    }

    /// Encrypts under the public half.
    ///
    /// Errors: `Invalid` for more than the permitted algorithm encrypts.
    pub(super) async fn encrypt_under_public_half(&self, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let (algorithm, spec) = (self.algorithm()?, self.spec());
        let most = spec.max_plaintext(algorithm).unwrap_or(0);
        if plaintext.len() > most {
            let (algorithm, spec) = (algorithm.as_str(), spec.as_str());
            return Err(Error::Invalid(Invalid::PlaintextTooLong { algorithm, spec, most }));
        }
        self.permit.begin(&[Action::Of(Op::Encrypt), Action::ReEncryptTo])?;
        let key = self.public_half().await?;
        key.encrypt(algorithm, plaintext, self.permit.cx.random()).map_err(unfit)
    }

    /// Decrypts what was encrypted under the public half, here or anywhere.
    ///
    /// Errors: `InvalidCiphertext`, whatever is wrong with it, or if it holds what no answer can.
    pub async fn decrypt(&self, ciphertext: &[u8]) -> Result<SecretBytes, Error> {
        let algorithm = self.algorithm()?;
        self.permit.begin(&[Action::Of(Op::Decrypt), Action::ReEncryptFrom])?;
        let plaintext = self.backend().decrypt(&self.only_material().await?, algorithm, ciphertext).await?;
        if PLAINTEXT_BYTES.contains(&plaintext.expose().len()) { Ok(plaintext) } else { Err(Error::InvalidCiphertext) }
    }

    /// The secret that the key shares with the owner of `peer`, a SubjectPublicKeyInfo in DER of the key's own spec.
    ///
    /// Errors: `Invalid` for any other public key.
    pub async fn agree(&self, peer: &[u8]) -> Result<SecretBytes, Error> {
        let algorithm = self.algorithm()?;
        let peer = PublicKey::from_spki(self.spec(), peer).map_err(|_| Error::Invalid(Invalid::PublicKey))?;
        self.permit.begin(&[Action::Of(Op::DeriveSharedSecret)])?;
        self.backend().agree(&self.only_material().await?, algorithm, &peer).await
    }

    /// A fresh shared secret for the owner of the key.
    pub async fn encapsulate(&self) -> Result<Encapsulated, Error> {
        let algorithm = self.algorithm()?;
        self.permit.begin(&[Action::Of(Op::Encapsulate)])?;
        let (ciphertext, shared_secret) = self.public_half().await?.encapsulate(algorithm).map_err(unfit)?;
        Ok(Encapsulated { shared_secret, ciphertext })
    }

    /// The shared secret that a ciphertext carries; one that nobody made carries one too.
    ///
    /// Errors: `InvalidCiphertext` for one of another length.
    pub async fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, Error> {
        let algorithm = self.algorithm()?;
        self.permit.begin(&[Action::Of(Op::Decapsulate)])?;
        self.backend().decapsulate(&self.only_material().await?, algorithm, ciphertext).await
    }

    /// The permitted algorithm, if it signs such a message.
    fn fits(&self, message: Message<'_>) -> Result<Algorithm, Error> {
        let algorithm = self.algorithm()?;
        let of_algorithm =
            |message_type| Invalid::MessageTypeOfAlgorithm { message_type, algorithm: algorithm.as_str() };
        let of_spec = |message_type| Invalid::MessageTypeOfSpec { message_type, spec: self.spec().as_str() };
        let of_length = |given: &[u8], right: usize| match given.len() == right {
            true => Ok(algorithm),
            false => Err(Error::Invalid(Invalid::DigestLength { algorithm: algorithm.as_str() })),
        };
        // AWS blames the key spec where no algorithm of the key takes such a message, and the algorithm where another does.
        match message {
            Message::Raw(_) if algorithm.takes_raw() => Ok(algorithm),
            Message::Raw(_) => Err(Error::Invalid(of_algorithm("RAW"))),
            Message::Digest(digest) => match (algorithm.digest_len(), algorithm.mu_len()) {
                (Some(length), _) => of_length(digest, length),
                (None, Some(_)) => Err(Error::Invalid(of_spec("DIGEST"))),
                (None, None) => Err(Error::Invalid(of_algorithm("DIGEST"))),
            },
            Message::ExternalMu(mu) => match algorithm.mu_len() {
                Some(length) => of_length(mu, length),
                None => Err(Error::Invalid(of_spec("EXTERNAL_MU"))),
            },
        }
    }
}

/// HMAC keys.
impl Usable<'_> {
    /// The authentication code of a message.
    pub async fn mac(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let algorithm = self.algorithm()?;
        self.permit.begin(&[Action::Of(Op::GenerateMac)])?;
        self.backend().mac(&self.only_material().await?, algorithm, message).await
    }

    /// Verifies an authentication code.
    ///
    /// Errors: `InvalidMac`.
    pub async fn verify_mac(&self, message: &[u8], mac: &[u8]) -> Result<(), Error> {
        let algorithm = self.algorithm()?;
        self.permit.begin(&[Action::Of(Op::VerifyMac)])?;
        self.backend().verify_mac(&self.only_material().await?, algorithm, message, mac).await
    }
}

/// Symmetric encryption keys.
impl Usable<'_> {
    /// A new data key pair.
    pub async fn draw_data_key_pair(&self, spec: KeySpec) -> Result<DataKeyPair, Error> {
        self.permit
            .begin(&[Action::Of(Op::GenerateDataKeyPair), Action::Of(Op::GenerateDataKeyPairWithoutPlaintext)])?;
        let cx = self.permit.cx;
        // Once for all attempts: what is read after a slow draw may be gone from a snapshot by then.
        let material = cx.drawn().material(&cx.view().core, spec).await?;
        let public_key = public_half_of(material)?.spki().to_vec();
        let private_key = material.to_pkcs8().map_err(unfit)?;
        let sealed = self.seal(private_key.expose()).await?;
        Ok(DataKeyPair { private_key, sealed, public_key })
    }
}

impl Usable<'_> {
    /// The algorithm that was permitted.
    fn algorithm(&self) -> Result<Algorithm, Error> {
        self.permit.algorithm.ok_or_else(|| Error::internal("an act needs an algorithm, and none was permitted"))
    }
}
