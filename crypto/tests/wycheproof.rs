//! Do the primitives compute what the world computes? Every file of Project Wycheproof that is about an algorithm of
//! KMS, through this crate's own interface, each vector counted. How a key is stored or sealed is tested elsewhere.
//!
//! A file that is left out stands in its test with the reason, and what it holds must be refused where it can be asked.
//! No file is about SM2 or Ed25519ph. Key wrap without padding (RFC 3394) is none of AWS's wrapping algorithms.

use crypto::spec::{Algorithm, KeySpec};
use crypto::testing::{material, rsa_material, spki, wrapping_key};
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use crypto::{Material, Message, PublicKey, SecretBytes, SystemRandom};
use std::fmt::Debug;
use wycheproof::{EllipticCurve, HashFunction, TestResult};

/// How many vectors of a test ran: as themselves, or as something that must be refused because no key of KMS has such
/// parameters.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    judged: usize,
    refused: usize,
}

impl Tally {
    /// Compares one result with the vector's.
    fn judge(&mut self, expected: TestResult, ours: bool, vector: impl Debug) {
        match expected {
            TestResult::Valid => assert!(ours, "refused, but valid: {vector:?}"),
            TestResult::Invalid => assert!(!ours, "taken, but invalid: {vector:?}"),
            TestResult::Acceptable => {}
        }
        self.judged += 1;
    }

    /// What is right in itself, but not for a key of KMS.
    fn refuse(&mut self, ours: bool, vector: impl Debug) {
        assert!(!ours, "taken, but no key of KMS has such parameters: {vector:?}");
        self.refused += 1;
    }
}

fn rsa_spec(bits: usize) -> Option<KeySpec> {
    KeySpec::parse(&format!("RSA_{bits}"))
}

/// The algorithm of a family that hashes by `hash`, by its name.
fn hashing(family: &str, hash: HashFunction) -> Option<Algorithm> {
    let bits = match hash {
        HashFunction::Sha1 => "1",
        HashFunction::Sha2_256 => "256",
        HashFunction::Sha2_384 => "384",
        HashFunction::Sha2_512 => "512",
        _ => return None,
    };
    Algorithm::parse(&format!("{family}_{bits}"))
}

#[test]
fn rsa_pkcs1_signatures_verify() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let key = rsa_spec(group.key_size).map(|spec| PublicKey::from_spki(spec, &group.der).expect("a key"));
            for test in group.tests {
                // Keys of 8192 bits, and hashes that AWS has no algorithm for.
                match (&key, hashing("RSASSA_PKCS1_V1_5_SHA", group.hash)) {
                    (Some(key), Some(algorithm)) => {
                        let verified = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                        tally.judge(test.result, verified.is_ok(), (name, test.tc_id));
                    }
                    (Some(key), None) => {
                        let algorithm = Algorithm::RsassaPkcs1V15Sha256;
                        let verified = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                        tally.refuse(verified.is_ok() && test.result == TestResult::Valid, (name, test.tc_id));
                    }
                    (None, _) => {
                        let key = PublicKey::from_spki(KeySpec::Rsa4096, &group.der);
                        tally.refuse(key.is_ok(), (name, test.tc_id));
                    }
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 2330, refused: 3872 });
}

#[test]
fn rsa_pss_signatures_verify_if_the_salt_is_as_long_as_the_hash() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let (algorithm, salt) = match group.hash {
                HashFunction::Sha2_256 => (Algorithm::RsassaPssSha256, 32),
                HashFunction::Sha2_384 => (Algorithm::RsassaPssSha384, 48),
                HashFunction::Sha2_512 => (Algorithm::RsassaPssSha512, 64),
                _ => (Algorithm::RsassaPssSha256, usize::MAX),
            };
            let ours = group.salt_size == salt && group.mgf_hash == Some(group.hash);
            // A key that carries PSS's parameters with it has an identifier of its own, and AWS has no such keys.
            let key = rsa_spec(group.key_size).and_then(|spec| PublicKey::from_spki(spec, &group.der).ok());
            for test in group.tests {
                let verified =
                    key.as_ref().is_some_and(|key| key.verify(algorithm, Message::Raw(&test.msg), &test.sig).is_ok());
                if ours && key.is_some() {
                    tally.judge(test.result, verified, (name, test.tc_id));
                } else {
                    // A salt of another length than the file's may be of ours.
                    tally.refuse(verified && test.result == TestResult::Valid, (name, test.tc_id));
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 788, refused: 2709 });
}

