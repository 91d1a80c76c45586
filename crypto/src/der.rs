//! How keys are written down for others: SubjectPublicKeyInfo (RFC 5280 §4.1) and PrivateKeyInfo (RFC 5958), and the
//! ECPrivateKey (RFC 5915) inside the latter. RSA's are the library's; which bytes are a key is not decided here.

use crate::secret::SecretBytes;
use crate::{Unfit, ber};
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};

/// RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What stands before a key and says what it is.
#[derive(Clone, Copy)]
pub(crate) struct Identifier {
    /// The algorithm.
    pub oid: ObjectIdentifier,
    /// The curve, by name, for the algorithms that have one. Curves that are spelled out are never read: a forged
    /// generator makes anybody's public key one's own (CVE-2020-0601).
    pub curve: Option<ObjectIdentifier>,
}

impl Identifier {
    fn as_der(&self) -> AlgorithmIdentifierRef<'_> {
        AlgorithmIdentifierRef { oid: self.oid, parameters: self.curve.as_ref().map(AnyRef::from) }
    }

    fn check(&self, found: &AlgorithmIdentifierRef<'_>) -> Result<(), Unfit> {
        if *found == self.as_der() { Ok(()) } else { Err(Unfit) }
    }
}

/// A public key, `raw` as its algorithm writes it.
pub(crate) fn spki(identifier: &Identifier, raw: &[u8]) -> Vec<u8> {
    let subject_public_key = BitStringRef::from_bytes(raw).expect("no key has 256 MiB");
    let info = SubjectPublicKeyInfoRef { algorithm: identifier.as_der(), subject_public_key };
    info.to_der().expect("no key has 256 MiB")
}

/// The key in a public key of this algorithm, and nothing around it.
pub(crate) fn of_spki<'a>(identifier: &Identifier, der: &'a [u8]) -> Result<&'a [u8], Unfit> {
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| Unfit)?;
    identifier.check(&info.algorithm)?;
    info.subject_public_key.as_bytes().ok_or(Unfit)
}

/// A client's private key, in DER. It may come in BER, and so may what its algorithm wrote into it.
pub(crate) fn from_ber(pkcs8: &[u8]) -> Result<SecretBytes, Unfit> {
    let outer = ber::to_der(pkcs8)?;
    let info = PrivateKeyInfoRef::from_der(&outer).map_err(|_| Unfit)?;
    let inner = ber::to_der(info.private_key.as_bytes())?;
    let private_key = OctetStringRef::new(&inner).map_err(|_| Unfit)?;
    Ok(written(&PrivateKeyInfoRef { private_key, ..info }))
}

/// A private key, `inner` as its algorithm writes it.
pub(crate) fn private_key(identifier: &Identifier, inner: &SecretBytes) -> SecretBytes {
    let inner = OctetStringRef::new(inner.expose()).expect("no key has 256 MiB");
    written(&PrivateKeyInfoRef::new(identifier.as_der(), inner))
}

/// What is in a private key of this algorithm: the key as its algorithm writes it, and the public half if it is there.
pub(crate) fn of_private_key<'a>(
    identifier: &Identifier,
    der: &'a [u8],
) -> Result<(&'a [u8], Option<&'a [u8]>), Unfit> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| Unfit)?;
    identifier.check(&info.algorithm)?;
    let public = info.public_key.map(|bits| bits.as_bytes().ok_or(Unfit)).transpose()?;
    Ok((info.private_key.as_bytes(), public))
}

/// Whether this is a private key of RSA, and nothing around it. What is in it is the library's to say.
pub(crate) fn check_rsa_private_key(der: &[u8]) -> Result<(), Unfit> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| Unfit)?;
    let expected = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
    if info.algorithm == expected { Ok(()) } else { Err(Unfit) }
}

/// An octet string around a secret: how RFC 8410 §7 writes a private key.
pub(crate) fn octets(secret: &[u8]) -> SecretBytes {
    written(&OctetStringRef::new(secret).expect("no key has 256 MiB"))
}

/// What is in an octet string that is alone.
pub(crate) fn of_octets(der: &[u8]) -> Result<&[u8], Unfit> {
    let octets = <&OctetStringRef>::from_der(der).map_err(|_| Unfit)?;
    Ok(octets.as_bytes())
}

/// A scalar and, if given, its point.
pub(crate) fn ec_private_key(scalar: &[u8], point: Option<&[u8]>) -> SecretBytes {
    written(&EcPrivateKey { private_key: scalar, parameters: None, public_key: point })
}

/// The scalar and, if it is there, the point of an ECPrivateKey that names no other curve than this.
pub(crate) fn of_ec_private_key(curve: ObjectIdentifier, der: &[u8]) -> Result<(&[u8], Option<&[u8]>), Unfit> {
    let key = EcPrivateKey::from_der(der).map_err(|_| Unfit)?;
    match key.parameters {
        None => Ok((key.private_key, key.public_key)),
        Some(EcParameters::NamedCurve(named)) if named == curve => Ok((key.private_key, key.public_key)),
        Some(EcParameters::NamedCurve(_)) => Err(Unfit),
    }
}

/// The bytes of `document`, straight in their place.
fn written<T: Encode + ?Sized>(document: &T) -> SecretBytes {
    let len = document.encoded_len().map(|len| u32::from(len) as usize).expect("no key has 256 MiB");
    SecretBytes::written_by(len, |out| document.encode_to_slice(out).map(<[u8]>::len)).expect("it has room")
}
