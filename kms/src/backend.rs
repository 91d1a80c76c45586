//! Where a key's material is used. Its interface is asynchronous and says nothing of where the bytes are: they may be
//! wrapped in a row, behind a token, or across a network. Nothing here knows keys, callers or states.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::blob::{self, Blob, Place, Sealer};
use crypto::{EpochKey, Material, Random, SecretBytes};
use store::Fut;

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

/// Does with a material what only its holder can.
pub trait Backend: Send + Sync {
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
}

/// Material whose wrapped bytes lie in the store and are opened in this process.
pub struct Local {
    epoch_key: Arc<EpochKey>,
    epoch: u32,
    sealer: Sealer,
    random: Arc<dyn Random>,
}

impl Local {
    pub(crate) fn new(epoch: u32, epoch_key: Arc<EpochKey>, random: Arc<dyn Random>) -> Local {
        Local { epoch_key, epoch, sealer: Sealer::new(&*random), random }
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
}
