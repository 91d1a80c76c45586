//! Do the primitives compute what the world computes? Every file of Project Wycheproof that is about an algorithm of
//! KMS, through this crate's own interface, each vector counted. How a key is stored or sealed is tested elsewhere, and
//! NIST's vectors are read in `conformance/suites/vectors`.
//!
//! What no key of KMS can do must be refused where it can be asked, and stands in the table with the reason. Left out are
//!
//! - the files of algorithms that KMS does not have, HKDF among them: keys are derived by SP 800-108 here;
//! - ML-KEM's with expanded keys: keys are seeds here, and no other form has a way in;
//! - ECDSA's with Bitcoin's rule that a large S is wrong: the same vectors by the usual rule are in another file;
//! - key wrap without padding (RFC 3394), which is none of AWS's wrapping algorithms.
//!
//! No file is about SM2 or Ed25519ph.

use crypto::spec::{Algorithm, KeySpec};
use crypto::testing::{gcm_open, gcm_seal, material, rsa_material, spki, wrapping_key};
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use crypto::{Material, Message, PublicKey, SecretBytes, SystemRandom};
use std::collections::BTreeMap;
use std::fmt::Debug;
use wycheproof::{EllipticCurve, HashFunction, TestResult};

/// How many vectors of a kind were judged, and how many must be refused for this reason.
struct Row {
    algorithm: &'static str,
    judged: usize,
    refused: &'static [(&'static str, usize)],
}

const TABLE: &[Row] = &[
    Row { algorithm: "RSASSA-PKCS1-v1_5", judged: 2330, refused: &[(RSA_SIZE, 776), (HASH, 3096)] },
    Row { algorithm: "RSASSA-PSS", judged: 788, refused: &[(PSS, 1618), (PSS_KEY, 1091)] },
    Row { algorithm: "RSAES-OAEP", judged: 134, refused: &[(OAEP, 905), (LABEL, 31), (RSA_SIZE, 28)] },
    Row { algorithm: "ECDSA", judged: 10_306, refused: &[(CURVE, 15598)] },
    Row { algorithm: "ECDSA, r and s in DER", judged: 3316, refused: &[(P1363_LEN, 220)] },
    Row { algorithm: "ECDH", judged: 4381, refused: &[(AGREEMENT, 6016)] },
    Row { algorithm: "Ed25519", judged: 151, refused: &[(ED448, 87)] },
    Row { algorithm: "HMAC", judged: 336, refused: &[(MAC_KEY, 24), (CUT, 334)] },
    Row { algorithm: "ML-DSA, verification", judged: 610, refused: &[(CONTEXT, 21)] },
    Row { algorithm: "ML-DSA, keys from seeds", judged: 508, refused: &[(CONTEXT, 3)] },
    Row { algorithm: "ML-DSA, signatures of keys without a seed", judged: 395, refused: &[(CONTEXT, 3)] },
    Row { algorithm: "ML-KEM, keys and decapsulation", judged: 903, refused: &[] },
    Row { algorithm: "ML-KEM, public keys", judged: 795, refused: &[] },
    Row { algorithm: "AES-KWP", judged: 94, refused: &[(AES_KEY, 160)] },
    Row { algorithm: "AES-GCM", judged: 66, refused: &[(GCM, 250)] },
];

const RSA_SIZE: &str = "RSA keys have 2048, 3072 or 4096 bits";
const HASH: &str = "RSA signs by SHA-256, SHA-384 and SHA-512";
const PSS: &str = "PSS has one hash, and a salt as long as it";
const PSS_KEY: &str = "no key is for PSS alone, with an identifier of its own";
const LABEL: &str = "OAEP has no label";
const OAEP: &str = "OAEP has SHA-1 or SHA-256, in both places";
const CURVE: &str = "no key is on this curve";
const P1363_LEN: &str = "r and s are not as long as the field";
const AGREEMENT: &str = "keys on this curve agree with nobody";
const ED448: &str = "no key is for Ed448";
const MAC_KEY: &str = "HMAC keys are at least as long as their codes";
const CUT: &str = "codes are never cut";
const CONTEXT: &str = "the context is the empty one";
const AES_KEY: &str = "keys that wrap have 256 bits";
const GCM: &str = "GCM has a key of 256 bits, a nonce of 96 and a tag of 128";

