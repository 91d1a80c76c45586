//! Every spec, every algorithm of it, and everything that does not fit; and what other libraries made
//! (`tests/vectors/keys.py`). The world's test vectors are in `tests/wycheproof.rs`.

use super::*;
use crate::spec::Kind;
use crate::testing::{Seeded, Stuck, rsa_material};
use crate::wrapping::WrappingKeySpec;
use crate::{Kek, StoreKey};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A key of every spec; RSA's from files, because they take seconds to make.
static KEYS: LazyLock<BTreeMap<KeySpec, Material>> =
    LazyLock::new(|| KeySpec::ALL.iter().map(|spec| (*spec, fresh(*spec, 1))).collect());

static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../tests/vectors/keys-python.json")).expect("the vectors are JSON")
});

fn fresh(spec: KeySpec, seed: u64) -> Material {
    rsa(spec).map_or_else(|| Material::generate(spec, &Seeded::new(seed)), rsa_material)
}

/// The size of the key, if it is RSA's.
fn rsa(spec: KeySpec) -> Option<WrappingKeySpec> {
    match spec.family() {
        Family::Rsa(_) => WrappingKeySpec::parse(spec.as_str()),
        Family::Symmetric | Family::Hmac(_) | Family::Ec(_) => None,
        Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => None,
    }
}

fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes::from(bytes.to_vec())
}

fn public(spec: KeySpec) -> PublicKey {
    KEYS[&spec].public_key().expect("it has a public half")
}

/// Every spec that has `usage`, with every algorithm of it.
fn pairs(usage: KeyUsage) -> impl Iterator<Item = (KeySpec, Algorithm)> {
    KeySpec::ALL.iter().flat_map(move |spec| spec.algorithms(usage).iter().map(|algorithm| (*spec, *algorithm)))
}

/// The types of messages that an algorithm takes, with a message of each.
fn messages(algorithm: Algorithm) -> Vec<Message<'static>> {
    let raw = algorithm.takes_raw().then_some(Message::Raw(b"a message"));
    let digest = algorithm.digest_len().map(|len| Message::Digest(&[7; 64][..len]));
    let mu = algorithm.mu_len().map(|len| Message::ExternalMu(&[7; 64][..len]));
    [raw, digest, mu].into_iter().flatten().collect()
}

// --- how it is stored

#[test]
fn material_of_every_spec_comes_back_as_it_was() {
    let random = Seeded::new(2);
    let kek = Kek::generate(&random);
    for (spec, material) in KEYS.iter() {
        let wrapped = kek.wrap(material, b"here", &random);
        assert_eq!(wrapped.len(), 49 + material.stored().len());
        let back = kek.unwrap(&wrapped, b"here").expect("it opens");
        assert_eq!(back.spec(), *spec);
        assert_eq!(back.stored(), material.stored());
        assert!(kek.unwrap(&wrapped, b"there").is_err());
    }
}

#[test]
fn an_hmac_key_whose_stored_form_is_as_long_as_a_symmetric_key_comes_back_as_what_it_is() {
    let random = Seeded::new(2);
    let (kek, key) = (Kek::generate(&random), Material::import(KeySpec::Hmac224, &secret(&[7; 30])).expect("a key"));
    let [hmac, symmetric] = [&key, &KEYS[&KeySpec::SymmetricDefault]].map(|key| kek.wrap(key, b"", &random));
    assert_eq!(hmac.len(), symmetric.len());
    for (wrapped, spec) in [(hmac, KeySpec::Hmac224), (symmetric, KeySpec::SymmetricDefault)] {
        assert_eq!(kek.unwrap(&wrapped, b"").expect("it opens").spec(), spec);
    }
}

#[test]
fn every_spec_has_a_number_of_its_own() {
    let numbers: BTreeSet<u8> = KeySpec::ALL.iter().map(|spec| spec.number()).collect();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
}

#[test]
fn what_was_never_stored_does_not_come_back() {
    for (spec, material) in KEYS.iter().filter(|(spec, _)| spec.kind() != Kind::Symmetric) {
        let stored = material.stored();
        let [mut newer, mut unknown, mut symmetric] = [stored; 3].map(<[u8]>::to_vec);
        (newer[0], unknown[1], symmetric[1]) = (2, 20, 0);
        for wrong in [newer, unknown, symmetric] {
            assert!(Material::from_stored(secret(&wrong)).is_err(), "{spec}: {:?}", &wrong[..2]);
        }
        if rsa(*spec).is_none() {
            assert!(Material::from_stored(secret(&stored[..stored.len() - 1])).is_err(), "{spec}: a byte less");
            let longer = Material::from_stored(secret(&[stored, &[0]].concat()));
            assert_eq!(longer.is_ok(), spec.kind() == Kind::Hmac, "{spec}: a byte more");
        }
    }
    for len in [0, 1, 2, 31, 33] {
        assert!(Material::from_stored(secret(&vec![0xff; len])).is_err(), "{len} bytes");
    }
}

#[test]
fn rsa_material_that_is_no_key_fails_when_it_is_used() {
    let broken = Material::other(KeySpec::Rsa2048, b"no key");
    let algorithm = Algorithm::RsassaPssSha256;
    assert!(broken.public_key().is_err());
    assert!(broken.sign(algorithm, Message::Raw(b""), &Stuck(1)).is_err());
    assert!(broken.decrypt(Algorithm::RsaesOaepSha256, &[0; 256]).is_err());
}

