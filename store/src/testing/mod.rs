//! How do callers behave when the store does not? Engines around an engine, for the tests of whoever uses a store.
//! None of them stores anything: they count, lose answers, or hold commits back.

mod around;
mod counting;
mod faulty;
mod held;

pub use around::Around;
pub use counting::{Counting, Counts};
pub use faulty::{Fate, Faulty};
pub use held::Held;
