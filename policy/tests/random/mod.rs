//! Random documents and questions from alphabets so small that they meet. Everything comes from a seed: a case that
//! fails, fails again.

mod conditions;
mod documents;
mod questions;
mod values;

pub use documents::{deny_statement, documents, focussed, mutilated, session_policy};
pub use questions::question;
pub use values::{fact, value};

/// A generator of numbers (splitmix64).
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `limit` - 1.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// One to `most` of them, some perhaps twice.
    pub fn some(&mut self, choices: &[&str], most: usize) -> Vec<String> {
        (0..=self.below(most)).map(|_| (*self.pick(choices)).to_owned()).collect()
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The account that owns the keys, and another one.
pub const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