#[test]
fn two_draws_are_two_keys() {
    for spec in KeySpec::ALL.iter().filter(|spec| rsa(**spec).is_none()) {
        assert_ne!(fresh(*spec, 1).stored(), fresh(*spec, 2).stored(), "{spec}");
        assert_eq!(fresh(*spec, 1).stored(), fresh(*spec, 1).stored(), "{spec}: chance is an argument");
    }
}

#[test]
fn a_fresh_rsa_key_has_its_size() {
    let [a, b] = [1, 2].map(|seed| Material::generate(KeySpec::Rsa2048, &Seeded::new(seed)));
    assert_ne!(a.stored(), b.stored());
    assert_eq!(a.public_key().expect("a key").spki().len(), 294);
    assert!(Material::import(KeySpec::Rsa2048, &a.to_pkcs8().expect("PKCS#8")).is_ok());
}

#[test]
#[should_panic = "the source of randomness is broken"]
fn no_curve_key_comes_of_randomness_that_is_stuck_at_zero() {
    Material::generate(KeySpec::EccNistP384, &Stuck(0));
}

#[test]
#[should_panic = "the source of randomness is broken"]
fn no_curve_key_comes_of_randomness_that_is_stuck_above_the_order() {
    Material::generate(KeySpec::Sm2, &Stuck(0xff));
}

#[test]
#[should_panic = "the source of randomness is broken"]
fn nothing_is_encrypted_by_sm2_with_randomness_that_is_stuck() {
    let _ = public(KeySpec::Sm2).encrypt(Algorithm::Sm2Pke, b"x", &Stuck(0));
}

#[test]
fn signatures_with_randomness_that_is_stuck_give_no_key_away() {
    for spec in [KeySpec::EccSecgP256k1, KeySpec::Sm2] {
        let algorithm = spec.algorithms(KeyUsage::SignVerify)[0];
        let sign = |message| KEYS[&spec].sign(algorithm, Message::Raw(message), &Stuck(0)).expect("it signs");
        let [a, b] = [sign(b"one message"), sign(b"another message")];
        // One nonce for two messages would show as one r, and tell the scalar.
        assert_ne!(r_of(&a), r_of(&b), "{spec}");
    }
}

/// The first number of a signature in DER.
fn r_of(signature: &[u8]) -> &[u8] {
    &signature[4..4 + usize::from(signature[3])]
}

// --- signatures

#[test]
fn what_a_key_signs_its_public_half_verifies_and_no_other() {
    for (spec, algorithm) in pairs(KeyUsage::SignVerify) {
        let (key, random) = (&KEYS[&spec], Seeded::new(3));
        for message in messages(algorithm) {
            let mut signature = key.sign(algorithm, message, &random).expect("it signs");
            assert_eq!(public(spec).verify(algorithm, message, &signature), Ok(()), "{spec} {algorithm}");
            for other in messages(algorithm).into_iter().chain([Message::Raw(b"another message")]) {
                if kind(other) != kind(message) || bytes(other) != bytes(message) {
                    assert_eq!(public(spec).verify(algorithm, other, &signature), Err(Unverified), "{algorithm}");
                }
            }
            for (other, another) in pairs(KeyUsage::SignVerify) {
                if (other, another) != (spec, algorithm) {
                    let verified = public(other).verify(another, message, &signature);
                    assert_eq!(verified, Err(Unverified), "{spec} {algorithm} as {other} {another}");
                }
            }
            for len in [0, 1, signature.len() - 1] {
                let verified = public(spec).verify(algorithm, message, &signature[..len]);
                assert_eq!(verified, Err(Unverified), "{spec} {algorithm}: {len} bytes");
            }
            for at in (0..signature.len()).step_by(7) {
                signature[at] ^= 1;
                assert_eq!(public(spec).verify(algorithm, message, &signature), Err(Unverified), "{algorithm}: {at}");
                signature[at] ^= 1;
            }
            signature.push(0);
            assert_eq!(
                public(spec).verify(algorithm, message, &signature),
                Err(Unverified),
                "{algorithm}: a byte more"
            );
        }
    }
}

fn kind(message: Message<'_>) -> u8 {
    match message {
        Message::Raw(_) => 0,
        Message::Digest(_) => 1,
        Message::ExternalMu(_) => 2,
    }
}

fn bytes(message: Message<'_>) -> &[u8] {
    match message {
        Message::Raw(bytes) | Message::Digest(bytes) | Message::ExternalMu(bytes) => bytes,
    }
}

#[test]
fn a_key_signs_no_message_that_its_algorithm_does_not_take() {
    for (spec, algorithm) in pairs(KeyUsage::SignVerify) {
        let (key, random, long) = (&KEYS[&spec], Seeded::new(3), [7; 65]);
        for len in (0..=long.len()).filter(|len| Some(*len) != algorithm.digest_len()) {
            let signed = key.sign(algorithm, Message::Digest(&long[..len]), &random);
            assert_eq!(signed, Err(Unfit), "{spec} {algorithm}: a digest of {len} bytes");
        }
        for len in (0..=long.len()).filter(|len| Some(*len) != algorithm.mu_len()) {
            let signed = key.sign(algorithm, Message::ExternalMu(&long[..len]), &random);
            assert_eq!(signed, Err(Unfit), "{spec} {algorithm}: µ of {len} bytes");
        }
        let signed = key.sign(algorithm, Message::Raw(b""), &random);
        assert_eq!(signed.is_ok(), algorithm.takes_raw(), "{spec} {algorithm}: a message");
    }
}

