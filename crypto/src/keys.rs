//! The ladder of keys, each a type of its own, so that a key of one step cannot be used on another. How the seal key
//! stands in its file is in `seal_file`, how a record is sealed in `record`, what material is in `material`, an import
//! token in `token`.

use crate::aead::derive_key;
use crate::material::Material;
use crate::record::RecordKeys;
use crate::secret::{KEY_LEN, Key};
use crate::wrap::{OVERHEAD, unwrap, wrap};
use crate::{Random, Unsealable};
use aws_lc_rs::hmac;

const WRAP_STORE_KEY: &str = "trent wrap v1 store key";
const WRAP_KEK: &str = "trent wrap v1 key-encryption key";
/// Of symmetric material alone: the first version knew no other.
const WRAP_MATERIAL: &str = "trent wrap v1 material";
const WRAP_OTHER_MATERIAL: &str = "trent wrap v1 material with its spec";
const EPOCH: &str = "trent epoch key v1";
const BLIND: &str = "trent blind v1";

/// The key that opens a store. It lies apart from the store; without it nothing can ever be read.
pub struct SealKey(pub(crate) Key);

impl SealKey {
    /// A fresh seal key.
    pub fn generate(random: &dyn Random) -> SealKey {
        SealKey(Key::generate(random))
    }

    /// Seals a store key: 81 bytes, different at every call. `associated` says where they belong.
    pub fn wrap(&self, store_key: &StoreKey, associated: &[u8], random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, WRAP_STORE_KEY, store_key.0.expose(), associated, random)
    }

    /// Opens what [`SealKey::wrap`] sealed.
    ///
    /// # Errors
    /// [`Unsealable`] under another seal key, with other associated data, or if a bit is wrong.
    pub fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<StoreKey, Unsealable> {
        unwrap_key(&self.0, WRAP_STORE_KEY, wrapped, associated).map(StoreKey)
    }
}

/// The root of one store. Everything in the store hangs from it; it is itself stored only wrapped.
pub struct StoreKey(pub(crate) Key);

impl StoreKey {
    /// A fresh store key: at a store's first start, and for each new generation.
    pub fn generate(random: &dyn Random) -> StoreKey {
        StoreKey(Key::generate(random))
    }

    /// What seals the records of the store `store_id`.
    pub fn records(&self, store_id: [u8; 16]) -> RecordKeys {
        RecordKeys::derived_from(&self.0, store_id)
    }

    /// The key that wraps key-encryption keys during `epoch`.
    pub fn epoch(&self, epoch: u32) -> EpochKey {
        EpochKey(derive_key(&self.0, EPOCH, &[&epoch.to_be_bytes()]))
    }

    /// A keyed hash of `data` for index rows: equal for equal data, and telling nothing to whoever lacks the store
    /// key. Each `label` is a hash of its own.
    pub fn blind(&self, label: &str, data: &[u8]) -> [u8; 32] {
        self.blinder(label).hash(data)
    }

    /// The hash of one label, for whoever asks for it again and again.
    pub fn blinder(&self, label: &str) -> Blinder {
        Blinder(derive_key(&self.0, BLIND, &[label.as_bytes()]))
    }
}

/// Hashes for index rows under one label, as [`StoreKey::blind`] does.
pub struct Blinder(Key);

impl Blinder {
    /// The hash of `data`.
    pub fn hash(&self, data: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        hmac::sign_to_buffer(&hmac::Key::new(hmac::HMAC_SHA256, self.0.expose()), data, &mut out)
            .expect("the buffer has the length of the tag");
        out
    }
}

/// Wraps the key-encryption keys of one epoch.
pub struct EpochKey(Key);

impl EpochKey {
    /// Seals a key-encryption key: 81 bytes, different at every call.
    pub fn wrap(&self, kek: &Kek, associated: &[u8], random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, WRAP_KEK, kek.0.expose(), associated, random)
    }

    /// Opens what [`EpochKey::wrap`] sealed.
    ///
    /// # Errors
    /// [`Unsealable`] under another epoch's key, with other associated data, or if a bit is wrong.
    pub fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Kek, Unsealable> {
        unwrap_key(&self.0, WRAP_KEK, wrapped, associated).map(Kek)
    }
}

