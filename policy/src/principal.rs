//! Whom a statement or a grant names, and whether that is the caller. What follows from it is not asked here.

use std::collections::BTreeMap;

use crate::request::{Principal, Who};

/// How a name reaches the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// It names the caller's account, whose own policies then decide.
    Account,
    /// It names the caller, the role of its session, or everybody.
    Itself,
    /// It names this very session.
    Session,
}

/// How a text names principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `*`
    Everybody,
    /// 12 digits: an account, whatever its partition.
    Digits,
    /// The ARN of an account's root: the account.
    Root,
    /// The ARN of a user or a role.
    Lasting,
    /// The ARN of one session.
    Session,
    /// The unique id of a user or a role.
    Id,
    /// Somebody who signs no requests here: a service, a federated or a canonical user.
    Elsewhere,
}

/// A principal in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    text: Box<str>,
    form: Form,
    pin: Option<Box<str>>,
}

impl Listed {
    /// One of the kind `AWS`.
    ///
    /// # Errors
    /// [`NameError`]: it names no principal.
    pub(crate) fn aws(text: &str) -> Result<Listed, NameError> {
        Ok(Listed { text: text.into(), form: Form::read(text)?, pin: None })
    }

    /// One of another kind.
    pub(crate) fn elsewhere(text: &str) -> Listed {
        Listed { text: text.into(), form: Form::Elsewhere, pin: None }
    }

    /// The text, if it names one principal, one account or one session.
    pub(crate) fn name(&self) -> Option<&str> {
        match self.form {
            Form::Everybody | Form::Elsewhere => None,
            Form::Digits | Form::Root | Form::Lasting | Form::Session | Form::Id => Some(&self.text),
        }
    }

    pub(crate) fn pin(&mut self, ids: &BTreeMap<String, String>) {
        if let Some(id) = ids.get(&*self.text) {
            self.pin = Some(id.as_str().into());
        }
    }

    pub(crate) fn level(&self, caller: &Principal<'_>) -> Option<Level> {
        self.form.level(&self.text, self.pin.as_deref(), caller)
    }

    /// Whether a Deny for all but `listed` spares the caller: the account, the user or the role, and the session have
    /// to be listed each, as AWS says.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    pub(crate) fn exempt(listed: &[Listed], caller: &Principal<'_>) -> bool {
        let named = |form: &[Form]| listed.iter().any(|one| form.contains(&one.form) && one.level(caller).is_some());
        let account = || named(&[Form::Digits, Form::Root]);
        let lasting = || named(&[Form::Lasting, Form::Id]);
        named(&[Form::Everybody])
            || match caller.who {
                Who::Root => account(),
                Who::User { .. } => account() && lasting(),
                Who::Session { .. } => account() && lasting() && named(&[Form::Session]),
            }
    }
}

impl Form {
    /// Reads how a principal is named.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
    ///
    /// # Errors
    /// [`NameError`]: the text names none.
    pub(crate) fn read(text: &str) -> Result<Form, NameError> {
        match text {
            "*" => Ok(Form::Everybody),
            _ if is_account(text) => Ok(Form::Digits),
            _ if is_unique_id(text) => Ok(Form::Id),
            _ if text.contains(['*', '?', '$']) => Err(NameError::NoPrincipal),
            _ if text.starts_with("arn:") => Form::of_arn(text),
            _ => Err(NameError::NoPrincipal),
        }
    }

    fn of_arn(text: &str) -> Result<Form, NameError> {
        let mut parts = text.splitn(6, ':').skip(1);
        let mut part = || parts.next().ok_or(NameError::NoArn);
        let (partition, service, region, account, resource) = (part()?, part()?, part()?, part()?, part()?);
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if partition.is_empty() || !partition.chars().all(lower) || service.is_empty() || resource.is_empty() {
            return Err(NameError::NoArn);
        }
        if !region.is_empty() || !is_account(account) {
            return Err(NameError::NoArn);
        }
        match (service, resource.split_once('/')) {
            ("iam", None) if resource == "root" => Ok(Form::Root),
            ("iam", Some(("user" | "role", path))) if ends_in_name(path) => Ok(Form::Lasting),
            ("sts", Some(("assumed-role", rest))) => match rest.split_once('/') {
                Some((role, session)) if is_name(role) && is_name(session) => Ok(Form::Session),
                Some(_) | None => Err(NameError::NoPrincipal),
            },
            ("sts", Some(("federated-user", name))) if is_name(name) => Ok(Form::Session),
            (_, Some(_) | None) => Err(NameError::NoPrincipal),
        }
    }