/// With the 18,000 of `conformance/suites/vectors` well over 30,000.
const LEAST: usize = 25_000;

#[test]
fn the_table_has_every_vector_that_it_had() {
    assert!(TABLE.iter().map(|row| row.judged).sum::<usize>() >= LEAST);
}

/// How many vectors of a test ran: as themselves, or as something that must be refused because no key of KMS has such
/// parameters.
#[derive(Debug, Default)]
struct Tally {
    judged: usize,
    refused: BTreeMap<&'static str, usize>,
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
    fn refuse(&mut self, why: &'static str, ours: bool, vector: impl Debug) {
        assert!(!ours, "taken, but {why}: {vector:?}");
        *self.refused.entry(why).or_default() += 1;
    }

    /// Compares the sums with the table's.
    fn is(&self, algorithm: &str) {
        let row = TABLE.iter().find(|row| row.algorithm == algorithm).expect("it is in the table");
        let refused: BTreeMap<_, _> = row.refused.iter().copied().collect();
        assert_eq!((self.judged, &self.refused), (row.judged, &refused), "{algorithm}");
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
                match (&key, hashing("RSASSA_PKCS1_V1_5_SHA", group.hash)) {
                    (Some(key), Some(algorithm)) => {
                        let verified = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                        tally.judge(test.result, verified.is_ok(), (name, test.tc_id));
                    }
                    (Some(key), None) => {
                        let algorithm = Algorithm::RsassaPkcs1V15Sha256;
                        let verified = key.verify(algorithm, Message::Raw(&test.msg), &test.sig);
                        let taken = verified.is_ok() && test.result == TestResult::Valid;
                        tally.refuse(HASH, taken, (name, test.tc_id));
                    }
                    (None, _) => {
                        let key = PublicKey::from_spki(KeySpec::Rsa4096, &group.der);
                        tally.refuse(RSA_SIZE, key.is_ok(), (name, test.tc_id));
                    }
                }
            }
        }
    }
    tally.is("RSASSA-PKCS1-v1_5");
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
                    let taken = verified && test.result == TestResult::Valid;
                    let why = if key.is_some() { PSS } else { PSS_KEY };
                    tally.refuse(why, taken, (name, test.tc_id));
                }
            }
        }
    }
    tally.is("RSASSA-PSS");
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
                    Some(algorithm) if test.label.is_empty() && key.is_some() => {
                        tally.judge(test.result, opened(algorithm).is_some(), (name, test.tc_id));
                    }
                    Some(algorithm) => {
                        let why = if key.is_some() { LABEL } else { RSA_SIZE };
                        tally.refuse(why, opened(algorithm).is_some(), (name, test.tc_id));
                    }
                    None => {
                        for other in [Algorithm::RsaesOaepSha1, Algorithm::RsaesOaepSha256] {
                            assert!(opened(other).is_none(), "{name:?} {} by {other}", test.tc_id);
                        }
                        tally.refuse(OAEP, false, (name, test.tc_id));
                    }
                }
            }
        }
    }
    tally.is("RSAES-OAEP");
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
        HashFunction::Shake128 => return Some(fit(&shake::<32>(168, message), len)),
        HashFunction::Shake256 => return Some(fit(&shake::<64>(136, message), len)),
        _ => return None,
    };
    Some(fit(digest::digest(algorithm, message).as_ref(), len))
}

fn fit(hash: &[u8], len: usize) -> Vec<u8> {
    let mut fitted = vec![0; len.saturating_sub(hash.len())];
    fitted.extend_from_slice(&hash[..len.min(hash.len())]);
    fitted
}