/// A key-encryption key. Each wraps one material, so that destroying it destroys that material and nothing else.
pub struct Kek(Key);

impl Kek {
    /// A fresh key-encryption key.
    pub fn generate(random: &dyn Random) -> Kek {
        Kek(Key::generate(random))
    }

    /// Seals material: 49 bytes longer than its stored form, 81 for symmetric material, different at every call.
    pub fn wrap(&self, material: &Material, associated: &[u8], random: &dyn Random) -> Vec<u8> {
        let label = if material.symmetric_key().is_some() { WRAP_MATERIAL } else { WRAP_OTHER_MATERIAL };
        wrap(&self.0, label, material.stored(), associated, random)
    }

    /// Opens what [`Kek::wrap`] sealed.
    ///
    /// # Errors
    /// [`Unsealable`] under another key-encryption key, with other associated data, or if a bit is wrong.
    pub fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Material, Unsealable> {
        // An HMAC key of 30 bytes makes as many, so that the length alone does not say what this is.
        if wrapped.len() == OVERHEAD + KEY_LEN
            && let Ok(key) = unwrap(&self.0, WRAP_MATERIAL, wrapped, associated)
        {
            return Material::from_secret(&key).ok_or(Unsealable);
        }
        Material::from_stored(unwrap(&self.0, WRAP_OTHER_MATERIAL, wrapped, associated)?)
    }
}