    /// How `text`, which is of this form, reaches the caller. With a `pin`, the unique id that the name's owner had when
    /// the name was written, a later owner of the name is somebody else.
    pub(crate) fn level(self, text: &str, pin: Option<&str>, caller: &Principal<'_>) -> Option<Level> {
        let account = if caller.who == Who::Root { Level::Itself } else { Level::Account };
        let (matches, level) = match (self, caller.who) {
            (Form::Everybody, Who::Root | Who::User { .. } | Who::Session { .. }) => (true, Level::Itself),
            (Form::Digits, Who::Root | Who::User { .. } | Who::Session { .. }) => (text == caller.account, account),
            (Form::Root, Who::Root | Who::User { .. } | Who::Session { .. }) => (is_root_of(text, caller), account),
            (Form::Lasting, Who::User { arn, id } | Who::Session { role_arn: arn, role_id: id, .. }) => {
                (pin.map_or(text == arn, |pin| pin == id), Level::Itself)
            }
            (Form::Session, Who::Session { arn, role_id, .. }) => {
                (text == arn && pin.is_none_or(|pin| pin == role_id), Level::Session)
            }
            (Form::Id, Who::User { id, .. } | Who::Session { role_id: id, .. }) => (text == id, Level::Itself),
            (Form::Lasting | Form::Id, Who::Root)
            | (Form::Session, Who::Root | Who::User { .. })
            | (Form::Elsewhere, Who::Root | Who::User { .. } | Who::Session { .. }) => return None,
        };
        matches.then_some(level)
    }
}

/// Whether `arn`, a root's, is that of the caller's account.
fn is_root_of(arn: &str, caller: &Principal<'_>) -> bool {
    let rest = arn.strip_prefix("arn:").and_then(|rest| rest.strip_prefix(caller.partition));
    rest.and_then(|rest| rest.strip_prefix(":iam::")).and_then(|rest| rest.strip_prefix(caller.account))
        == Some(":root")
}

/// Why a text names no principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameError {
    /// It begins like an ARN and is none.
    NoArn,
    /// It is not a form in which principals are named: a group, a wildcard within a name.
    NoPrincipal,
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of a user or a role, 128 characters at most.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
fn is_unique_id(text: &str) -> bool {
    let rest = text.strip_prefix("AIDA").or(text.strip_prefix("AROA"));
    let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    rest.is_some_and(|rest| (1..=124).contains(&rest.len()) && rest.bytes().all(upper))
}

/// `path/name`; a step of a path has IAM's `[\u0021-\u007E]`.
fn ends_in_name(text: &str) -> bool {
    let mut steps = text.rsplit('/');
    let is_step = |step: &str| !step.is_empty() && step.chars().all(|c| c.is_ascii_graphic());
    steps.next().is_some_and(is_name) && steps.all(is_step)
}