#[test]
fn a_message_and_its_digest_have_the_same_signatures() {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    let message = b"signed as RAW, verified as DIGEST, and the other way round";
    for (spec, algorithm) in pairs(KeyUsage::SignVerify) {
        let name = algorithm.as_str();
        let hash = match algorithm.digest_len().filter(|_| algorithm.takes_raw() && algorithm != Algorithm::Sm2Dsa) {
            Some(32) => digest(&SHA256, message),
            Some(48) => digest(&SHA384, message),
            Some(64) => digest(&SHA512, message),
            _ => continue,
        };
        let forms = [Message::Raw(message), Message::Digest(hash.as_ref())];
        for (signed, verified) in [(forms[0], forms[1]), (forms[1], forms[0])] {
            let signature = KEYS[&spec].sign(algorithm, signed, &Seeded::new(3)).expect("it signs");
            assert_eq!(public(spec).verify(algorithm, verified, &signature), Ok(()), "{spec} {name}");
        }
    }
}

#[test]
fn signatures_have_the_lengths_of_awss() {
    for (spec, algorithm, len) in [
        (KeySpec::Rsa3072, Algorithm::RsassaPssSha384, 384),
        (KeySpec::EccNistEdwards25519, Algorithm::Ed25519Sha512, 64),
        (KeySpec::EccNistEdwards25519, Algorithm::Ed25519PhSha512, 64),
        (KeySpec::MlDsa44, Algorithm::MlDsaShake256, 2420),
        (KeySpec::MlDsa65, Algorithm::MlDsaShake256, 3309),
        (KeySpec::MlDsa87, Algorithm::MlDsaShake256, 4627),
    ] {
        for message in messages(algorithm) {
            let signature = KEYS[&spec].sign(algorithm, message, &Seeded::new(3)).expect("it signs");
            assert_eq!(signature.len(), len, "{spec} {algorithm}");
        }
    }
}

#[test]
fn signatures_that_are_random_differ_each_time() {
    for (spec, algorithm) in pairs(KeyUsage::SignVerify) {
        let name = algorithm.as_str();
        let random = Seeded::new(3);
        let message = messages(algorithm)[0];
        let [a, b] = [(); 2].map(|()| KEYS[&spec].sign(algorithm, message, &random).expect("it signs"));
        assert_eq!(a == b, name.starts_with("RSASSA_PKCS1") || name.starts_with("ED25519"), "{spec} {name}");
    }
}

// --- encryption, codes, agreement, encapsulation

#[test]
fn what_a_public_key_encrypts_its_private_half_opens() {
    let random = Seeded::new(4);
    for (spec, algorithm) in pairs(KeyUsage::EncryptDecrypt).filter(|(spec, _)| spec.kind() == Kind::Asymmetric) {
        let max = spec.max_plaintext(algorithm).expect("it encrypts");
        for len in [1, 32, max] {
            let mut ciphertext = public(spec).encrypt(algorithm, &vec![7; len], &random).expect("it fits");
            let opened = KEYS[&spec].decrypt(algorithm, &ciphertext).expect("it opens");
            assert_eq!(opened.expose(), vec![7; len], "{spec} {algorithm}: {len} bytes");
            assert_ne!(public(spec).encrypt(algorithm, &vec![7; len], &random), Ok(ciphertext.clone()));
            for (other, another) in pairs(KeyUsage::EncryptDecrypt).filter(|pair| *pair != (spec, algorithm)) {
                assert!(KEYS[&other].decrypt(another, &ciphertext).is_err(), "{spec} {algorithm} as {other} {another}");
            }
            for cut in [0, 1, ciphertext.len() - 1] {
                assert!(KEYS[&spec].decrypt(algorithm, &ciphertext[..cut]).is_err(), "{algorithm}: {cut} bytes");
            }
            for at in (0..ciphertext.len()).step_by(11) {
                ciphertext[at] ^= 1;
                assert!(KEYS[&spec].decrypt(algorithm, &ciphertext).is_err(), "{algorithm}: byte {at}");
                ciphertext[at] ^= 1;
            }
            ciphertext.push(0);
            assert!(KEYS[&spec].decrypt(algorithm, &ciphertext).is_err(), "{algorithm}: a byte more");
        }
        assert_eq!(public(spec).encrypt(algorithm, &vec![7; max + 1], &random), Err(Unfit), "{spec} {algorithm}");
    }
}

#[test]
fn the_longest_plaintexts_are_awss() {
    let (sha1, sha256) = (Algorithm::RsaesOaepSha1, Algorithm::RsaesOaepSha256);
    for (spec, algorithm, max) in [
        (KeySpec::Rsa2048, sha1, Some(214)),
        (KeySpec::Rsa2048, sha256, Some(190)),
        (KeySpec::Rsa3072, sha1, Some(342)),
        (KeySpec::Rsa3072, sha256, Some(318)),
        (KeySpec::Rsa4096, sha1, Some(470)),
        (KeySpec::Rsa4096, sha256, Some(446)),
        (KeySpec::Sm2, Algorithm::Sm2Pke, Some(1024)),
        (KeySpec::SymmetricDefault, Algorithm::SymmetricDefault, Some(4096)),
        (KeySpec::Rsa2048, Algorithm::SymmetricDefault, None),
        (KeySpec::EccNistP256, Algorithm::Sm2Pke, None),
        (KeySpec::Rsa2048, Algorithm::RsassaPssSha256, None),
    ] {
        assert_eq!(spec.max_plaintext(algorithm), max, "{spec} {algorithm}");
    }
}