/// Opens a wrapped key, which has 32 bytes.
fn unwrap_key(outer: &Key, label: &str, wrapped: &[u8], associated: &[u8]) -> Result<Key, Unsealable> {
    Key::from_secret(&unwrap(outer, label, wrapped, associated)?).ok_or(Unsealable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretBytes;
    use crate::blob::{Blob, Place, Sealer, open};
    use crate::testing::{Seeded, Stuck};
    use crate::token::{Token, TokenKey};
    use crate::wrapping::WrappingKey;
    use serde_json::Value;
    use std::collections::{BTreeMap, HashSet};

    /// One wrapped form of every step, and whether its own key opens it with the given associated data.
    type Opens = Box<dyn Fn(&[u8], &[u8]) -> bool>;

    fn steps() -> Vec<(&'static str, Vec<u8>, Opens)> {
        let random = Seeded::new(1);
        let (seal_key, store_key) = (SealKey::generate(&random), StoreKey::generate(&random));
        let (epoch_key, kek) = (store_key.epoch(1), Kek::generate(&random));
        let wrapped_store_key = seal_key.wrap(&store_key, b"here", &random);
        let wrapped_kek = epoch_key.wrap(&kek, b"here", &random);
        let wrapped_material = kek.wrap(&Material::symmetric(&random), b"here", &random);
        vec![
            ("store key", wrapped_store_key, Box::new(move |w, a| seal_key.unwrap(w, a).is_ok())),
            ("kek", wrapped_kek, Box::new(move |w, a| epoch_key.unwrap(w, a).is_ok())),
            ("material", wrapped_material, Box::new(move |w, a| kek.unwrap(w, a).is_ok())),
        ]
    }

    /// Whether two keys are the same, without either being shown.
    fn same_store_key(a: &StoreKey, b: &StoreKey) -> bool {
        a.blind("", b"") == b.blind("", b"")
    }

    #[test]
    fn what_was_wrapped_comes_back() {
        let random = Seeded::new(2);
        let (seal_key, store_key) = (SealKey::generate(&random), StoreKey::generate(&random));
        let back = seal_key.unwrap(&seal_key.wrap(&store_key, b"a", &random), b"a").expect("it opens");
        assert!(same_store_key(&store_key, &back));

        let (kek, material) = (Kek::generate(&random), Material::symmetric(&random));
        let place =
            Place { account: "123456789012", key_id: "mrk-1234abcd12ab34cd56ef1234567890ab", material_id: [0; 32] };
        let blob = Sealer::new(&random).seal(&material, &place, &BTreeMap::new(), b"plaintext", &random);
        let kek = back.epoch(3).unwrap(&store_key.epoch(3).wrap(&kek, b"b", &random), b"b").expect("it opens");
        let material = kek.unwrap(&kek.wrap(&material, b"c", &random), b"c").expect("it opens");
        let blob = Blob::parse(&blob).expect("a blob of ours");
        assert_eq!(open(&material, &blob, &BTreeMap::new()).expect("it opens").expose(), b"plaintext");
    }

    #[test]
    fn a_wrapped_key_does_not_open_with_other_associated_data() {
        for (step, wrapped, opens) in steps() {
            assert!(opens(&wrapped, b"here"), "{step}");
            for elsewhere in [&b""[..], b"her", b"here\0", b"Here", b"there"] {
                assert!(!opens(&wrapped, elsewhere), "{step} opens with {elsewhere:?}");
            }
        }
    }

    #[test]
    fn a_wrapped_key_that_was_touched_does_not_open() {
        for (step, wrapped, opens) in steps() {
            assert_eq!(wrapped.len(), 81);
            for bit in 0..8 * wrapped.len() {
                let mut touched = wrapped.clone();
                touched[bit / 8] ^= 1 << (bit % 8);
                assert!(!opens(&touched, b"here"), "{step} opens with bit {bit} flipped");
            }
            for len in 0..wrapped.len() {
                assert!(!opens(&wrapped[..len], b"here"), "{step} opens with {len} bytes");
            }
            assert!(!opens(&[&wrapped[..], &[0]].concat(), b"here"), "{step} opens with a byte more");
        }
    }

    #[test]
    fn a_wrapped_key_opens_under_no_other_key() {
        let random = Seeded::new(3);
        let (seal_key, store_key, kek) =
            (SealKey::generate(&random), StoreKey::generate(&random), Kek::generate(&random));
        let wrapped = seal_key.wrap(&store_key, b"", &random);
        assert!(SealKey::generate(&random).unwrap(&wrapped, b"").is_err());
        let wrapped = store_key.epoch(1).wrap(&kek, b"", &random);
        assert!(store_key.epoch(2).unwrap(&wrapped, b"").is_err());
        assert!(StoreKey::generate(&random).epoch(1).unwrap(&wrapped, b"").is_err());
        let wrapped = kek.wrap(&Material::symmetric(&random), b"", &random);
        assert!(Kek::generate(&random).unwrap(&wrapped, b"").is_err());
    }

    #[test]
    fn a_key_wrapped_for_one_step_is_none_of_another_even_under_the_same_bytes() {
        let [a, b, c] = [(); 3].map(|()| Key::generate(&Stuck(1)));
        let (seal_key, epoch_key, kek) = (SealKey(a), EpochKey(b), Kek(c));
        let random = Seeded::new(4);
        let store_key = seal_key.wrap(&StoreKey::generate(&random), b"", &random);
        let wrapped_kek = epoch_key.wrap(&Kek::generate(&random), b"", &random);
        let material = kek.wrap(&Material::symmetric(&random), b"", &random);
        let opened = [&store_key, &wrapped_kek, &material].map(|wrapped| {
            [
                seal_key.unwrap(wrapped, b"").is_ok(),
                epoch_key.unwrap(wrapped, b"").is_ok(),
                kek.unwrap(wrapped, b"").is_ok(),
            ]
        });
        assert_eq!(opened, [[true, false, false], [false, true, false], [false, false, true]]);
    }

    #[test]
    fn wrapping_the_same_key_twice_gives_two_forms() {
        let random = Seeded::new(5);
        let (kek, material) = (Kek::generate(&random), Material::symmetric(&random));
        assert_ne!(kek.wrap(&material, b"", &random), kek.wrap(&material, b"", &random));
    }

    #[test]
    fn a_blind_hash_depends_on_the_store_key_the_label_and_every_byte() {
        let (a, b) = (StoreKey::generate(&Seeded::new(6)), StoreKey::generate(&Seeded::new(7)));
        let hashes = [
            a.blind("x", b"y"),
            b.blind("x", b"y"),
            a.blind("y", b"x"),
            a.blind("xy", b""),
            a.blind("", b"xy"),
            a.blind("x", b"y\0"),
            a.blind("x\0", b"y"),
        ];
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        assert_eq!(a.blind("x", b"y"), hashes[0]);
        assert_eq!(a.blinder("x").hash(b"y"), hashes[0], "asked again and again it is the same");
    }

    #[test]
    fn material_has_32_bytes_and_no_other_number() {
        for len in [0, 16, 31, 33, 64] {
            assert!(Material::from_secret(&SecretBytes::from(vec![1; len])).is_none(), "{len} bytes");
        }
        assert!(Material::from_secret(&SecretBytes::from(vec![1; 32])).is_some());
    }

    #[test]
    fn a_store_of_the_first_version_opens() {
        let vectors: Value = serde_json::from_str(include_str!("../tests/vectors/ladder.json")).expect("it is JSON");
        let text = |name: &str| vectors[name].as_str().unwrap_or_else(|| panic!("there is no {name}"));
        let bytes = |name: &str| hex::decode(text(name)).unwrap_or_else(|_| panic!("{name} is not hexadecimal"));
        let associated = |name: &str| text(name).as_bytes();

        let seal_key = SealKey::from_file(text("sealKeyFile").as_bytes()).expect("the seal key");
        let store_key = seal_key.unwrap(&bytes("storeKey"), associated("storeKeyAssociated")).expect("the store key");
        let store_id = bytes("storeId").try_into().expect("16 bytes");
        let record = store_key.records(store_id).open(associated("row"), &bytes("record")).expect("the record");
        assert_eq!(hex::encode(record.value), text("value"));
        assert_eq!(record.version, vectors["version"].as_u64().expect("a version"));
        assert_eq!(RecordKeys::generation(&bytes("record")).ok().map(u64::from), vectors["generation"].as_u64());
        assert_eq!(hex::encode(store_key.blind(text("blindLabel"), associated("row"))), text("blind"));

        let epoch = u32::try_from(vectors["epoch"].as_u64().expect("an epoch")).expect("32 bits");
        let kek = store_key.epoch(epoch).unwrap(&bytes("kek"), associated("kekAssociated")).expect("the kek");
        let material = kek.unwrap(&bytes("material"), associated("materialAssociated")).expect("the material");
        let blob = bytes("blob");
        let opened = open(&material, &Blob::parse(&blob).expect("a blob"), &BTreeMap::new()).expect("the blob");
        assert_eq!(hex::encode(opened.expose()), text("plaintext"));
    }

    #[test]
    fn every_key_is_shared_between_threads() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<(SealKey, StoreKey, RecordKeys, EpochKey, Kek, Material, Sealer, crate::SigningKey, SecretBytes)>();
        shared::<(TokenKey, Token, WrappingKey, Blinder, crate::grant_token::GrantTokenKey)>();
    }

    /// A line here does not compile if a secret type gains one of these traits: then two `impl`s fit and the compiler
    /// cannot choose.
    #[test]
    fn no_secret_can_be_printed_copied_compared_or_serialized() {
        macro_rules! lacks {
            ($($secret:ty),+ => $lacked:path) => {$({
                trait Either<Of> {
                    const FITS: bool = true;
                }
                impl<T: ?Sized> Either<()> for T {}
                struct Lacked;
                impl<T: ?Sized + $lacked> Either<Lacked> for T {}
                assert!(<$secret as Either<_>>::FITS);
            })+};
        }
        macro_rules! secrets_lack {
            ($($lacked:path),+) => {$(
                lacks!(SecretBytes, Key, SealKey, StoreKey, RecordKeys, EpochKey, Kek, Material, crate::SigningKey, Sealer,
                    Blinder, crate::grant_token::GrantTokenKey, TokenKey, Token, WrappingKey => $lacked);
            )+};
        }
        secrets_lack!(std::fmt::Debug, std::fmt::Display, Clone, PartialEq, serde::Serialize, AsRef<[u8]>);
    }
}