#[test]
fn rsa_oaep_opens() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let pkcs8 = SecretBytes::from(group.pkcs8.to_vec());
            let key = rsa_spec(group.key_size).and_then(|spec| Material::import(spec, &pkcs8).ok());
            let algorithm = hashing("RSAES_OAEP_SHA", group.hash).filter(|_| group.mgf_hash == group.hash);
            for test in group.tests {
                let opened = |algorithm| {
                    let opened = key.as_ref()?.decrypt(algorithm, &test.ct).ok()?;
                    (opened.expose() == test.pt.as_slice()).then_some(())
                };
                match algorithm {
                    // AWS's OAEP has no label, and the smallest keys of the file are no keys of AWS.
                    Some(algorithm) if test.label.is_empty() && key.is_some() => {
                        tally.judge(test.result, opened(algorithm).is_some(), (name, test.tc_id));
                    }
                    Some(algorithm) => tally.refuse(opened(algorithm).is_some(), (name, test.tc_id)),
                    None => {
                        for other in [Algorithm::RsaesOaepSha1, Algorithm::RsaesOaepSha256] {
                            assert!(opened(other).is_none(), "{name:?} {} by {other}", test.tc_id);
                        }
                        tally.refuse(false, (name, test.tc_id));
                    }
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 134, refused: 964 });
}

fn ec_spec(curve: EllipticCurve) -> Option<(KeySpec, Algorithm, usize)> {
    match curve {
        EllipticCurve::Secp256r1 => Some((KeySpec::EccNistP256, Algorithm::EcdsaSha256, 32)),
        EllipticCurve::Secp384r1 => Some((KeySpec::EccNistP384, Algorithm::EcdsaSha384, 48)),
        EllipticCurve::Secp521r1 => Some((KeySpec::EccNistP521, Algorithm::EcdsaSha512, 64)),
        EllipticCurve::Secp256k1 => Some((KeySpec::EccSecgP256k1, Algorithm::EcdsaSha256, 32)),
        _ => None,
    }
}

/// A hash as ECDSA takes it: as many bytes as the curve's algorithm has, from the left of a longer one, and the same
/// number from a shorter one (FIPS 186-5 §6.4.1). So every hash function is one for MessageType DIGEST.
fn fitted(hash: HashFunction, message: &[u8], len: usize) -> Option<Vec<u8>> {
    use aws_lc_rs::digest;
    let algorithm = match hash {
        HashFunction::Sha2_256 => &digest::SHA256,
        HashFunction::Sha2_384 => &digest::SHA384,
        HashFunction::Sha2_512 => &digest::SHA512,
        HashFunction::Sha3_256 => &digest::SHA3_256,
        HashFunction::Sha3_384 => &digest::SHA3_384,
        HashFunction::Sha3_512 => &digest::SHA3_512,
        _ => return None,
    };
    let hash = digest::digest(algorithm, message);
    let mut fitted = vec![0; len.saturating_sub(hash.as_ref().len())];
    fitted.extend_from_slice(&hash.as_ref()[..len.min(hash.as_ref().len())]);
    Some(fitted)
}

#[test]
fn ecdsa_signatures_verify() {
    use wycheproof::ecdsa::{TestGroupTypeId, TestName, TestSet};
    let mut tally = Tally::default();
    // Left out: in Bitcoin a large S makes a signature wrong. The same vectors by the usual rule are in another file.
    let bitcoin = |name: &TestName| *name == TestName::EcdsaSecp256k1Sha256Bitcoin;
    for name in TestName::all().into_iter().filter(|name| !bitcoin(name)) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let Some((spec, algorithm, len)) = ec_spec(group.key.curve) else {
                for test in group.tests {
                    let taken = |spec: &&KeySpec| PublicKey::from_spki(**spec, &group.der).is_ok();
                    tally.refuse(KeySpec::ALL.iter().any(|spec| taken(&spec)), (name, test.tc_id));
                }
                continue;
            };
            let key = PublicKey::from_spki(spec, &group.der).expect("a key");
            for test in group.tests {
                // SHAKE of a length that is none of a hash function.
                let Some(digest) = fitted(group.hash, &test.msg, len) else {
                    tally.refuse(key.verify(algorithm, Message::Raw(&test.msg), &test.sig).is_ok(), (name, test.tc_id));
                    continue;
                };
                // r ‖ s is no signature to AWS, and written in DER it is the same one.
                let signature = match group.test_type {
                    TestGroupTypeId::Ecdsa | TestGroupTypeId::EcdsaBitcoin => test.sig.to_vec(),
                    TestGroupTypeId::EcdsaP1363 => {
                        let taken = key.verify(algorithm, Message::Digest(&digest), &test.sig).is_ok();
                        assert!(!taken, "taken, but not in DER: {name:?} {}", test.tc_id);
                        if test.sig.len() != 2 * field_len(spec) {
                            tally.refuse(taken, (name, test.tc_id));
                            continue;
                        }
                        in_der(&test.sig)
                    }
                };
                let verified = key.verify(algorithm, Message::Digest(&digest), &signature).is_ok();
                if matches!(
                    (group.hash, len),
                    (HashFunction::Sha2_256, 32) | (HashFunction::Sha2_384, 48) | (HashFunction::Sha2_512, 64)
                ) {
                    let raw = key.verify(algorithm, Message::Raw(&test.msg), &signature).is_ok();
                    assert_eq!(raw, verified, "RAW and DIGEST differ: {name:?} {}", test.tc_id);
                }
                tally.judge(test.result, verified, (name, test.tc_id));
            }
        }
    }
    assert_eq!(tally, Tally { judged: 9692, refused: 19748 });
}

