//! Where a key's material is used. Its interface is asynchronous and says nothing of where the bytes are: they may be
//! wrapped in a row, behind a token, or across a network. Nothing here knows keys, callers or states.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;

use crypto::blob::{self, Blob, Place, Sealer};
use crypto::spec::{Algorithm, KeySpec};
use crypto::token::{Token, TokenKey};
use crypto::wrapping::{WrappingAlgorithm, WrappingKey, WrappingKeySpec};
use crypto::{EpochKey, Material, Message, PublicKey, Random, SecretBytes, StoreKey, Unfit};
use store::Fut;
use tokio::sync::Semaphore;

use crate::Time;
use crate::error::Error;

/// A material as its rows hold it. The names of the rows are authenticated with their bytes: what was moved from one
/// key to another does not open.
pub struct Wrapped {
    pub(crate) epoch: u32,
    pub(crate) kek: Vec<u8>,
    pub(crate) kek_place: Vec<u8>,
    pub(crate) material: Vec<u8>,
    pub(crate) material_place: Vec<u8>,
}

/// What a client needs in order to wrap material for one key.
pub struct Parameters {
    /// A key made for the purpose: a SubjectPublicKeyInfo in DER.
    pub public_key: Vec<u8>,
    /// At most 6144 bytes, to be handed back with the material.
    pub token: Vec<u8>,
    /// When the token ceases to be good.
    pub valid_to: Time,
}

/// Material on its way in, as a client sent it for one key.
pub struct Parcel<'a> {
    pub(crate) key_arn: &'a str,
    pub(crate) key_id: &'a str,
    pub(crate) spec: KeySpec,
    pub(crate) token: &'a [u8],
    pub(crate) wrapped: &'a [u8],
}

/// Material that has come in.
pub struct Incoming {
    /// The same for the same material of the same key, however it was encoded, and telling nothing of it.
    pub(crate) id: [u8; 32],
    pub(crate) material: Material,
}

/// Does with a material what only its holder can.
///
/// What key, algorithm and input do not fit together was refused before: where they do not, a call is `Internal`.
pub trait Backend: Send + Sync {
    /// Draws fresh material. RSA takes up to seconds.
    ///
    /// Errors: `Throttled` where too many wait for theirs.
    fn draw(&self, spec: KeySpec) -> Fut<'_, Result<Material, Error>>;

    /// Signs.
    ///
    /// Errors: `KeyUnavailable` where the material is out of reach; `Internal` for wrapped bytes that do not open.
    fn sign<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: Message<'a>,
    ) -> Fut<'a, Result<Vec<u8>, Error>>;

    /// Decrypts what was encrypted under the public half.
    ///
    /// Errors: `InvalidCiphertext`, whatever is wrong with it; else as [`Backend::sign`].
    fn decrypt<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        ciphertext: &'a [u8],
    ) -> Fut<'a, Result<SecretBytes, Error>>;

    /// The authentication code of `message`.
    ///
    /// Errors: as [`Backend::sign`].
    fn mac<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: &'a [u8],
    ) -> Fut<'a, Result<Vec<u8>, Error>>;

    /// Verifies an authentication code, in constant time.
    ///
    /// Errors: `InvalidMac`; else as [`Backend::sign`].
    fn verify_mac<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: &'a [u8],
        mac: &'a [u8],
    ) -> Fut<'a, Result<(), Error>>;

    /// The secret shared with the owner of `peer`.
    ///
    /// Errors: as [`Backend::sign`].
    fn agree<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        peer: &'a PublicKey,
    ) -> Fut<'a, Result<SecretBytes, Error>>;

    /// The shared secret that a ciphertext carries.
    ///
    /// Errors: `InvalidCiphertext` for one of another length; else as [`Backend::sign`].
    fn decapsulate<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        ciphertext: &'a [u8],
    ) -> Fut<'a, Result<SecretBytes, Error>>;

    /// Seals `plaintext` for `place` under `context`.
    ///
    /// Errors: `KeyUnavailable` where the material is out of reach; `Internal` for wrapped bytes that do not open.
    fn seal<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        place: &'a Place<'a>,
        context: &'a BTreeMap<String, String>,
        plaintext: &'a [u8],
    ) -> Fut<'a, Result<Vec<u8>, Error>>;

    /// Opens `blob` under `context`.
    ///
    /// Errors: `InvalidCiphertext`, whatever is wrong with the blob or the context; else as [`Backend::seal`].
    fn open<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        blob: &'a Blob<'a>,
        context: &'a BTreeMap<String, String>,
    ) -> Fut<'a, Result<SecretBytes, Error>>;

    /// A new wrapping key for material of the key with this ARN. It takes up to seconds.
    ///
    /// Errors: `Throttled` where too many wait for theirs.
    fn import_parameters<'a>(
        &'a self,
        key_arn: &'a str,
        spec: WrappingKeySpec,
        algorithm: WrappingAlgorithm,
        now: Time,
    ) -> Fut<'a, Result<Parameters, Error>>;

    /// Unwraps what a client sent.
    ///
    /// Errors, in this order: `Throttled` where too many wait for this; `InvalidImportToken` for a token that is none, or
    /// another key's; `ExpiredImportToken`; `InvalidCiphertext` for material that was not wrapped as the token says;
    /// `IncorrectKeyMaterial` for what is no material of the key's spec.
    fn take_in<'a>(&'a self, parcel: Parcel<'a>, now: Time) -> Fut<'a, Result<Incoming, Error>>;
}