#[test]
fn a_code_verifies_under_its_key_to_the_last_byte() {
    for (spec, algorithm) in pairs(KeyUsage::GenerateVerifyMac) {
        let key = &KEYS[&spec];
        let mut mac = key.mac(algorithm, b"message").expect("it has this algorithm");
        assert_eq!(mac.len(), key.secret().len());
        assert_eq!(key.verify_mac(algorithm, b"message", &mac), Ok(()));
        assert_eq!(key.verify_mac(algorithm, b"massage", &mac), Err(Unverified));
        assert_eq!(fresh(spec, 2).verify_mac(algorithm, b"message", &mac), Err(Unverified));
        for len in 0..mac.len() {
            assert_eq!(key.verify_mac(algorithm, b"message", &mac[..len]), Err(Unverified), "{spec}: {len} bytes");
            mac[len] ^= 1;
            assert_eq!(key.verify_mac(algorithm, b"message", &mac), Err(Unverified), "{spec}: byte {len}");
            mac[len] ^= 1;
        }
        mac.push(0);
        assert_eq!(key.verify_mac(algorithm, b"message", &mac), Err(Unverified), "{spec}: a byte more");
    }
}

#[test]
fn two_keys_agree_from_either_side_and_only_on_one_curve() {
    for (spec, algorithm) in pairs(KeyUsage::KeyAgreement) {
        let (ours, theirs) = (&KEYS[&spec], fresh(spec, 2));
        let a = ours.agree(algorithm, &theirs.public_key().expect("a key")).expect("they agree");
        let b = theirs.agree(algorithm, &public(spec)).expect("they agree");
        assert!(a.same_as(&b), "{spec}");
        assert_eq!(a.expose().len(), ours.secret().len(), "{spec}");
        for other in KeySpec::ALL.iter().filter(|other| **other != spec && other.kind() == Kind::Asymmetric) {
            assert!(ours.agree(algorithm, &public(*other)).is_err(), "{spec} with {other}");
        }
    }
    let key = &KEYS[&KeySpec::EccSecgP256k1];
    assert!(key.agree(Algorithm::Ecdh, &public(KeySpec::EccSecgP256k1)).is_err());
}

#[test]
fn what_is_encapsulated_is_opened_and_anything_else_gives_a_secret_of_its_own() {
    for (spec, algorithm) in pairs(KeyUsage::EncapsulateDecapsulate) {
        let (mut ciphertext, shared) = public(spec).encapsulate(algorithm).expect("a secret");
        let opened = |bytes: &[u8]| KEYS[&spec].decapsulate(algorithm, bytes).map(|secret| secret.expose().to_vec());
        assert_eq!(opened(&ciphertext), Ok(shared.expose().to_vec()), "{spec}");
        assert_eq!(shared.expose().len(), 32);
        assert_eq!(opened(&ciphertext[1..]), Err(Unsealable), "{spec}: a byte less");
        assert_eq!(opened(&[&ciphertext[..], &[0]].concat()), Err(Unsealable), "{spec}: a byte more");
        ciphertext[0] ^= 1;
        let rejected = opened(&ciphertext).expect("it is not told");
        assert_ne!(rejected, shared.expose(), "{spec}");
        assert_eq!(opened(&ciphertext), Ok(rejected), "{spec}: the same each time");
    }
}

#[test]
fn a_key_does_nothing_by_an_algorithm_that_its_spec_does_not_have() {
    let random = Seeded::new(5);
    for (spec, key) in KEYS.iter() {
        for algorithm in Algorithm::ALL.iter().copied() {
            let has = |usage| spec.algorithms(usage).contains(&algorithm);
            let who = format!("{spec} {algorithm}");
            assert!(has(KeyUsage::SignVerify) || key.sign(algorithm, Message::Raw(b""), &random).is_err(), "{who}");
            assert!(has(KeyUsage::EncryptDecrypt) || key.decrypt(algorithm, &[0; 256]).is_err(), "{who}");
            assert_eq!(key.mac(algorithm, b"").is_ok(), has(KeyUsage::GenerateVerifyMac), "{who}");
            assert!(key.verify_mac(algorithm, b"", b"").is_err(), "{who}");
            assert!(key.decapsulate(algorithm, b"").is_err(), "{who}");
            let Ok(public) = key.public_key() else { continue };
            assert_eq!(key.agree(algorithm, &public).is_ok(), has(KeyUsage::KeyAgreement), "{who}");
            assert_eq!(public.encrypt(algorithm, b"x", &random).is_ok(), has(KeyUsage::EncryptDecrypt), "{who}");
            assert_eq!(public.encapsulate(algorithm).is_ok(), has(KeyUsage::EncapsulateDecapsulate), "{who}");
            assert!(public.verify(algorithm, Message::Raw(b""), b"").is_err(), "{who}");
        }
    }
}

#[test]
fn symmetric_and_hmac_keys_have_no_public_half() {
    for (spec, key) in KEYS.iter() {
        assert_eq!(key.public_key().is_ok(), spec.kind() == Kind::Asymmetric, "{spec}");
    }
}