/// The name of a role, a session or a user: IAM's `[\w+=,.@-]+`.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Principal<'_> = Principal { account: "111122223333", partition: "aws", who: Who::Root };
    const ANN: Principal<'_> = Principal {
        who: Who::User { arn: "arn:aws:iam::111122223333:user/team/ann", id: "AIDAANN0000000000000A" },
        ..ROOT
    };
    const APP: Principal<'_> = Principal {
        who: Who::Session {
            role_arn: "arn:aws:iam::111122223333:role/app",
            role_id: "AROAAPP0000000000000A",
            arn: "arn:aws:sts::111122223333:assumed-role/app/one",
        },
        ..ROOT
    };
    const CALLERS: [Principal<'_>; 3] = [ROOT, ANN, APP];

    #[test]
    fn a_name_reaches_those_whom_it_names() {
        use Level::{Account, Itself, Session};
        for (name, levels) in [
            ("*", [Some(Itself), Some(Itself), Some(Itself)]),
            ("111122223333", [Some(Itself), Some(Account), Some(Account)]),
            ("444455556666", [None; 3]),
            ("arn:aws:iam::111122223333:root", [Some(Itself), Some(Account), Some(Account)]),
            ("arn:aws-cn:iam::111122223333:root", [None; 3]),
            ("arn:aws:iam::444455556666:root", [None; 3]),
            ("arn:aws:iam::111122223333:user/team/ann", [None, Some(Itself), None]),
            ("arn:aws:iam::111122223333:user/ann", [None; 3]),
            ("arn:aws:iam::111122223333:user/team/Ann", [None; 3]),
            ("arn:aws:iam::444455556666:user/team/ann", [None; 3]),
            ("arn:aws:iam::111122223333:role/app", [None, None, Some(Itself)]),
            ("arn:aws:iam::111122223333:role/other", [None; 3]),
            ("arn:aws:sts::111122223333:assumed-role/app/one", [None, None, Some(Session)]),
            ("arn:aws:sts::111122223333:assumed-role/app/two", [None; 3]),
            ("arn:aws:sts::111122223333:federated-user/ann", [None; 3]),
            ("AIDAANN0000000000000A", [None, Some(Itself), None]),
            ("AIDAANN0000000000000B", [None; 3]),
            ("AROAAPP0000000000000A", [None, None, Some(Itself)]),
        ] {
            let listed = Listed::aws(name).expect(name);
            assert_eq!(CALLERS.map(|caller| listed.level(&caller)), levels, "{name}");
            assert_eq!(listed.name(), (name != "*").then_some(name), "{name}");
            let elsewhere = Listed::elsewhere(name);
            assert_eq!(CALLERS.map(|caller| elsewhere.level(&caller)), [None; 3], "{name} as a service");
            assert_eq!(elsewhere.name(), None, "{name} as a service");
        }
    }

    #[test]
    fn a_pinned_name_is_that_of_one_principal_only() {
        let ann = "arn:aws:iam::111122223333:user/team/ann";
        let role = "arn:aws:iam::111122223333:role/app";
        let session = "arn:aws:sts::111122223333:assumed-role/app/one";
        for (name, id, user_may, session_may) in [
            (ann, "AIDAANN0000000000000A", true, false),
            (ann, "AIDAANN0000000000000B", false, false),
            (role, "AROAAPP0000000000000A", false, true),
            (role, "AROAAPP0000000000000B", false, false),
            (session, "AROAAPP0000000000000A", false, true),
            (session, "AROAAPP0000000000000B", false, false),
            ("arn:aws:sts::111122223333:assumed-role/app/two", "AROAAPP0000000000000A", false, false),
        ] {
            let ids = BTreeMap::from([(name.to_owned(), id.to_owned()), ("other".to_owned(), "AIDAX".to_owned())]);
            let mut listed = Listed::aws(name).expect(name);
            listed.pin(&ids);
            let levels = CALLERS.map(|caller| listed.level(&caller).is_some());
            assert_eq!(levels, [false, user_may, session_may], "{name} as {id}");
        }
    }

    #[test]
    fn a_deny_for_all_others_spares_only_who_is_listed_whole() {
        let (account, digits) = ("arn:aws:iam::111122223333:root", "111122223333");
        let (ann, ann_id) = ("arn:aws:iam::111122223333:user/team/ann", "AIDAANN0000000000000A");
        let (role, role_id) = ("arn:aws:iam::111122223333:role/app", "AROAAPP0000000000000A");
        let session = "arn:aws:sts::111122223333:assumed-role/app/one";
        for (names, exempt) in [
            (vec!["*"], [true, true, true]),
            (vec![account], [true, false, false]),
            (vec![digits], [true, false, false]),
            (vec!["444455556666"], [false, false, false]),
            (vec![ann], [false, false, false]),
            (vec![account, ann], [true, true, false]),
            (vec![digits, ann_id], [true, true, false]),
            (vec!["444455556666", ann], [false, false, false]),
            (vec![account, role], [true, false, false]),
            (vec![account, session], [true, false, false]),
            (vec![role, session], [false, false, false]),
            (vec![account, role, session], [true, false, true]),
            (vec![digits, role_id, session], [true, false, true]),
            (vec![account, role, "arn:aws:sts::111122223333:assumed-role/app/two"], [true, false, false]),
        ] {
            let listed: Vec<_> = names.iter().map(|name| Listed::aws(name).expect(name)).collect();
            assert_eq!(CALLERS.map(|caller| Listed::exempt(&listed, &caller)), exempt, "{names:?}");
        }
        assert!(!Listed::exempt(&[Listed::elsewhere("*")], &ROOT), "every service is nobody here");
    }

    #[test]
    fn what_names_no_principal_is_refused() {
        let long = format!("AIDA{}", "A".repeat(125));
        for (text, error) in [
            ("", NameError::NoPrincipal),
            ("ann", NameError::NoPrincipal),
            ("11112222333", NameError::NoPrincipal),
            ("1111222233334", NameError::NoPrincipal),
            ("11112222333x", NameError::NoPrincipal),
            ("AIDA", NameError::NoPrincipal),
            ("AIDAann", NameError::NoPrincipal),
            ("AKIAANN0000000000000A", NameError::NoPrincipal),
            ("AGPAANN0000000000000A", NameError::NoPrincipal),
            (&long, NameError::NoPrincipal),
            ("**", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:*", NameError::NoPrincipal),
            ("arn:aws:iam::*:root", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:user/an?", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:user/${aws:username}", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:group/admins", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:user", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:user/", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:user//ann", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:role/a b", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:role/a!", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:role/a b/c", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:role/a:b", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:Root", NameError::NoPrincipal),
            ("arn:aws:iam::111122223333:root/", NameError::NoPrincipal),
            ("arn:aws:sts::111122223333:root", NameError::NoPrincipal),
            ("arn:aws:sts::111122223333:assumed-role/app", NameError::NoPrincipal),
            ("arn:aws:sts::111122223333:assumed-role/app/", NameError::NoPrincipal),
            ("arn:aws:sts::111122223333:assumed-role/app/one/two", NameError::NoPrincipal),
            ("arn:aws:sts::111122223333:federated-user/", NameError::NoPrincipal),
            ("arn:aws:kms::111122223333:key/a", NameError::NoPrincipal),
            ("arn:", NameError::NoArn),
            ("arn:aws:iam::111122223333", NameError::NoArn),
            ("arn:aws:iam::111122223333:", NameError::NoArn),
            ("arn::iam::111122223333:root", NameError::NoArn),
            ("arn:AWS:iam::111122223333:root", NameError::NoArn),
            ("arn:aws:::111122223333:root", NameError::NoArn),
            ("arn:aws::111122223333:root", NameError::NoArn),
            ("arn:aws:iam:us-east-1:111122223333:root", NameError::NoArn),
            ("arn:aws:iam::1111:root", NameError::NoArn),
            ("arn:aws:iam:::root", NameError::NoArn),
        ] {
            assert_eq!(Listed::aws(text), Err(error), "{text}");
        }
    }

    #[test]
    fn names_may_have_every_letter_that_iam_has() {
        for text in [
            "arn:aws-us-gov:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/a+b=c,d.e@f-g_h",
            "arn:aws:iam::111122223333:role/aws-service-role/a:b!/AWSServiceRoleForKms",
            "arn:aws:sts::111122223333:assumed-role/a+b=c,d.e@f-g_h/one@example.com",
            "arn:aws:sts::111122223333:federated-user/ann",
        ] {
            assert!(Listed::aws(text).is_ok(), "{text}");
        }
    }
}
