//! The request's journey: `Found → Permitted → Usable → Done`. Each step is a type that only the step before it can
//! make, so that skipping one does not compile. Nothing outside this folder reads rows, opens material or makes tokens.
//!
//! A stranger to the code can hold no token, and whoever holds one can only go on:
//!
//! ```
//! # use kms::journey::{Cx, Usable};
//! async fn describe<'r>(cx: &'r Cx, name: &str) -> Result<Usable<'r>, kms::Error> {
//!     cx.find(name).await?.permit(cx.ask()).await?.admit()
//! }
//! ```
//!
//! Skipping the permit is refused:
//!
//! ```compile_fail,E0599
//! # use kms::journey::{Cx, Usable};
//! async fn describe<'r>(cx: &'r Cx, name: &str) -> Result<Usable<'r>, kms::Error> {
//!     cx.find(name).await?.admit()
//! }
//! ```
//!
//! Skipping admission is refused:
//!
//! ```compile_fail,E0599
//! # use kms::journey::{Change, Cx};
//! async fn disable<'r>(cx: &'r Cx, name: &str) -> Result<Change<'r>, kms::Error> {
//!     cx.find(name).await?.permit(cx.ask()).await?.disable().await
//! }
//! ```
//!
//! ```
//! # use kms::journey::{Change, Cx};
//! async fn disable<'r>(cx: &'r Cx, name: &str) -> Result<Change<'r>, kms::Error> {
//!     cx.find(name).await?.permit(cx.ask()).await?.admit()?.disable().await
//! }
//! ```
//!
//! An edit of a key that was only found is refused:
//!
//! ```compile_fail,E0599
//! # use kms::journey::{Change, Cx};
//! async fn disable<'r>(cx: &'r Cx, name: &str) -> Result<Change<'r>, kms::Error> {
//!     cx.find(name).await?.disable().await
//! }
//! ```
//!
//! And the store is out of an operation's reach:
//!
//! ```compile_fail,E0616
//! # use kms::journey::Cx;
//! fn reach(cx: &Cx) {
//!     let _ = &cx.view;
//! }
//! ```
//!
//! ```
//! # use kms::journey::Cx;
//! fn reach(cx: &Cx) {
//!     let _ = cx.now();
//! }
//! ```

mod act;
mod admit;
mod alias;
mod change;
mod create;
mod cx;
mod elsewhere;
mod explain;
mod facts;
mod find;
mod grant;
mod hanging;
mod import;
mod key_policy;
mod last_usage;
mod managed;
mod material;
mod metadata;
mod overdue;
mod permit;
mod principals;
mod replica;
mod rotation;
mod view;
mod voices;
mod wrapped;

pub use act::{Sealed, Usable};
pub use alias::{FoundAlias, Listed, PermittedAlias};
pub use change::{Change, Done};
pub use create::NewKey;
pub use cx::{Ask, Cx};
pub use find::Found;
pub use grant::{Choice, FoundGrant, GrantName, PermittedGrant, UsableGrant};
pub use import::Import;
pub use key_policy::{DEFAULT_POLICY, KeyPolicy};
pub use last_usage::LastUsage;
pub use managed::{Describable, Described, ToDescribe, Told};
pub use material::{DataKeyPair, Encapsulated};
pub use permit::{Permit, Permitted};
pub use replica::{NewReplica, Related, Replicated};

pub(crate) use change::{Beside, Echo, Parts, Write};
pub(crate) use cx::{Call, Drawn};
pub(crate) use explain::{Question, explain};
pub(crate) use facts::{Asked, AskedGrant, AskedKey};
pub(crate) use grant::NewGrant;
pub(crate) use overdue::Overdue;
pub(crate) use view::{Key, View};
