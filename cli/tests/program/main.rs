//! What a person sees of `trent`: each test starts the built program in a directory of its own, as a shell would.

mod first_start;
mod harness;
mod life;
mod refusals;
mod settings;
mod words;
