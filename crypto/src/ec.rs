//! Keys that are a scalar and a point: what comes in, what goes out, ECDSA (FIPS 186-5) and ECDH (SP 800-56A) on NIST's
//! curves. The arithmetic of secp256k1 and of SM2, and what only SM2 does, have files of their own.

use crate::der::{self, Identifier};
use crate::message::Message;
use crate::secret::{SecretBytes, same};
use crate::{Random, Unfit, Unverified, secp256k1, sm2};
use aws_lc_rs::agreement::{self, PrivateKey};
use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, UnparsedPublicKey,
};
use pkcs8::ObjectIdentifier;

/// How often a scalar is drawn before the source of randomness counts as broken. A draw is too large in one of 2^32
/// cases (P-256, SM2), on the other curves hardly ever.
const DRAWS: usize = 8;
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A curve of prime order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    Nist(Nist),
    Secp256k1,
    Sm2,
}

/// The curves that the library knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nist {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const fn identifier(self) -> Identifier {
        Identifier { oid: EC_PUBLIC_KEY, curve: Some(self.oid()) }
    }

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Curve::Nist(Nist::P256) => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            Curve::Nist(Nist::P384) => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            Curve::Nist(Nist::P521) => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
            Curve::Secp256k1 => ObjectIdentifier::new_unwrap("1.3.132.0.10"),
            Curve::Sm2 => ObjectIdentifier::new_unwrap("1.2.156.10197.1.301"),
        }
    }

    /// How many bytes a scalar has, and a coordinate.
    pub(crate) const fn len(self) -> usize {
        match self {
            Curve::Nist(Nist::P256) | Curve::Secp256k1 | Curve::Sm2 => 32,
            Curve::Nist(Nist::P384) => 48,
            Curve::Nist(Nist::P521) => 66,
        }
    }

    /// Which bits of a scalar's first byte can be set.
    const fn first_byte(self) -> u8 {
        match self {
            Curve::Nist(Nist::P521) => 0x01,
            Curve::Nist(Nist::P256 | Nist::P384) | Curve::Secp256k1 | Curve::Sm2 => 0xff,
        }
    }
}

/// The library's words for one curve.
struct Words {
    signing: &'static EcdsaSigningAlgorithm,
    verifying: &'static EcdsaVerificationAlgorithm,
    hash: &'static digest::Algorithm,
    agreement: &'static agreement::Algorithm,
}

impl Nist {
    fn words(self) -> Words {
        match self {
            Nist::P256 => Words {
                signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
                verifying: &ECDSA_P256_SHA256_ASN1,
                hash: &digest::SHA256,
                agreement: &agreement::ECDH_P256,
            },
            Nist::P384 => Words {
                signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
                verifying: &ECDSA_P384_SHA384_ASN1,
                hash: &digest::SHA384,
                agreement: &agreement::ECDH_P384,
            },
            Nist::P521 => Words {
                signing: &ECDSA_P521_SHA512_ASN1_SIGNING,
                verifying: &ECDSA_P521_SHA512_ASN1,
                hash: &digest::SHA512,
                agreement: &agreement::ECDH_P521,
            },
        }
    }
}

/// A fresh scalar: drawn until it is one (FIPS 186-5 A.2.2).
///
/// # Panics
/// If the source of randomness draws none.
pub(crate) fn generate(curve: Curve, random: &dyn Random) -> SecretBytes {
    for _ in 0..DRAWS {
        let mut scalar = SecretBytes::random(curve.len(), random);
        scalar.expose_mut()[0] &= curve.first_byte();
        if point(curve, scalar.expose()).is_ok() {
            return scalar;
        }
    }
    panic!("the source of randomness is broken: {DRAWS} draws were no scalar");
}

/// The scalar in a client's PKCS#8. The point may be absent, compressed or uncompressed, and must be the scalar's.
pub(crate) fn import(curve: Curve, der: &[u8]) -> Result<SecretBytes, Unfit> {
    let (inner, outer_point) = der::of_private_key(&curve.identifier(), der)?;
    let (scalar, inner_point) = der::of_ec_private_key(curve.oid(), inner)?;
    let point = point(curve, scalar)?;
    if [outer_point, inner_point].into_iter().flatten().all(|given| is_form_of(given, &point)) {
        Ok(SecretBytes::from(scalar.to_vec()))
    } else {
        Err(Unfit)
    }
}