/// How long import parameters are good, in seconds.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html>
const PARAMETERS_SECONDS: i64 = 24 * 60 * 60;

/// The label of the keyed hash that is an imported material's id.
const MATERIAL_ID: &str = "key material id";

/// Threads for mathematics that would keep every other request waiting: some at once, the rest in the order they came.
struct Pool {
    turns: Arc<Semaphore>,
    /// Of those who have a turn and those who wait for one.
    room: Arc<Semaphore>,
}

/// So many wait for a turn at most: no client waits longer, and a request that does keeps its connection from others.
const WAITING_AT_MOST: usize = 64;

impl Pool {
    /// Half of the machine, so that no number of imports takes all of it.
    fn new() -> Pool {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (cores / 2).max(1);
        Pool { turns: Arc::new(Semaphore::new(threads)), room: Arc::new(Semaphore::new(threads + WAITING_AT_MOST)) }
    }

    /// Errors: `Throttled` where too many wait already.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let room = self.room.clone().try_acquire_owned().map_err(|_| Error::Throttled)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Error::internal("the pool is closed"))?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, room));
            done
        });
        done.await.map_err(|panic| Error::internal(format!("slow mathematics panicked: {panic}")))
    }
}

/// Material whose wrapped bytes lie in the store and are opened in this process.
pub struct Local {
    epoch_key: Arc<EpochKey>,
    epoch: u32,
    sealer: Sealer,
    random: Arc<dyn Random>,
    store_key: StoreKey,
    tokens: Arc<TokenKey>,
    making: Pool,
    /// Apart from the other, so that a minute of making keys keeps no import waiting.
    unwrapping: Pool,
}

impl Local {
    pub(crate) fn new(epoch: u32, epoch_key: Arc<EpochKey>, store_key: StoreKey, random: Arc<dyn Random>) -> Local {
        let tokens = Arc::new(store_key.tokens());
        Local {
            epoch_key,
            epoch,
            sealer: Sealer::new(&*random),
            random,
            store_key,
            tokens,
            making: Pool::new(),
            unwrapping: Pool::new(),
        }
    }

    fn unwrap(&self, wrapped: &Wrapped) -> Result<Material, Error> {
        let damaged = |_| {
            Error::internal(format!(
                "the wrapped material in {} does not open: it was damaged, moved or put there by somebody else",
                String::from_utf8_lossy(&wrapped.material_place).replace('\0', "/")
            ))
        };
        if wrapped.epoch != self.epoch {
            return Err(Error::internal(format!("no key of epoch {} is there", wrapped.epoch)));
        }
        let kek = self.epoch_key.unwrap(&wrapped.kek, &wrapped.kek_place).map_err(damaged)?;
        kek.unwrap(&wrapped.material, &wrapped.material_place).map_err(damaged)
    }
}

