//! The life of a key: its facts and what follows from them, what each operation asks of it, and how a refusal reads.
//! Nothing here finds a key, asks who may, or writes a record.

pub mod admission;
pub mod lifecycle;
pub mod refusal;
