//! Do the principals that a policy names exist, and who exactly are they? What a policy says is `policy`'s question.

use std::collections::BTreeMap;

use crate::record::{Account, Holder, Role, User};
use crate::{Shelf, rows, text};
use policy::Document;

/// A principal that is not there: as it stands in the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown(pub String);

/// The unique ids of the users and roles that `document` names, by their ARNs as they stand in it: what
/// [`Document::pinned`] takes.
///
/// Those of accounts that this store holds must exist. Those of other accounts are not known here, and their form is
/// all that counts, which compiling has checked. A unique id by itself must be that of a user or a role of `account`,
/// the account whose policy it is.
///
/// # Errors
/// The first that does not exist, inside; a row that cannot be read, outside.
pub async fn pins<S: Shelf>(
    document: &Document,
    account: &str,
    shelf: &S,
) -> Result<Result<BTreeMap<String, String>, Unknown>, S::Unreadable> {
    let mut pins = BTreeMap::new();
    for written in document.principals() {
        match pin(written, account, shelf).await? {
            Ok(Some(id)) => drop(pins.insert(written.to_owned(), id)),
            Ok(None) => {}
            Err(unknown) => return Ok(Err(unknown)),
        }
    }
    Ok(Ok(pins))
}

/// Whether `written` names its principal as one of this partition; a name without one is of every partition.
pub fn is_of_partition(written: &str, partition: &str) -> bool {
    written.strip_prefix("arn:").is_none_or(|rest| rest.split(':').next() == Some(partition))
}

/// The unique id of the user or role that `written` names, in a policy of `account` or on its own: a session's name is
/// its role's. `None` for an account, for a unique id, and for whoever is of an account that this store does not hold.
///
/// # Errors
/// As for [`pins`].
pub async fn pin<S: Shelf>(
    written: &str,
    account: &str,
    shelf: &S,
) -> Result<Result<Option<String>, Unknown>, S::Unreadable> {
    Ok(match found(written, account, shelf).await? {
        Found::Pinned(id) => Ok(Some(id)),
        Found::NothingToPin => Ok(None),
        Found::Nobody => Err(Unknown(written.to_owned())),
    })
}

enum Found {
    Pinned(String),
    NothingToPin,
    Nobody,
}

async fn found<S: Shelf>(written: &str, own: &str, shelf: &S) -> Result<Found, S::Unreadable> {
    let Some(principal) = Written::parse(written) else { return Ok(Found::Nobody) };
    if let Written::Id(id) = principal {
        return by_id(id, own, shelf).await;
    }
    let Written::Named { account, what, name, path } = principal else { return Ok(Found::NothingToPin) };
    if shelf.get::<Account>(rows::account(account)).await?.is_none() {
        return Ok(Found::NothingToPin);
    }
    let id = match what {
        What::User => {
            let user = shelf.get::<User>(rows::user(account, name)).await?;
            user.filter(|kept| kept.record.name == name && Some(kept.record.path.as_str()) == path)
                .map(|kept| kept.record.id.clone())
        }
        What::Role => {
            let role = shelf.get::<Role>(rows::role(account, name)).await?;
            // The ARN of a session has the role's name without its path.
            role.filter(|kept| kept.record.name == name && path.is_none_or(|path| kept.record.path == path))
                .map(|kept| kept.record.id.clone())
        }
    };
    Ok(id.map_or(Found::Nobody, Found::Pinned))
}

/// A unique id counts as long as whoever got it is still there.
async fn by_id<S: Shelf>(id: &str, account: &str, shelf: &S) -> Result<Found, S::Unreadable> {
    let held = match shelf.get::<Holder>(rows::by_id(account, id)).await?.map(|kept| kept.record) {
        None => None,
        Some(holder) => match &*holder {
            Holder::User { name } => {
                shelf.get::<User>(rows::user(account, name)).await?.map(|kept| kept.record.id.clone())
            }
            Holder::Role { name } => {
                shelf.get::<Role>(rows::role(account, name)).await?.map(|kept| kept.record.id.clone())
            }
            Holder::Key { .. } => None,
        },
    };
    Ok(if held.as_deref() == Some(id) { Found::NothingToPin } else { Found::Nobody })
}

/// A principal as a policy names it.
#[derive(Debug, PartialEq, Eq)]
enum Written<'a> {
    /// An account, or somebody of whom nobody keeps a record: a federated user.
    Unkept,
    /// A user or role; the path is not known of a role that a session's ARN names.
    Named { account: &'a str, what: What, name: &'a str, path: Option<&'a str> },
    /// `AIDA…` or `AROA…`.
    Id(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    User,
    Role,
}

impl<'a> Written<'a> {
    fn parse(written: &'a str) -> Option<Written<'a>> {
        if text::is_account(written) {
            return Some(Written::Unkept);
        }
        if written.starts_with("AIDA") || written.starts_with("AROA") {
            return Some(Written::Id(written));
        }
        let mut parts = written.splitn(6, ':');
        let ["arn", _, service, "", account, resource] = std::array::from_fn(|_| parts.next().unwrap_or_default())
        else {
            return None;
        };
        // The first slash is the path's: `user/eng/ann` has the path `/eng/`.
        let (kind, rest) = resource.split_at(resource.find('/').unwrap_or(resource.len()));
        let (path, name) = rest.split_at(rest.rfind('/').map_or(0, |slash| slash + 1));
        match (service, kind) {
            ("iam", "root") => Some(Written::Unkept),
            ("iam", "user") => Some(Written::Named { account, what: What::User, name, path: Some(path) }),
            ("iam", "role") => Some(Written::Named { account, what: What::Role, name, path: Some(path) }),
            ("sts", "assumed-role") => {
                let name = rest.trim_start_matches('/').split('/').next()?;
                Some(Written::Named { account, what: What::Role, name, path: None })
            }
            ("sts", "federated-user") => Some(Written::Unkept),
            (_, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_principal_is_taken_apart() {
        let named = |what, name, path| Written::Named { account: "111122223333", what, name, path };
        let cases = [
            ("111122223333", Some(Written::Unkept)),
            ("arn:aws:iam::111122223333:root", Some(Written::Unkept)),
            ("arn:aws:iam::111122223333:user/ann", Some(named(What::User, "ann", Some("/")))),
            ("arn:aws:iam::111122223333:user/eng/eu/ann", Some(named(What::User, "ann", Some("/eng/eu/")))),
            ("arn:aws:iam::111122223333:role/ops", Some(named(What::Role, "ops", Some("/")))),
            ("arn:aws:iam::111122223333:role/a/ops", Some(named(What::Role, "ops", Some("/a/")))),
            ("arn:aws:sts::111122223333:assumed-role/ops/s", Some(named(What::Role, "ops", None))),
            ("arn:aws:sts::111122223333:federated-user/x", Some(Written::Unkept)),
            ("AIDACKCEVSQ6C2EXAMPLE", Some(Written::Id("AIDACKCEVSQ6C2EXAMPLE"))),
            ("arn:aws:iam::111122223333:group/x", None),
            ("arn:aws:kms:eu-west-1:111122223333:key/x", None),
            ("ann", None),
        ];
        for (written, parsed) in cases {
            assert_eq!(Written::parse(written), parsed, "{written}");
        }
    }
}
