//! What kinds of KMS keys there are: the one table of key specs, the usages of each and the algorithms of each usage,
//! in the order in which AWS lists them. Names are AWS's; whether Trent offers an operation is not decided here.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

use crate::material::Family;
use crate::rsa;

/// Declares an enum whose variants have AWS's names, with the list of all and the way from and to the name.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* #[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl $type {
            /// Every one, once.
            pub const ALL: &'static [$type] = &[$($type::$variant,)+];

            /// AWS's name.
            pub const fn as_str(self) -> &'static str {
                match self { $($type::$variant => $name,)+ }
            }

            /// The one with this name, written exactly as AWS writes it.
            pub fn parse(name: &str) -> Option<$type> {
                match name { $($name => Some($type::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use names;

names! {
    /// What a KMS key is made of.
    KeySpec {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EccNistP256 = "ECC_NIST_P256",
        EccNistP384 = "ECC_NIST_P384",
        EccNistP521 = "ECC_NIST_P521",
        EccSecgP256k1 = "ECC_SECG_P256K1",
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        Sm2 = "SM2",
        Hmac224 = "HMAC_224",
        Hmac256 = "HMAC_256",
        Hmac384 = "HMAC_384",
        Hmac512 = "HMAC_512",
        MlDsa44 = "ML_DSA_44",
        MlDsa65 = "ML_DSA_65",
        MlDsa87 = "ML_DSA_87",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

names! {
    /// What a KMS key is for. A key has one usage, for ever.
    KeyUsage {
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        SignVerify = "SIGN_VERIFY",
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        KeyAgreement = "KEY_AGREEMENT",
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

names! {
    /// What a caller may ask a key to do. A name belongs to one usage.
    Algorithm {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        Sm2Pke = "SM2PKE",
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        Ed25519Sha512 = "ED25519_SHA_512",
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
        Sm2Dsa = "SM2DSA",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        HmacSha224 = "HMAC_SHA_224",
        HmacSha256 = "HMAC_SHA_256",
        HmacSha384 = "HMAC_SHA_384",
        HmacSha512 = "HMAC_SHA_512",
        Ecdh = "ECDH",
        MlKem = "ML_KEM",
    }
}

impl Algorithm {
    /// How many bytes a digest has that is signed in place of its message (MessageType DIGEST); `None` for an algorithm
    /// that takes none.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html#KMS-Sign-request-MessageType>
    pub const fn digest_len(self) -> Option<usize> {
        use Algorithm::*;
        match self {
            RsassaPkcs1V15Sha256 | RsassaPssSha256 | EcdsaSha256 | Sm2Dsa => Some(32),
            RsassaPkcs1V15Sha384 | RsassaPssSha384 | EcdsaSha384 => Some(48),
            RsassaPkcs1V15Sha512 | RsassaPssSha512 | EcdsaSha512 | Ed25519PhSha512 => Some(64),
            Ed25519Sha512 | MlDsaShake256 => None,
            SymmetricDefault | RsaesOaepSha1 | RsaesOaepSha256 | Sm2Pke | Ecdh | MlKem => None,
            HmacSha224 | HmacSha256 | HmacSha384 | HmacSha512 => None,
        }
    }

    /// Whether the message itself is signed, hashed or not (MessageType RAW): by all but Ed25519ph.
    pub const fn takes_raw(self) -> bool {
        use Algorithm::*;
        match self {
            RsassaPkcs1V15Sha256 | RsassaPkcs1V15Sha384 | RsassaPkcs1V15Sha512 => true,
            RsassaPssSha256 | RsassaPssSha384 | RsassaPssSha512 => true,
            EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | Ed25519Sha512 | Sm2Dsa | MlDsaShake256 => true,
            Ed25519PhSha512 => false,
            SymmetricDefault | RsaesOaepSha1 | RsaesOaepSha256 | Sm2Pke | Ecdh | MlKem => false,
            HmacSha224 | HmacSha256 | HmacSha384 | HmacSha512 => false,
        }
    }

    /// How many bytes µ has (MessageType EXTERNAL_MU); `None` for an algorithm that takes none.
    pub const fn mu_len(self) -> Option<usize> {
        use Algorithm::*;
        match self {
            MlDsaShake256 => Some(64),
            RsassaPkcs1V15Sha256 | RsassaPkcs1V15Sha384 | RsassaPkcs1V15Sha512 => None,
            RsassaPssSha256 | RsassaPssSha384 | RsassaPssSha512 => None,
            EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | Ed25519Sha512 | Ed25519PhSha512 | Sm2Dsa => None,
            SymmetricDefault | RsaesOaepSha1 | RsaesOaepSha256 | Sm2Pke | Ecdh | MlKem => None,
            HmacSha224 | HmacSha256 | HmacSha384 | HmacSha512 => None,
        }
    }
}

/// Which of AWS's three families a spec belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Encrypts and decrypts with one secret.
    Symmetric,
    /// Has a public half.
    Asymmetric,
    /// Makes and verifies authentication codes.
    Hmac,
}

type Uses = &'static [(KeyUsage, &'static [Algorithm])];

impl KeySpec {
    /// The table: the usages a key of this spec may have and the algorithms of each.
    const fn uses(self) -> Uses {
        use Algorithm::*;
        use KeySpec as S;
        use KeyUsage::*;
        match self {
            S::SymmetricDefault => &[(EncryptDecrypt, &[Algorithm::SymmetricDefault])],
            S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => &[
                (EncryptDecrypt, &[RsaesOaepSha1, RsaesOaepSha256]),
                (
                    SignVerify,
                    &[
                        RsassaPkcs1V15Sha256,
                        RsassaPkcs1V15Sha384,
                        RsassaPkcs1V15Sha512,
                        RsassaPssSha256,
                        RsassaPssSha384,
                        RsassaPssSha512,
                    ],
                ),
            ],
            S::EccNistP256 => &[(SignVerify, &[EcdsaSha256]), (KeyAgreement, &[Ecdh])],
            S::EccNistP384 => &[(SignVerify, &[EcdsaSha384]), (KeyAgreement, &[Ecdh])],
            S::EccNistP521 => &[(SignVerify, &[EcdsaSha512]), (KeyAgreement, &[Ecdh])],
            S::EccSecgP256k1 => &[(SignVerify, &[EcdsaSha256])],
            S::EccNistEdwards25519 => &[(SignVerify, &[Ed25519Sha512, Ed25519PhSha512])],
            S::Sm2 => &[(EncryptDecrypt, &[Sm2Pke]), (SignVerify, &[Sm2Dsa]), (KeyAgreement, &[Ecdh])],
            S::Hmac224 => &[(GenerateVerifyMac, &[HmacSha224])],
            S::Hmac256 => &[(GenerateVerifyMac, &[HmacSha256])],
            S::Hmac384 => &[(GenerateVerifyMac, &[HmacSha384])],
            S::Hmac512 => &[(GenerateVerifyMac, &[HmacSha512])],
            S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => &[(SignVerify, &[MlDsaShake256])],
            S::MlKem512 | S::MlKem768 | S::MlKem1024 => &[(EncapsulateDecapsulate, &[MlKem])],
        }
    }

    /// The usages a key of this spec may have, in AWS's order.
    pub fn usages(self) -> impl Iterator<Item = KeyUsage> {
        self.uses().iter().map(|(usage, _)| *usage)
    }

    /// Whether a key of this spec may have `usage`.
    pub fn allows(self, usage: KeyUsage) -> bool {
        self.usages().any(|allowed| allowed == usage)
    }

    /// The algorithms of a key of this spec and usage, in AWS's order; none if the spec does not have that usage.
    pub fn algorithms(self, usage: KeyUsage) -> &'static [Algorithm] {
        self.uses().iter().find(|(of, _)| *of == usage).map_or(&[], |(_, algorithms)| algorithms)
    }

    /// Whether CreateKey must be told the usage: for every spec but the symmetric one, even where there is only one.
    pub const fn requires_usage(self) -> bool {
        match self.kind() {
            Kind::Symmetric => false,
            Kind::Asymmetric | Kind::Hmac => true,
        }
    }

    /// The family.
    pub const fn kind(self) -> Kind {
        use KeySpec as S;
        match self {
            S::SymmetricDefault => Kind::Symmetric,
            S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => Kind::Hmac,
            S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => Kind::Asymmetric,
            S::EccNistP256 | S::EccNistP384 | S::EccNistP521 => Kind::Asymmetric,
            S::EccSecgP256k1 | S::EccNistEdwards25519 | S::Sm2 => Kind::Asymmetric,
            S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => Kind::Asymmetric,
            S::MlKem512 | S::MlKem768 | S::MlKem1024 => Kind::Asymmetric,
        }
    }

    /// Whether material of this spec can be imported (Origin EXTERNAL): all but the post-quantum ones.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>
    pub const fn importable(self) -> bool {
        use KeySpec as S;
        match self {
            S::SymmetricDefault => true,
            S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => true,
            S::EccNistP256 | S::EccNistP384 | S::EccNistP521 => true,
            S::EccSecgP256k1 | S::EccNistEdwards25519 | S::Sm2 => true,
            S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => true,
            S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => false,
            S::MlKem512 | S::MlKem768 | S::MlKem1024 => false,
        }
    }

    /// How many bytes a key of this spec encrypts at most by `algorithm`; `None` if it has no such algorithm. RSA's are
    /// the modulus less two hashes and two bytes (RFC 8017 §7.1.1), the others AWS's.
    ///
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
    pub fn max_plaintext(self, algorithm: Algorithm) -> Option<usize> {
        if !self.algorithms(KeyUsage::EncryptDecrypt).contains(&algorithm) {
            return None;
        }
        match self.family() {
            Family::Symmetric => Some(4096),
            Family::Rsa(size) => rsa::max_plaintext(size, algorithm),
            Family::Ec(_) => Some(1024),
            Family::Hmac(_) | Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => None,
        }
    }

    /// Whether the Regions of `partition` (`aws`, `aws-cn`, …) have this spec: SM2 is China's alone, and ML-KEM
    /// everybody's but China's.
    pub fn offered_in(self, partition: &str) -> bool {
        use KeySpec as S;
        let china = partition == "aws-cn";
        match self {
            S::Sm2 => china,
            S::MlKem512 | S::MlKem768 | S::MlKem1024 => !china,
            S::SymmetricDefault => true,
            S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => true,
            S::EccNistP256 | S::EccNistP384 | S::EccNistP521 => true,
            S::EccSecgP256k1 | S::EccNistEdwards25519 => true,
            S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => true,
            S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::KEY_SPECS;
    use std::collections::HashMap;

    #[test]
    fn the_table_is_awss_row_by_row() {
        let ours: Vec<Vec<&str>> = KeySpec::ALL
            .iter()
            .flat_map(|spec| spec.usages().map(|usage| (*spec, usage)))
            .map(|(spec, usage)| {
                let algorithms = spec.algorithms(usage).iter().map(|algorithm| algorithm.as_str());
                [spec.as_str(), usage.as_str()].into_iter().chain(algorithms).collect()
            })
            .collect();
        let aws: Vec<Vec<&str>> =
            KEY_SPECS.trim().lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(ours, aws);
        assert_eq!(KeySpec::ALL.len(), 20);
    }

    #[test]
    fn a_usage_that_a_spec_does_not_have_has_no_algorithms() {
        let mut pairs = 0;
        for spec in KeySpec::ALL {
            for usage in KeyUsage::ALL {
                assert_eq!(spec.allows(*usage), !spec.algorithms(*usage).is_empty(), "{spec} {usage}");
                pairs += usize::from(spec.allows(*usage));
            }
        }
        assert_eq!(pairs, KEY_SPECS.trim().lines().count());
    }

    #[test]
    fn every_algorithm_belongs_to_one_usage() {
        let mut usage_of = HashMap::new();
        for (spec, usage) in KeySpec::ALL.iter().flat_map(|spec| spec.usages().map(move |usage| (spec, usage))) {
            for algorithm in spec.algorithms(usage) {
                assert_eq!(*usage_of.entry(algorithm).or_insert(usage), usage, "{algorithm}");
            }
        }
        assert_eq!(usage_of.len(), Algorithm::ALL.len(), "an algorithm that no spec has");
    }

    #[test]
    fn names_are_awss_to_the_letter_and_back() {
        for spec in KeySpec::ALL {
            assert_eq!(KeySpec::parse(spec.as_str()), Some(*spec));
            assert_eq!(KeySpec::parse(&spec.as_str().to_lowercase()), None);
        }
        for usage in KeyUsage::ALL {
            assert_eq!(KeyUsage::parse(usage.as_str()), Some(*usage));
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(*algorithm));
        }
        for unknown in ["", "RSA_1024", " RSA_2048", "SYMMETRIC", "HMAC_SHA_1", "RSAES_PKCS1_V1_5"] {
            assert_eq!(
                (KeySpec::parse(unknown), KeyUsage::parse(unknown), Algorithm::parse(unknown)),
                (None, None, None)
            );
        }
    }

    fn those(holds: impl Fn(KeySpec) -> bool) -> Vec<&'static str> {
        KeySpec::ALL.iter().filter(|spec| holds(**spec)).map(|spec| spec.as_str()).collect()
    }

    #[test]
    fn only_the_symmetric_spec_has_a_usage_by_default() {
        assert_eq!(those(|spec| !spec.requires_usage()), ["SYMMETRIC_DEFAULT"]);
    }

    #[test]
    fn the_families_are_awss() {
        assert_eq!(those(|spec| spec.kind() == Kind::Symmetric), ["SYMMETRIC_DEFAULT"]);
        assert_eq!(those(|spec| spec.kind() == Kind::Hmac), ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"]);
        assert_eq!(those(|spec| spec.kind() == Kind::Asymmetric).len(), 15);
    }

    #[test]
    fn post_quantum_material_is_not_imported() {
        assert_eq!(
            those(|spec| !spec.importable()),
            ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"]
        );
    }

    #[test]
    fn what_is_signed_is_as_awss_page_of_sign_has_it() {
        let mut rows: Vec<String> = KeySpec::ALL
            .iter()
            .flat_map(|spec| spec.algorithms(KeyUsage::SignVerify))
            .map(|of| format!("{of} raw {} digest {:?} mu {:?}", of.takes_raw(), of.digest_len(), of.mu_len()))
            .collect();
        rows.sort();
        rows.dedup();
        let aws = "
            ECDSA_SHA_256 raw true digest Some(32) mu None
            ECDSA_SHA_384 raw true digest Some(48) mu None
            ECDSA_SHA_512 raw true digest Some(64) mu None
            ED25519_PH_SHA_512 raw false digest Some(64) mu None
            ED25519_SHA_512 raw true digest None mu None
            ML_DSA_SHAKE_256 raw true digest None mu Some(64)
            RSASSA_PKCS1_V1_5_SHA_256 raw true digest Some(32) mu None
            RSASSA_PKCS1_V1_5_SHA_384 raw true digest Some(48) mu None
            RSASSA_PKCS1_V1_5_SHA_512 raw true digest Some(64) mu None
            RSASSA_PSS_SHA_256 raw true digest Some(32) mu None
            RSASSA_PSS_SHA_384 raw true digest Some(48) mu None
            RSASSA_PSS_SHA_512 raw true digest Some(64) mu None
            SM2DSA raw true digest Some(32) mu None
        ";
        assert_eq!(rows, aws.trim().lines().map(str::trim).collect::<Vec<_>>());
        for other in Algorithm::ALL.iter().filter(|of| !aws.contains(&format!(" {of} "))) {
            assert_eq!((other.takes_raw(), other.digest_len(), other.mu_len()), (false, None, None), "{other}");
        }
    }

    #[test]
    fn china_has_sm2_and_not_ml_kem_and_everybody_else_the_reverse() {
        assert_eq!(those(|spec| !spec.offered_in("aws-cn")), ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"]);
        for partition in ["aws", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"] {
            assert_eq!(those(|spec| !spec.offered_in(partition)), ["SM2"], "{partition}");
        }
    }
}