/// SHAKE of this rate (FIPS 202 §6.2), as a hash: twice as long as its strength (FIPS 186-5 appendix B.2).
fn shake<const LEN: usize>(rate: usize, message: &[u8]) -> [u8; LEN] {
    let mut padded = [message, &[0x1f]].concat();
    padded.resize(padded.len().next_multiple_of(rate), 0);
    *padded.last_mut().expect("it has bytes") |= 0x80;
    let mut lanes = [0_u64; 25];
    for block in padded.chunks(rate) {
        for (lane, bytes) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane ^= u64::from_le_bytes(bytes.try_into().expect("eight"));
        }
        keccak(&mut lanes);
    }
    let out: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).take(LEN).collect();
    out.try_into().expect("a state is longer than a hash")
}

/// The permutation (FIPS 202 §3.3): θ, ρ and π, χ, ι.
fn keccak(lanes: &mut [u64; 25]) {
    let mut constants = 1_u8;
    for _ in 0..24 {
        let sums: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ lanes[x + 5 * y]));
        for (at, lane) in lanes.iter_mut().enumerate() {
            *lane ^= sums[(at + 4) % 5] ^ sums[(at % 5 + 1) % 5].rotate_left(1);
        }
        let (mut x, mut y, mut moved) = (1, 0, lanes[1]);
        for step in 0..24_u32 {
            (x, y) = (y, (2 * x + 3 * y) % 5);
            moved = std::mem::replace(&mut lanes[x + 5 * y], moved.rotate_left((step + 1) * (step + 2) / 2 % 64));
        }
        for row in lanes.chunks_mut(5) {
            let before: [u64; 5] = std::array::from_fn(|x| row[x]);
            for x in 0..5 {
                row[x] ^= !before[(x + 1) % 5] & before[(x + 2) % 5];
            }
        }
        for bit in 0..7 {
            lanes[0] ^= u64::from(constants & 1) << ((1 << bit) - 1);
            constants = (constants << 1) ^ (if constants & 0x80 == 0 { 0 } else { 0x71 });
        }
    }
}