#[test]
fn only_symmetric_material_opens_blobs() {
    use crate::blob::{Blob, Place, Sealer, open};
    let random = Seeded::new(6);
    let place = Place { account: "123456789012", key_id: "mrk-1234abcd12ab34cd56ef1234567890ab", material_id: [0; 32] };
    let symmetric = &KEYS[&KeySpec::SymmetricDefault];
    let blob = Sealer::new(&random).seal(symmetric, &place, &BTreeMap::new(), b"x", &random);
    let blob = Blob::parse(&blob).expect("a blob");
    for (spec, key) in KEYS.iter() {
        assert_eq!(open(key, &blob, &BTreeMap::new()).is_ok(), *spec == KeySpec::SymmetricDefault, "{spec}");
    }
}

// --- how it comes in and goes out

#[test]
fn what_goes_out_as_a_data_key_pair_comes_in_as_the_same_key() {
    let store_key = StoreKey::generate(&Seeded::new(7));
    let fingerprint = |material: &Material, owner: &[u8]| {
        material.fingerprint(owner, &store_key.blinder("material")).expect("it has one")
    };
    for (spec, key) in KEYS.iter() {
        let Ok(pkcs8) = key.to_pkcs8() else { continue };
        for other in KeySpec::ALL.iter().copied().filter(|other| other.kind() == Kind::Asymmetric) {
            let imported = Material::import(other, &pkcs8);
            assert_eq!(imported.is_ok(), other == *spec && spec.importable(), "{spec} as {other}");
            if let Ok(imported) = imported {
                assert_eq!(imported.stored(), key.stored(), "{spec}");
                assert_eq!(fingerprint(&imported, b"a"), fingerprint(key, b"a"), "{spec}");
            }
        }
        assert!(Material::import(*spec, &secret(&[pkcs8.expose(), &[0]].concat())).is_err(), "{spec}: a byte more");
        for len in 0..pkcs8.expose().len() {
            assert!(Material::import(*spec, &secret(&pkcs8.expose()[..len])).is_err(), "{spec}: {len} bytes");
        }
    }
    let all: BTreeSet<_> = KEYS.values().flat_map(|key| [fingerprint(key, b"a"), fingerprint(key, b"b")]).collect();
    assert_eq!(all.len(), 40, "two owners of twenty keys");
}

