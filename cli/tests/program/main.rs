//! What a person sees of `trent`: each test starts the built program in a directory of its own, as a shell would.

mod admin;
mod authorization;
mod enforce;
mod explain;
mod first_start;
mod harness;
mod identities;
mod life;
mod recover;
mod refusals;
mod settings;
mod signed;
mod words;
