//! What aws-lc can do and its Rust library does not offer: Ed25519ph over a hash, ML-DSA over µ, and ML-KEM's key pairs
//! from their seeds. Each function checks lengths by its types or before it calls; what the results mean is not known
//! here.
//!
//! One of the files where `unsafe` may stand (`xtask/src/arrows.rs`): these are calls of C functions.
#![allow(unsafe_code)]

use crate::secret::SecretBytes;
use aws_lc_sys as c;
use std::ffi::c_int;
use std::ptr::{self, NonNull};

/// A parameter set of ML-DSA.
#[derive(Clone, Copy)]
pub(crate) struct MlDsaSet(c_int);

impl MlDsaSet {
    pub(crate) const ML_DSA_44: MlDsaSet = MlDsaSet(c::NID_MLDSA44);
    pub(crate) const ML_DSA_65: MlDsaSet = MlDsaSet(c::NID_MLDSA65);
    pub(crate) const ML_DSA_87: MlDsaSet = MlDsaSet(c::NID_MLDSA87);
}

/// Ed25519ph of a hash, without a context. `public` must be the public key of `seed`: with another one the signature
/// would tell the seed's scalar, so only `ed25519` calls this.
pub(crate) fn ed25519ph_sign(seed: &[u8; 32], public: &[u8; 32], hash: &[u8; 64]) -> Option<[u8; 64]> {
    let (mut key, mut signature) = (SecretBytes::zeros(64), [0; 64]);
    key.expose_mut()[..32].copy_from_slice(seed);
    key.expose_mut()[32..].copy_from_slice(public);
    // SAFETY: the function writes 64 bytes to the first pointer and reads 64 from each of the next two; all three point
    // to as many. It reads no byte of an empty context.
    let done = unsafe {
        c::ED25519ph_sign_digest(
            signature.as_mut_ptr(),
            hash.as_ptr(),
            key.expose().as_ptr(),
            NonNull::dangling().as_ptr(),
            0,
        )
    };
    (done == 1).then_some(signature)
}

/// Whether `signature` is Ed25519ph of a hash, without a context.
pub(crate) fn ed25519ph_verify(public: &[u8; 32], hash: &[u8; 64], signature: &[u8; 64]) -> bool {
    // SAFETY: the function reads 64, 64 and 32 bytes from the pointers, which point to as many, and none of an empty
    // context.
    let verified = unsafe {
        c::ED25519ph_verify_digest(hash.as_ptr(), signature.as_ptr(), public.as_ptr(), NonNull::dangling().as_ptr(), 0)
    };
    verified == 1
}

/// ML-DSA of µ, hedged, by the key of `seed`.
pub(crate) fn ml_dsa_sign(set: MlDsaSet, seed: &[u8; 32], mu: &[u8; 64], signature_len: usize) -> Option<Vec<u8>> {
    // SAFETY: the function reads as many bytes as it is told, and gives a key or null.
    let key = Key::new(unsafe { c::EVP_PKEY_pqdsa_new_raw_private_key(set.0, seed.as_ptr(), seed.len()) })?;
    let context = key.context()?;
    let (mut signature, mut len) = (vec![0; signature_len], signature_len);
    // SAFETY: the context is one of the library's and has a key. `EVP_PKEY_sign` writes at most `len` bytes, for which
    // there is room, and reads 64 from µ, of which there are as many.
    let done = unsafe {
        c::EVP_PKEY_sign_init(context.0.as_ptr()) == 1
            && c::EVP_PKEY_sign(context.0.as_ptr(), signature.as_mut_ptr(), &raw mut len, mu.as_ptr(), mu.len()) == 1
    };
    (done && len == signature_len).then_some(signature)
}

/// Whether `signature` is ML-DSA of µ under the public key `public`.
pub(crate) fn ml_dsa_verify(set: MlDsaSet, public: &[u8], mu: &[u8; 64], signature: &[u8]) -> bool {
    // SAFETY: the function reads as many bytes as it is told, and gives a key or null.
    let key = Key::new(unsafe { c::EVP_PKEY_pqdsa_new_raw_public_key(set.0, public.as_ptr(), public.len()) });
    let Some((key, context)) = key.and_then(|key| key.context().map(|context| (key, context))) else { return false };
    // SAFETY: the context is one of the library's and has a key; `EVP_PKEY_verify` reads as many bytes of the signature
    // and of µ as it is told, and they have as many.
    let verified = unsafe {
        c::EVP_PKEY_verify_init(context.0.as_ptr()) == 1
            && c::EVP_PKEY_verify(context.0.as_ptr(), signature.as_ptr(), signature.len(), mu.as_ptr(), mu.len()) == 1
    };
    drop((context, key));
    verified
}

/// The two keys in an ML-KEM private key in PKCS#8, seed form: the one that decapsulates, then the one that encapsulates.
/// Their lengths tell the parameter sets apart.
pub(crate) fn ml_kem_keys(
    pkcs8: &SecretBytes,
    decapsulation_len: usize,
    encapsulation_len: usize,
) -> Option<(SecretBytes, Vec<u8>)> {
    let mut input = c::CBS { data: pkcs8.expose().as_ptr(), len: pkcs8.expose().len() };
    // SAFETY: the function reads at most the bytes that `input` says there are, and gives a key or null.
    let key = Key::new(unsafe { c::EVP_parse_private_key(&raw mut input) })?;
    let (mut decapsulation, mut len) = (SecretBytes::zeros(decapsulation_len), decapsulation_len);
    let out = decapsulation.expose_mut().as_mut_ptr();
    // SAFETY: the key is one of the library's, and `out` has room for the `len` bytes that may be written.
    let done = unsafe { c::EVP_PKEY_get_raw_private_key(key.0.as_ptr(), out, &raw mut len) };
    if done != 1 || len != decapsulation_len {
        return None;
    }
    let (mut encapsulation, mut len) = (vec![0; encapsulation_len], encapsulation_len);
    // SAFETY: as before.
    let done = unsafe { c::EVP_PKEY_get_raw_public_key(key.0.as_ptr(), encapsulation.as_mut_ptr(), &raw mut len) };
    (done == 1 && len == encapsulation_len).then_some((decapsulation, encapsulation))
}

/// A key of the library's, freed (and what is secret in it erased) when dropped.
struct Key(NonNull<c::EVP_PKEY>);

impl Key {
    /// Takes over what the library gave, if it gave anything.
    fn new(given: *mut c::EVP_PKEY) -> Option<Key> {
        NonNull::new(given).map(Key)
    }

    /// A context for the use of this key, which it keeps alive by itself.
    fn context(&self) -> Option<Context> {
        // SAFETY: the key is one of the library's, and alive; no engine is asked for.
        Context::new(unsafe { c::EVP_PKEY_CTX_new(self.0.as_ptr(), ptr::null_mut()) })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the pointer came from the library, was given to nobody and is freed once.
        unsafe { c::EVP_PKEY_free(self.0.as_ptr()) }
    }
}

/// One use of a key, freed when dropped.
struct Context(NonNull<c::EVP_PKEY_CTX>);

impl Context {
    fn new(given: *mut c::EVP_PKEY_CTX) -> Option<Context> {
        NonNull::new(given).map(Context)
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the pointer came from the library, was given to nobody and is freed once.
        unsafe { c::EVP_PKEY_CTX_free(self.0.as_ptr()) }
    }
}