#[test]
fn there_are_data_key_pairs_of_awss_specs_alone() {
    let pairs: Vec<&str> =
        KEYS.iter().filter(|(_, key)| key.to_pkcs8().is_ok()).map(|(spec, _)| spec.as_str()).collect();
    let aws =
        "RSA_2048 RSA_3072 RSA_4096 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 ECC_SECG_P256K1 ECC_NIST_EDWARDS25519
        SM2 ML_KEM_512 ML_KEM_768 ML_KEM_1024";
    assert_eq!(pairs, aws.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn documents_have_the_lengths_of_awss() {
    for (spec, public_len, private_len) in [
        (KeySpec::Rsa2048, 294, None),
        (KeySpec::Rsa3072, 422, None),
        (KeySpec::Rsa4096, 550, None),
        (KeySpec::EccNistP256, 91, Some(138)),
        (KeySpec::EccNistP384, 120, Some(185)),
        (KeySpec::EccNistP521, 158, Some(241)),
        (KeySpec::EccSecgP256k1, 88, Some(135)),
        (KeySpec::EccNistEdwards25519, 44, Some(48)),
        (KeySpec::Sm2, 91, Some(138)),
        (KeySpec::MlKem512, 822, Some(86)),
        (KeySpec::MlKem768, 1206, Some(86)),
        (KeySpec::MlKem1024, 1590, Some(86)),
        (KeySpec::MlDsa44, 1334, None),
        (KeySpec::MlDsa65, 1974, None),
        (KeySpec::MlDsa87, 2614, None),
    ] {
        assert_eq!(public(spec).spki().len(), public_len, "{spec}");
        let private = KEYS[&spec].to_pkcs8().ok().map(|pkcs8| pkcs8.expose().len());
        assert!(private_len.is_none() || private == private_len, "{spec}: {private:?}");
    }
}

#[test]
fn symmetric_material_has_one_length_and_hmac_keys_many() {
    for (spec, lens) in [
        (KeySpec::SymmetricDefault, 32..=32),
        (KeySpec::Hmac224, 28..=128),
        (KeySpec::Hmac256, 32..=128),
        (KeySpec::Hmac384, 48..=128),
        (KeySpec::Hmac512, 64..=128),
    ] {
        assert_eq!(KEYS[&spec].secret().len(), *lens.start(), "{spec}: what is made here has the least");
        for len in 0..=130 {
            let imported = Material::import(spec, &secret(&vec![7; len]));
            assert_eq!(imported.is_ok(), lens.contains(&len), "{spec}: {len} bytes");
        }
    }
}

#[test]
fn a_public_key_is_read_as_it_is_written_and_not_otherwise() {
    for spec in KeySpec::ALL.iter().copied().filter(|spec| spec.kind() == Kind::Asymmetric) {
        let spki = public(spec).spki().to_vec();
        assert_eq!(PublicKey::from_spki(spec, &spki).as_ref(), Ok(&public(spec)), "{spec}");
        for other in KeySpec::ALL.iter().copied().filter(|other| *other != spec) {
            assert_eq!(PublicKey::from_spki(other, &spki), Err(Unfit), "{spec} as {other}");
        }
        assert_eq!(PublicKey::from_spki(spec, &[&spki[..], &[0]].concat()), Err(Unfit), "{spec}: a byte more");
        for len in 0..spki.len() {
            assert_eq!(PublicKey::from_spki(spec, &spki[..len]), Err(Unfit), "{spec}: {len} bytes");
        }
    }
}

#[test]
fn a_compressed_point_is_as_good_and_one_beside_the_curve_is_none() {
    for (spec, curve) in KeySpec::ALL.iter().filter_map(|spec| match spec.family() {
        Family::Ec(curve) => Some((*spec, curve)),
        _ => None,
    }) {
        let key = public(spec);
        let point = key.raw().expect("a point");
        let x = &point[1..=curve.len()];
        let compressed = [&[2 | (point[point.len() - 1] & 1)], x].concat();
        let document = der::spki(&curve.identifier(), &compressed);
        let short = PublicKey::from_spki(spec, &document).expect("a point");
        if spec.allows(KeyUsage::KeyAgreement) {
            let shared = [&key, &short].map(|peer| KEYS[&spec].agree(Algorithm::Ecdh, peer).expect("they agree"));
            assert!(shared[0].same_as(&shared[1]), "{spec}");
        }
        let mut beside = point.to_vec();
        *beside.last_mut().expect("it has bytes") ^= 1;
        let mut hybrid = point.to_vec();
        hybrid[0] = 6 | (point[point.len() - 1] & 1);
        for wrong in [&beside[..], &hybrid, &[0], &[], x, &point[..point.len() - 1], &[point, &[0]].concat()] {
            let document = der::spki(&curve.identifier(), wrong);
            assert_eq!(PublicKey::from_spki(spec, &document), Err(Unfit), "{spec}: {}", hex::encode(wrong));
        }
    }
}

#[test]
fn a_private_key_comes_in_with_its_own_point_or_with_none() {
    for (spec, curve) in KeySpec::ALL.iter().filter_map(|spec| match spec.family() {
        Family::Ec(curve) => Some((*spec, curve)),
        _ => None,
    }) {
        let (scalar, key) = (KEYS[&spec].secret(), public(spec));
        let point = key.raw().expect("a point");
        let compressed = [&[2 | (point[point.len() - 1] & 1)], &point[1..=curve.len()]].concat();
        let other = fresh(spec, 2).public_key().expect("a key");
        let import = |scalar: &[u8], point: Option<&[u8]>| {
            let inner = der::ec_private_key(scalar, point);
            Material::import(spec, &der::private_key(&curve.identifier(), &inner)).map(|key| key.stored().to_vec())
        };
        for good in [None, Some(point), Some(&compressed[..])] {
            assert_eq!(import(scalar, good), Ok(KEYS[&spec].stored().to_vec()), "{spec}");
        }
        for wrong in [other.raw().expect("a point"), &point[1..], &[]] {
            assert_eq!(import(scalar, Some(wrong)), Err(Unfit), "{spec}");
        }
        let (zero, large) = (vec![0; scalar.len()], vec![0xff; scalar.len()]);
        for wrong in [&zero[..], &large, &scalar[1..], &[&[0], scalar].concat(), &[]] {
            assert_eq!(import(wrong, None), Err(Unfit), "{spec}: {}", hex::encode(wrong));
        }
    }
}

#[test]
fn sm2_has_no_scalar_with_which_nothing_can_be_signed() {
    let n_minus_1 = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122").expect("hex");
    let n_minus_2 = hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54121").expect("hex");
    assert!(ec::point(Curve::Sm2, &n_minus_1).is_err());
    assert!(ec::point(Curve::Sm2, &n_minus_2).is_ok());
}

#[test]
fn a_key_with_a_wrong_bit_is_refused_or_is_a_key() {
    for (spec, key) in KEYS.iter() {
        let Ok(public) = key.public_key() else { continue };
        let pkcs8 = key.to_pkcs8().map(|pkcs8| pkcs8.expose().to_vec()).unwrap_or_default();
        for at in 0..pkcs8.len() {
            let mut wrong = pkcs8.clone();
            wrong[at] ^= 1 << (at % 8);
            if let Ok(imported) = Material::import(*spec, &secret(&wrong)) {
                assert!(imported.public_key().is_ok() && imported.to_pkcs8().is_ok(), "{spec}: byte {at}");
            }
        }
        let spki = public.spki();
        for at in 0..spki.len() {
            let mut wrong = spki.to_vec();
            wrong[at] ^= 1 << (at % 8);
            if let Ok(read) = PublicKey::from_spki(*spec, &wrong) {
                assert_eq!((read.spki(), read.raw().is_ok()), (&wrong[..], true), "{spec}: byte {at}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_reading_a_key_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), number in 0..20_usize) {
        let spec = KeySpec::ALL[number];
        prop_assert!(PublicKey::from_spki(spec, &bytes).is_err());
        let imported = Material::import(spec, &secret(&bytes));
        prop_assert!(imported.is_err() || spec.kind() != Kind::Asymmetric);
        let _ = Material::from_stored(secret(&[&[1, number as u8], &bytes[..]].concat())).map(|key| key.public_key().is_ok());
    }

    #[test]
    fn no_bytes_make_using_a_key_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), number in 0..20_usize) {
        let key = &KEYS[&KeySpec::ALL[number]];
        for algorithm in Algorithm::ALL {
            prop_assert!(key.decrypt(*algorithm, &bytes).is_err());
            prop_assert!(key.decapsulate(*algorithm, &bytes).is_err());
            prop_assert!(key.verify_mac(*algorithm, b"", &bytes).is_err());
            let Ok(public) = key.public_key() else { continue };
            for message in [Message::Raw(&bytes), Message::Digest(&bytes), Message::ExternalMu(&bytes)] {
                prop_assert!(public.verify(*algorithm, message, &bytes).is_err());
            }
        }
    }
}

// --- other libraries

fn cases(kind: &str) -> &'static Vec<Value> {
    VECTORS[kind].as_array().filter(|cases| !cases.is_empty()).expect("there are vectors of each kind")
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("the vector {case} has no text {name}"))
}

fn decoded(case: &Value, name: &str) -> Vec<u8> {
    hex::decode(text(case, name)).unwrap_or_else(|error| panic!("{name} of the vector {case}: {error}"))
}

fn spec_of(case: &Value) -> KeySpec {
    KeySpec::parse(text(case, "spec")).expect("a spec")
}

fn algorithm_of(case: &Value) -> Algorithm {
    Algorithm::parse(text(case, "algorithm")).expect("an algorithm")
}

/// The key of a vector; RSA's are in files.
fn imported(case: &Value) -> Material {
    let spec = spec_of(case);
    match rsa(spec) {
        Some(size) => rsa_material(size),
        None => Material::import(spec, &secret(&decoded(case, "pkcs8"))).expect("a key of its spec"),
    }
}

#[test]
fn keys_of_other_libraries_come_in_and_go_out_as_they_would_write_them() {
    let mut seen = BTreeSet::new();
    for case in cases("keys") {
        let (spec, pkcs8) = (spec_of(case), decoded(case, "pkcs8"));
        let key = Material::import(spec, &secret(&pkcs8)).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(key.public_key().expect("a key").spki(), decoded(case, "spki"), "{case}");
        if case["same"] == true {
            assert_eq!(key.to_pkcs8().expect("PKCS#8").expose(), pkcs8, "{case}");
        }
        seen.insert(spec);
    }
    let importable = |spec: &&KeySpec| spec.kind() == Kind::Asymmetric && spec.importable();
    assert_eq!(seen, KeySpec::ALL.iter().filter(importable).copied().collect(), "every spec has a vector");
}

#[test]
fn a_key_in_ber_is_the_key_that_it_is_in_der() {
    let mut seen = BTreeSet::new();
    for case in cases("ber") {
        let (spec, ber) = (spec_of(case), decoded(case, "ber"));
        let [from_ber, from_der] = ["ber", "pkcs8"].map(|form| Material::import(spec, &secret(&decoded(case, form))));
        let [from_ber, from_der] =
            [from_ber, from_der].map(|key| key.unwrap_or_else(|error| panic!("{case}: {error}")));
        assert_eq!(from_ber.stored(), from_der.stored(), "{case}");
        for len in (0..ber.len()).step_by(7) {
            assert!(Material::import(spec, &secret(&ber[..len])).is_err(), "{spec}: {len} bytes of BER");
        }
        assert!(Material::import(spec, &secret(&[&ber[..], &[0, 0]].concat())).is_err(), "{spec}: one end too many");
        seen.insert(spec);
    }
    assert_eq!(seen.len(), 4, "RSA, a curve, Ed25519 and SM2");
}

/// Windows writes what a key is for beside it (RFC 5208 §5: attributes).
#[test]
fn what_stands_beside_a_key_is_left_out() {
    let attributes = hex::decode("a00d300b0603551d0f310403020080").expect("hex");
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256, KeySpec::EccNistEdwards25519, KeySpec::Sm2] {
        let (material, pkcs8) = (&KEYS[&spec], KEYS[&spec].to_pkcs8().expect("PKCS#8"));
        // In BER there is no length to mend.
        let head = if pkcs8.expose()[1] < 0x80 { 2 } else { 2 + usize::from(pkcs8.expose()[1] & 0x7f) };
        let with = [&[0x30, 0x80], &pkcs8.expose()[head..], &attributes, &[0, 0]].concat();
        let imported = Material::import(spec, &secret(&with)).unwrap_or_else(|error| panic!("{spec}: {error}"));
        assert_eq!(imported.stored(), material.stored(), "{spec}");
        let other = [&[0x30, 0x80], &pkcs8.expose()[head..], &attributes, &[0x05, 0x00, 0, 0]].concat();
        assert!(Material::import(spec, &secret(&other)).is_err(), "{spec}: and something that is none");
    }
}