#[test]
fn ecdsa_signatures_verify() {
    use wycheproof::ecdsa::{TestGroupTypeId, TestName, TestSet};
    let (mut tally, mut p1363) = (Tally::default(), Tally::default());
    let bitcoin = |name: &TestName| *name == TestName::EcdsaSecp256k1Sha256Bitcoin;
    for name in TestName::all().into_iter().filter(|name| !bitcoin(name)) {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let Some((spec, algorithm, len)) = ec_spec(group.key.curve) else {
                for test in group.tests {
                    let taken = |spec: &&KeySpec| PublicKey::from_spki(**spec, &group.der).is_ok();
                    tally.refuse(CURVE, KeySpec::ALL.iter().any(|spec| taken(&spec)), (name, test.tc_id));
                }
                continue;
            };
            let key = PublicKey::from_spki(spec, &group.der).expect("a key");
            for test in group.tests {
                let digest = fitted(group.hash, &test.msg, len).expect("a hash that a client may use");
                // r ‖ s is no signature to AWS, and written in DER it is the same one.
                let (tally, signature) = match group.test_type {
                    TestGroupTypeId::Ecdsa | TestGroupTypeId::EcdsaBitcoin => (&mut tally, test.sig.to_vec()),
                    TestGroupTypeId::EcdsaP1363 => {
                        let taken = key.verify(algorithm, Message::Digest(&digest), &test.sig).is_ok();
                        assert!(!taken, "taken, but not in DER: {name:?} {}", test.tc_id);
                        if test.sig.len() != 2 * field_len(spec) {
                            p1363.refuse(P1363_LEN, taken, (name, test.tc_id));
                            continue;
                        }
                        (&mut p1363, in_der(&test.sig))
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
    tally.is("ECDSA");
    p1363.is("ECDSA, r and s in DER");
}

#[test]
fn ecdh_agrees() {
    use wycheproof::ecdh::{EcdhEncoding, TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        for group in TestSet::load(name).expect("it is in the crate").test_groups {
            let ours = ec_spec(group.curve).filter(|(spec, ..)| *spec != KeySpec::EccSecgP256k1);
            for test in group.tests {
                let Some((spec, ..)) = ours else {
                    let taken = |spec: &KeySpec| match PublicKey::from_spki(*spec, &test.public_key) {
                        Ok(peer) => Material::generate(*spec, &SystemRandom).agree(Algorithm::Ecdh, &peer).is_ok(),
                        Err(_) => false,
                    };
                    let specs = [KeySpec::EccSecgP256k1, KeySpec::Sm2, KeySpec::EccNistEdwards25519];
                    tally.refuse(AGREEMENT, specs.iter().any(taken), (name, test.tc_id));
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
    tally.is("ECDH");
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
                    Err(_) => tally.refuse(ED448, name == TestName::Ed25519, (name, test.tc_id)),
                }
            }
        }
    }
    tally.is("Ed25519");
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
                let Ok(key) = Material::import(spec, &SecretBytes::from(test.key.to_vec())) else {
                    tally.refuse(MAC_KEY, test.key.len() >= len, (name, test.tc_id));
                    continue;
                };
                let verified = key.verify_mac(algorithm, &test.msg, &test.tag).is_ok();
                if test.tag.len() == len {
                    tally.judge(test.result, verified, (name, test.tc_id));
                    let made = key.mac(algorithm, &test.msg).expect("a code");
                    assert_eq!(made == *test.tag, verified, "{name:?} {}", test.tc_id);
                } else {
                    tally.refuse(CUT, verified, (name, test.tc_id));
                }
            }
        }
    }
    tally.is("HMAC");
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
                if test.ctx.as_ref().is_none_or(|context| context.is_empty()) {
                    tally.judge(test.result, verified, (name, test.tc_id));
                } else {
                    tally.refuse(CONTEXT, verified, (name, test.tc_id));
                }
            }
        }
    }
    tally.is("ML-DSA, verification");
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
                    tally.refuse(CONTEXT, false, (name, test.tc_id));
                }
            }
        }
    }
    tally.is("ML-DSA, keys from seeds");
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
                    tally.refuse(CONTEXT, verified(Message::Raw(message)), (name, test.tc_id));
                }
            }
        }
    }
    tally.is("ML-DSA, signatures of keys without a seed");
}

const ML_KEM: [KeySpec; 3] = [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

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
    tally.is("ML-KEM, keys and decapsulation");
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
    tally.is("ML-KEM, public keys");
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
            if test.key.len() == 32 {
                tally.judge(test.result, opened, (name, test.tc_id));
            } else {
                tally.refuse(AES_KEY, opened, (name, test.tc_id));
            }
        }
    }
    tally.is("AES-KWP");
}

/// What blobs, wrapped keys and records are sealed with. Keys, nonces and tags of other lengths have no way in.
#[test]
fn aes_gcm_opens_and_seals() {
    use wycheproof::aead::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::AesGcm).expect("it is in the crate").test_groups {
        for test in group.tests {
            let (key, nonce) = (test.key.as_slice().try_into(), test.nonce.as_slice().try_into());
            let (Ok(key), Ok(nonce), 128) = (key, nonce, group.tag_size) else {
                tally.refuse(GCM, false, test.tc_id);
                continue;
            };
            let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
            let opened = gcm_open(key, nonce, &test.aad, &sealed);
            tally.judge(test.result, opened.is_ok_and(|opened| opened.expose() == test.pt.as_slice()), test.tc_id);
            assert_eq!(
                gcm_seal(key, nonce, &test.aad, &test.pt) == sealed,
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
        }
    }
    tally.is("AES-GCM");
}