#[test]
fn ecdh_agrees() {
    use wycheproof::ecdh::{EcdhEncoding, TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let ours = ec_spec(group.curve).filter(|(spec, ..)| *spec != KeySpec::EccSecgP256k1);
            for test in group.tests {
                // Curves that agree with nobody in KMS.
                let Some((spec, ..)) = ours else {
                    let taken = |spec: &KeySpec| match PublicKey::from_spki(*spec, &test.public_key) {
                        Ok(peer) => Material::generate(*spec, &SystemRandom).agree(Algorithm::Ecdh, &peer).is_ok(),
                        Err(_) => false,
                    };
                    let specs = [KeySpec::EccSecgP256k1, KeySpec::Sm2, KeySpec::EccNistEdwards25519];
                    tally.refuse(specs.iter().any(taken), (name, test.tc_id));
                    continue;
                };
                let public = match group.encoding {
                    EcdhEncoding::Asn1 => test.public_key.to_vec(),
                    EcdhEncoding::EcPoint => spki(spec, &test.public_key),
                };
                let scalar = scalar(&test.private_key, spec);
                let shared = PublicKey::from_spki(spec, &public)
                    .and_then(|peer| material(spec, &scalar).expect("a scalar").agree(Algorithm::Ecdh, &peer));
                let agreed = shared.is_ok_and(|shared| shared.expose() == test.shared_secret.as_slice());
                tally.judge(test.result, agreed, (name, test.tc_id));
            }
        }
    }
    assert_eq!(tally, Tally { judged: 4381, refused: 6016 });
}

/// `SEQUENCE { r, s }` of r ‖ s (RFC 3279 §2.2.3).
fn in_der(signature: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        let sign = usize::from(digits.first().is_none_or(|byte| *byte >= 0x80));
        [&[0x02, u8::try_from(sign + digits.len()).expect("short")], &[0][..sign], &digits].concat()
    };
    let (r, s) = signature.split_at(signature.len() / 2);
    let content = [integer(r), integer(s)].concat();
    let len = u8::try_from(content.len()).expect("short");
    let head = if len < 0x80 { vec![0x30, len] } else { vec![0x30, 0x81, len] };
    [head, content].concat()
}

fn field_len(spec: KeySpec) -> usize {
    match spec {
        KeySpec::EccNistP384 => 48,
        KeySpec::EccNistP521 => 66,
        _ => 32,
    }
}

/// A number as a scalar: the vectors have signs and no padding.
fn scalar(number: &[u8], spec: KeySpec) -> Vec<u8> {
    let len = field_len(spec);
    let number = &number[number.len().saturating_sub(len)..];
    [vec![0; len - number.len()], number.to_vec()].concat()
}

#[test]
fn ed25519_signatures_verify() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let key = PublicKey::from_spki(KeySpec::EccNistEdwards25519, &group.der);
            for test in group.tests {
                match &key {
                    Ok(key) => {
                        let verified = key.verify(Algorithm::Ed25519Sha512, Message::Raw(&test.msg), &test.sig);
                        tally.judge(test.result, verified.is_ok(), (name, test.tc_id));
                    }
                    Err(_) => tally.refuse(name == TestName::Ed25519, (name, test.tc_id)),
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 151, refused: 87 });
}