#[test]
fn what_is_no_key_of_kms_does_not_come_in() {
    for case in cases("refused") {
        let imported = Material::import(spec_of(case), &secret(&decoded(case, "pkcs8")));
        assert!(imported.is_err(), "{}", text(case, "comment"));
    }
}

#[test]
fn signatures_of_other_libraries_verify() {
    let mut seen = BTreeSet::new();
    for case in cases("signatures") {
        let (message, algorithm) = (decoded(case, "message"), algorithm_of(case));
        let message = match text(case, "type") {
            "RAW" => Message::Raw(&message),
            "DIGEST" => Message::Digest(&message),
            other => panic!("no message is of type {other}"),
        };
        let (key, signature) = (imported(case), decoded(case, "signature"));
        let public = key.public_key().expect("a key");
        assert_eq!(public.verify(algorithm, message, &signature), Ok(()), "{case}");
        let name = algorithm.as_str();
        if name.starts_with("RSASSA_PKCS1") || name.starts_with("ED25519") {
            assert_eq!(key.sign(algorithm, message, &Seeded::new(1)), Ok(signature), "{case}: not random");
        }
        seen.insert((spec_of(case), algorithm));
    }
    let random = |(_, algorithm): &(KeySpec, Algorithm)| *algorithm != Algorithm::MlDsaShake256;
    assert_eq!(seen, pairs(KeyUsage::SignVerify).filter(random).collect(), "every algorithm has a vector");
}