/// A scalar as PKCS#8, its point included.
pub(crate) fn to_pkcs8(curve: Curve, scalar: &[u8]) -> Result<SecretBytes, Unfit> {
    let point = point(curve, scalar)?;
    Ok(der::private_key(&curve.identifier(), &der::ec_private_key(scalar, Some(&point))))
}

/// The point of a scalar, uncompressed.
///
/// # Errors
/// [`Unfit`] for what is no scalar: zero, the curve's order or more, another length.
pub(crate) fn point(curve: Curve, scalar: &[u8]) -> Result<Vec<u8>, Unfit> {
    // A scalar has leading zeros (RFC 5915 §3), though one of the libraries takes it without.
    if scalar.len() != curve.len() {
        return Err(Unfit);
    }
    match curve {
        Curve::Nist(nist) => {
            let key = PrivateKey::from_private_key(nist.words().agreement, scalar).map_err(|_| Unfit)?;
            Ok(key.compute_public_key().map_err(|_| Unfit)?.as_ref().to_vec())
        }
        Curve::Secp256k1 => secp256k1::point(scalar),
        Curve::Sm2 => sm2::point(scalar),
    }
}

/// Whether these bytes are a point of the curve, compressed or not, and not the one at infinity.
pub(crate) fn check_point(curve: Curve, point: &[u8]) -> Result<(), Unfit> {
    match curve {
        Curve::Nist(nist) => {
            // What is longer or shorter the library would try as another format.
            let lens = [(0x02, 1), (0x03, 1), (0x04, 2)].map(|(form, parts)| (form, 1 + parts * curve.len()));
            let known = point.first().is_some_and(|form| lens.contains(&(*form, point.len())));
            let parsed = UnparsedPublicKey::new(nist.words().verifying, point).parse();
            if known && parsed.is_ok() { Ok(()) } else { Err(Unfit) }
        }
        Curve::Secp256k1 => secp256k1::check_point(point),
        Curve::Sm2 => sm2::check_point(point),
    }
}

/// ECDSA, or SM2DSA on SM2. On NIST's curves the nonce is drawn from the library's generator.
pub(crate) fn sign(curve: Curve, scalar: &[u8], message: Message<'_>, random: &dyn Random) -> Result<Vec<u8>, Unfit> {
    match curve {
        Curve::Nist(nist) => {
            let words = nist.words();
            let digest = message.hashed(words.hash)?;
            let der = der::ec_private_key(scalar, None);
            let key = EcdsaKeyPair::from_private_key_der(words.signing, der.expose()).map_err(|_| Unfit)?;
            Ok(key.sign_digest(&digest).map_err(|_| Unfit)?.as_ref().to_vec())
        }
        Curve::Secp256k1 => secp256k1::sign(scalar, message, random),
        Curve::Sm2 => sm2::sign(scalar, message, random),
    }
}

/// Verifies what [`sign`] made, and what others make: a large S is as good as a small one.
pub(crate) fn verify(curve: Curve, point: &[u8], message: Message<'_>, signature: &[u8]) -> Result<(), Unverified> {
    match curve {
        Curve::Nist(nist) => {
            let words = nist.words();
            let digest = message.hashed(words.hash).map_err(|_| Unverified)?;
            UnparsedPublicKey::new(words.verifying, point).verify_digest(&digest, signature).map_err(|_| Unverified)
        }
        Curve::Secp256k1 => secp256k1::verify(point, message, signature),
        Curve::Sm2 => sm2::verify(point, message, signature),
    }
}

/// The x-coordinate of the product of `scalar` and a peer's point.
pub(crate) fn agree(curve: Curve, scalar: &[u8], peer: &[u8]) -> Result<SecretBytes, Unfit> {
    match curve {
        Curve::Nist(nist) => {
            let agreement = nist.words().agreement;
            let key = PrivateKey::from_private_key(agreement, scalar).map_err(|_| Unfit)?;
            let peer = agreement::UnparsedPublicKey::new(agreement, peer);
            agreement::agree(&key, peer, Unfit, |x| Ok(SecretBytes::from(x.to_vec())))
        }
        Curve::Secp256k1 => Err(Unfit),
        Curve::Sm2 => sm2::agree(scalar, peer),
    }
}

/// Whether `given` is this uncompressed point, in either of its forms (SEC 1 §2.3.3).
fn is_form_of(given: &[u8], point: &[u8]) -> bool {
    let (x, last) = (&point[1..=(point.len() - 1) / 2], point[point.len() - 1]);
    same(given, point) || same(given, &[&[0x02 | (last & 1)], x].concat())
}