#[test]
fn hmacs_verify() {
    use wycheproof::mac::{TestName, TestSet};
    let mut tally = Tally::default();
    let files = [
        (TestName::HmacSha224, KeySpec::Hmac224, Algorithm::HmacSha224, 28),
        (TestName::HmacSha256, KeySpec::Hmac256, Algorithm::HmacSha256, 32),
        (TestName::HmacSha384, KeySpec::Hmac384, Algorithm::HmacSha384, 48),
        (TestName::HmacSha512, KeySpec::Hmac512, Algorithm::HmacSha512, 64),
    ];
    for (name, spec, algorithm, len) in files {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            for test in group.tests {
                // AWS's keys are at least as long as their codes, and its codes are never cut.
                let Ok(key) = Material::import(spec, &SecretBytes::from(test.key.to_vec())) else {
                    tally.refuse(test.key.len() >= len, (name, test.tc_id));
                    continue;
                };
                let verified = key.verify_mac(algorithm, &test.msg, &test.tag).is_ok();
                if test.tag.len() == len {
                    tally.judge(test.result, verified, (name, test.tc_id));
                    let made = key.mac(algorithm, &test.msg).expect("a code");
                    assert_eq!(made == *test.tag, verified, "{name:?} {}", test.tc_id);
                } else {
                    tally.refuse(verified, (name, test.tc_id));
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 336, refused: 358 });
}

const ML_DSA: [KeySpec; 3] = [KeySpec::MlDsa44, KeySpec::MlDsa65, KeySpec::MlDsa87];

#[test]
fn ml_dsa_signatures_verify() {
    use wycheproof::mldsa_verify::{TestName, TestSet};
    let mut tally = Tally::default();
    let names = [TestName::MlDsa44Verify, TestName::MlDsa65Verify, TestName::MlDsa87Verify];
    for (name, spec) in names.into_iter().zip(ML_DSA) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let key = PublicKey::from_spki(spec, &spki(spec, &group.pubkey));
            for test in group.tests {
                let message = Message::Raw(&test.msg);
                let verified =
                    key.as_ref().is_ok_and(|key| key.verify(Algorithm::MlDsaShake256, message, &test.sig).is_ok());
                // AWS's context is the empty one.
                if test.ctx.as_ref().is_none_or(|context| context.is_empty()) {
                    tally.judge(test.result, verified, (name, test.tc_id));
                } else {
                    tally.refuse(verified, (name, test.tc_id));
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 610, refused: 21 });
}

/// What a seed signs is random, so the vectors' signatures are verified under the seed's own public key, over the
/// message and over µ, and what the seed signs here is too.
#[test]
fn ml_dsa_seeds_make_the_keys_that_verify() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let mut tally = Tally::default();
    let names = [TestName::MlDsa44SignSeed, TestName::MlDsa65SignSeed, TestName::MlDsa87SignSeed];
    for (name, spec) in names.into_iter().zip(ML_DSA) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let key = group.privseed.as_ref().and_then(|seed| material(spec, seed).ok());
            for test in group.tests {
                let (Some(key), Some(expected)) = (&key, &group.pubkey) else {
                    tally.judge(test.result, false, (name, test.tc_id));
                    continue;
                };
                let public = key.public_key().expect("a key");
                assert_eq!(public.spki(), spki(spec, expected), "{name:?} {}", test.tc_id);
                let plain = test.ctx.as_ref().is_none_or(|context| context.is_empty());
                let raw = test.msg.as_ref().filter(|_| plain).map(|message| Message::Raw(message));
                let mu = test.mu.as_ref().map(|mu| Message::ExternalMu(mu));
                for message in [raw, mu].into_iter().flatten() {
                    let verified = public.verify(Algorithm::MlDsaShake256, message, &test.sig).is_ok();
                    tally.judge(test.result, verified, (name, test.tc_id));
                    let signature = key.sign(Algorithm::MlDsaShake256, message, &SystemRandom).expect("a signature");
                    assert_eq!(public.verify(Algorithm::MlDsaShake256, message, &signature), Ok(()));
                    for other in [raw, mu].into_iter().flatten() {
                        assert_eq!(public.verify(Algorithm::MlDsaShake256, other, &signature), Ok(()));
                    }
                }
                if raw.is_none() && mu.is_none() {
                    tally.refuse(false, (name, test.tc_id));
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 508, refused: 3 });
}