impl Backend for Local {
    fn draw(&self, spec: KeySpec) -> Fut<'_, Result<Material, Error>> {
        let random = self.random.clone();
        Box::pin(async move {
            let draw = move || Material::generate(spec, &*random);
            // Primes are searched for.
            let slow = matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096);
            if slow { self.making.run(draw).await } else { Ok(draw()) }
        })
    }

    fn sign<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: Message<'a>,
    ) -> Fut<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { self.unwrap(wrapped)?.sign(algorithm, message, &*self.random).map_err(unfit) })
    }

    fn decrypt<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        ciphertext: &'a [u8],
    ) -> Fut<'a, Result<SecretBytes, Error>> {
        Box::pin(async move { Ok(self.unwrap(wrapped)?.decrypt(algorithm, ciphertext)?) })
    }

    fn mac<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: &'a [u8],
    ) -> Fut<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move { self.unwrap(wrapped)?.mac(algorithm, message).map_err(unfit) })
    }

    fn verify_mac<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        message: &'a [u8],
        mac: &'a [u8],
    ) -> Fut<'a, Result<(), Error>> {
        Box::pin(
            async move { self.unwrap(wrapped)?.verify_mac(algorithm, message, mac).map_err(|_| Error::InvalidMac) },
        )
    }

    fn agree<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        peer: &'a PublicKey,
    ) -> Fut<'a, Result<SecretBytes, Error>> {
        Box::pin(async move { self.unwrap(wrapped)?.agree(algorithm, peer).map_err(unfit) })
    }

    fn decapsulate<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        algorithm: Algorithm,
        ciphertext: &'a [u8],
    ) -> Fut<'a, Result<SecretBytes, Error>> {
        Box::pin(async move { Ok(self.unwrap(wrapped)?.decapsulate(algorithm, ciphertext)?) })
    }

    fn seal<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        place: &'a Place<'a>,
        context: &'a BTreeMap<String, String>,
        plaintext: &'a [u8],
    ) -> Fut<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let material = self.unwrap(wrapped)?;
            Ok(self.sealer.seal(&material, place, context, plaintext, &*self.random))
        })
    }

    fn open<'a>(
        &'a self,
        wrapped: &'a Wrapped,
        blob: &'a Blob<'a>,
        context: &'a BTreeMap<String, String>,
    ) -> Fut<'a, Result<SecretBytes, Error>> {
        Box::pin(async move {
            let material = self.unwrap(wrapped)?;
            Ok(blob::open(&material, blob, context)?)
        })
    }

    fn import_parameters<'a>(
        &'a self,
        key_arn: &'a str,
        spec: WrappingKeySpec,
        algorithm: WrappingAlgorithm,
        now: Time,
    ) -> Fut<'a, Result<Parameters, Error>> {
        Box::pin(async move {
            let valid_to = now.plus_seconds(PARAMETERS_SECONDS);
            let (place, tokens, random) = (key_arn.to_owned(), self.tokens.clone(), self.random.clone());
            let make = move || {
                let key = WrappingKey::generate(spec).map_err(|_| Error::internal("no wrapping key could be made"))?;
                let public_key = key.public_key();
                let token = Token { place, algorithm, issued_at_ms: now.0, expires_at_ms: valid_to.0, key };
                Ok(Parameters { public_key, token: tokens.seal(&token, &*random), valid_to })
            };
            self.making.run(make).await?
        })
    }

    fn take_in<'a>(&'a self, parcel: Parcel<'a>, now: Time) -> Fut<'a, Result<Incoming, Error>> {
        Box::pin(async move {
            let (arn, tokens) = (parcel.key_arn.to_owned(), self.tokens.clone());
            let (token, wrapped) = (parcel.token.to_vec(), parcel.wrapped.to_vec());
            let (owner, spec, ids) = (parcel.key_id.to_owned(), parcel.spec, self.store_key.blinder(MATERIAL_ID));
            let take_in = move || {
                let bytes = unwrap_parcel(&tokens, arn, &token, &wrapped, now)?;
                let material = Material::import(spec, &bytes).map_err(|_| Error::IncorrectKeyMaterial)?;
                let id = material.fingerprint(owner.as_bytes(), &ids).map_err(unfit)?;
                Ok(Incoming { id, material })
            };
            self.unwrapping.run(take_in).await?
        })
    }
}

/// What was admitted, and does not fit together all the same.
pub(crate) fn unfit(_: Unfit) -> Error {
    Error::internal("a key was used with what does not fit it, and was admitted")
}

fn unwrap_parcel(
    tokens: &TokenKey,
    key_arn: String,
    token: &[u8],
    wrapped: &[u8],
    now: Time,
) -> Result<SecretBytes, Error> {
    let token = tokens.open(token).map_err(|_| Error::InvalidImportToken)?;
    if token.place != key_arn {
        return Err(Error::InvalidImportToken);
    }
    if now >= Time(token.expires_at_ms) {
        return Err(Error::ExpiredImportToken { arn: key_arn });
    }
    Ok(token.key.unwrap(token.algorithm, wrapped)?)
}