#[test]
fn ml_dsa_of_another_library_verifies_over_message_and_mu() {
    for case in cases("mlDsa") {
        let spec = spec_of(case);
        let public = Material::other(spec, &decoded(case, "seed")).public_key().expect("a key");
        assert_eq!(public.spki(), decoded(case, "spki"), "{spec}");
        let (message, mu) = (decoded(case, "message"), decoded(case, "mu"));
        for signature in ["signature", "signatureOfMu"].map(|name| decoded(case, name)) {
            for message in [Message::Raw(&message), Message::ExternalMu(&mu)] {
                assert_eq!(public.verify(Algorithm::MlDsaShake256, message, &signature), Ok(()), "{spec}");
            }
        }
    }
}

#[test]
fn ml_kem_of_another_library_opens() {
    for case in cases("mlKem") {
        let spec = spec_of(case);
        let key = Material::other(spec, &decoded(case, "seed"));
        assert_eq!(key.public_key().expect("a key").spki(), decoded(case, "spki"), "{spec}");
        assert_eq!(key.to_pkcs8().expect("PKCS#8").expose(), decoded(case, "pkcs8"), "{spec}");
        let shared = key.decapsulate(Algorithm::MlKem, &decoded(case, "ciphertext")).expect("it opens");
        assert_eq!(shared.expose(), decoded(case, "shared"), "{spec}");
    }
}

#[test]
fn ciphertexts_of_other_libraries_open() {
    for case in cases("ciphertexts") {
        let opened = imported(case).decrypt(algorithm_of(case), &decoded(case, "ciphertext"));
        assert_eq!(opened.expect("it opens").expose(), decoded(case, "plaintext"), "{case}");
    }
}

#[test]
fn other_libraries_agree_and_authenticate() {
    for case in cases("agreements") {
        let peer = PublicKey::from_spki(spec_of(case), &decoded(case, "peer")).expect("a key");
        let shared = imported(case).agree(Algorithm::Ecdh, &peer).expect("they agree");
        assert_eq!(shared.expose(), decoded(case, "shared"), "{case}");
    }
    for case in cases("macs") {
        let key = Material::import(spec_of(case), &secret(&decoded(case, "key"))).expect("a key");
        assert_eq!(key.mac(algorithm_of(case), &decoded(case, "message")), Ok(decoded(case, "mac")), "{case}");
    }
}

// --- published examples

/// GB/T 32918.5, annex A: the signature of "message digest" and the encryption of "encryption standard" by one key.
#[test]
fn sm2_is_as_its_standard_has_it() {
    let bytes = |digits: &str| hex::decode(digits).expect("hex");
    let (x, y) = (
        "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
        "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    );
    let key = Material::other(KeySpec::Sm2, &bytes("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"));
    let public = key.public_key().expect("a key");
    assert_eq!(hex::encode(public.raw().expect("a point")), format!("04{x}{y}"));

    let signature = bytes(
        "3046\
         022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    );
    let digest = bytes("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
    for message in [Message::Raw(b"message digest"), Message::Digest(&digest)] {
        assert_eq!(public.verify(Algorithm::Sm2Dsa, message, &signature), Ok(()));
    }

    let ciphertext = bytes(
        "307c\
         022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
         022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
         042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
         041321886ca989ca9c7d58087307ca93092d651efa",
    );
    let opened = key.decrypt(Algorithm::Sm2Pke, &ciphertext).expect("it opens");
    assert_eq!(opened.expose(), b"encryption standard");
}

/// The same, annex C: the keys of two who agree.
#[test]
fn sm2_has_the_points_of_its_standard() {
    for (scalar, x, y) in [
        (
            "81eb26e941bb5af16df116495f90695272ae2cd63d6c4ae1678418be48230029",
            "160e12897df4edb61dd812feb96748fbd3ccf4ffe26aa6f6db9540af49c94232",
            "4a7dad08bb9a459531694beb20aa489d6649975e1bfcf8c4741b78b4b223007f",
        ),
        (
            "785129917d45a9ea5437a59356b82338eaadda6ceb199088f14ae10defa229b5",
            "6ae848c57c53c7b1b5fa99eb2286af078ba64c64591b8b566f7357d576f16dfb",
            "ee489d771621a27b36c5c7992062e9cd09a9264386f3fbea54dff69305621c4d",
        ),
    ] {
        let key = Material::other(KeySpec::Sm2, &hex::decode(scalar).expect("hex"));
        let public = key.public_key().expect("a key");
        assert_eq!(hex::encode(public.raw().expect("a point")), format!("04{x}{y}"));
    }
}