/// Private keys without a seed have no way in, but what they signed has: their public keys come with them.
#[test]
fn ml_dsa_keys_without_a_seed_verify() {
    use wycheproof::mldsa_sign::{TestName, TestSet};
    let mut tally = Tally::default();
    let names = [TestName::MlDsa44SignNoSeed, TestName::MlDsa65SignNoSeed, TestName::MlDsa87SignNoSeed];
    for (name, spec) in names.into_iter().zip(ML_DSA) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let key = group.pubkey.as_ref().and_then(|raw| PublicKey::from_spki(spec, &spki(spec, raw)).ok());
            for test in group.tests {
                let plain = test.ctx.as_ref().is_none_or(|context| context.is_empty());
                let raw = test.msg.as_ref().filter(|_| plain).map(|message| Message::Raw(message));
                let mu = test.mu.as_ref().map(|mu| Message::ExternalMu(mu));
                let verified = |message| {
                    key.as_ref().is_some_and(|key| key.verify(Algorithm::MlDsaShake256, message, &test.sig).is_ok())
                };
                for message in [raw, mu].into_iter().flatten() {
                    tally.judge(test.result, verified(message), (name, test.tc_id));
                }
                if raw.is_none() && mu.is_none() {
                    let message = test.msg.as_ref().map_or(&[][..], |message| message);
                    tally.refuse(verified(Message::Raw(message)), (name, test.tc_id));
                }
            }
        }
    }
    assert_eq!(tally, Tally { judged: 395, refused: 3 });
}

const ML_KEM: [KeySpec; 3] = [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

/// The files with expanded keys are left out: keys are seeds here, and no other form has a way in.
#[test]
fn ml_kem_seeds_make_keys_and_open_ciphertexts() {
    use wycheproof::mlkem::{TestName, TestSet};
    let mut tally = Tally::default();
    let names = [
        [TestName::MlKem512, TestName::MlKem768, TestName::MlKem1024],
        [TestName::MlKem512KeyGenSeed, TestName::MlKem768KeyGenSeed, TestName::MlKem1024KeyGenSeed],
    ];
    for (name, spec) in names.into_iter().flat_map(|names| names.into_iter().zip(ML_KEM)) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            for test in group.tests {
                let seed = test.seed.as_ref().expect("each vector has a seed");
                let ours = || {
                    let key = material(spec, seed).ok()?;
                    let public = key.public_key().ok()?;
                    if test.encaps_key.as_ref().is_some_and(|expected| public.spki() != spki(spec, expected)) {
                        return None;
                    }
                    let Some(ciphertext) = &test.ct else { return Some(()) };
                    let shared = key.decapsulate(Algorithm::MlKem, ciphertext).ok()?;
                    (shared.expose() == test.shared_secret.as_ref()?.as_slice()).then_some(())
                };
                tally.judge(test.result, ours().is_some(), (name, test.tc_id));
            }
        }
    }
    assert_eq!(tally, Tally { judged: 903, refused: 0 });
}

/// What is encapsulated is random, so of these vectors the keys are judged: taken or not.
#[test]
fn ml_kem_public_keys_are_checked() {
    use wycheproof::mlkem::{TestName, TestSet};
    let mut tally = Tally::default();
    let names = [TestName::MlKem512Encaps, TestName::MlKem768Encaps, TestName::MlKem1024Encaps];
    for (name, spec) in names.into_iter().zip(ML_KEM) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            for test in group.tests {
                let key = PublicKey::from_spki(spec, &spki(spec, test.encaps_key.as_ref().expect("a key")));
                let made = key.and_then(|key| key.encapsulate(Algorithm::MlKem));
                tally.judge(test.result, made.is_ok(), (name, test.tc_id));
            }
        }
    }
    assert_eq!(tally, Tally { judged: 795, refused: 0 });
}

/// As imported material is wrapped: the AES key of the vector under RSA, then its ciphertext.
#[test]
fn padded_key_wrap_opens() {
    use wycheproof::keywrap::{TestName, TestSet};
    let (wrapping, mut tally) = (wrapping_key(WrappingKeySpec::Rsa2048), Tally::default());
    let public = rsa_material(WrappingKeySpec::Rsa2048).public_key().expect("a key");
    let name = TestName::AesKeyWrapWithPadding;
    for group in TestSet::load(name).expect("it is in the crate").test_groups {
        for test in group.tests {
            let aes_key = public.encrypt(Algorithm::RsaesOaepSha256, &test.key, &SystemRandom).expect("it fits");
            let wrapped = [&aes_key[..], &test.ct].concat();
            let opened = wrapping.unwrap(WrappingAlgorithm::RsaAesKeyWrapSha256, &wrapped);
            let opened = opened.is_ok_and(|opened| opened.expose() == test.pt.as_slice());
            // AWS takes AES-256 alone.
            if test.key.len() == 32 {
                tally.judge(test.result, opened, (name, test.tc_id));
            } else {
                tally.refuse(opened, (name, test.tc_id));
            }
        }
    }
    assert_eq!(tally, Tally { judged: 94, refused: 160 });
}
