//! The verbs of identities as they are typed: one command for each, with IAM's names in small letters and dashes. The
//! table below is all there is to a verb; what it does, the server decides.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html>

use std::io::Read;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde_json::{Map, Value, json};

use super::Connection;
use super::secret::Secret;

/// One verb with what was typed for it.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) row: &'static Row,
    pub(crate) body: Map<String, Value>,
    pub(crate) connection: Connection,
    /// Where a new secret goes; only for verbs that make one.
    pub(crate) secret: Option<Secret>,
}

/// A verb: what it is called, what it takes, and how its answer is shown.
#[derive(Debug)]
pub(crate) struct Row {
    /// As it is typed: `create-user`.
    name: &'static str,
    about: &'static str,
    members: &'static [Member],
    pub(crate) show: Show,
}

/// How a person is shown an answer.
#[derive(Debug)]
pub(crate) enum Show {
    /// A list, one line each.
    Table(&'static str, &'static [&'static str]),
    /// The facts of one thing.
    Facts(&'static str),
    /// The policy document that was asked for.
    Document,
    /// A sentence with what was typed in it: `{UserName}`.
    Done(&'static str),
    /// The access key that was made, whose secret nobody sees again.
    Secret,
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    kind: Kind,
    is_required: bool,
    help: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Number,
    /// A file, `-` for standard input, or the JSON itself.
    Document,
    /// `name=value`, several.
    Tags,
    /// Words, several.
    Words,
    /// One of these.
    OneOf(&'static [&'static str]),
}

impl Row {
    /// As the server knows it: `CreateUser`.
    pub(crate) fn verb(&self) -> String {
        pascal(self.name)
    }

    fn command(&self) -> Command {
        let command = Command::new(self.name);
        let command = self.members.iter().fold(command, |command, member| command.arg(member.arg()));
        let command = match self.show {
            Show::Secret => Secret::augment_args(command),
            Show::Table(..) | Show::Facts(_) | Show::Document | Show::Done(_) => command,
        };
        // Last, since the groups of options bring a description of their own.
        Connection::augment_args(command).about(self.about)
    }

    fn typed(&'static self, matches: &ArgMatches) -> Result<Typed, clap::Error> {
        let mut body = Map::new();
        for member in self.members {
            if let Some(value) = member.value(matches)? {
                body.insert(pascal(member.name), value);
            }
        }
        let secret = match self.show {
            Show::Secret => Some(Secret::from_arg_matches(matches)?),
            Show::Table(..) | Show::Facts(_) | Show::Document | Show::Done(_) => None,
        };
        Ok(Typed { row: self, body, connection: Connection::from_arg_matches(matches)?, secret })
    }
}

impl Member {
    fn arg(&self) -> Arg {
        let arg = Arg::new(self.name).long(self.name).required(self.is_required).help(self.help);
        match self.kind {
            Kind::Text => arg.value_name("TEXT"),
            Kind::Number => arg.value_name("NUMBER").value_parser(clap::value_parser!(u32)),
            Kind::Document => arg.value_name("FILE|-|JSON").allow_hyphen_values(true),
            Kind::Tags => arg.value_name("NAME=VALUE").num_args(1..).action(ArgAction::Append),
            Kind::Words => arg.value_name("NAME").num_args(1..).action(ArgAction::Append),
            Kind::OneOf(values) => arg.value_parser(PossibleValuesParser::new(values)),
        }
    }

    /// What was typed, as the server takes it.
    fn value(&self, matches: &ArgMatches) -> Result<Option<Value>, clap::Error> {
        let refused = |why: String| {
            clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("--{}: {why}\n", self.name))
        };
        let text = || matches.get_one::<String>(self.name);
        let texts = || matches.get_many::<String>(self.name);
        match self.kind {
            Kind::Text | Kind::OneOf(_) => Ok(text().map(|text| json!(text))),
            Kind::Number => Ok(matches.get_one::<u32>(self.name).map(|number| json!(number))),
            Kind::Document => text().map(|text| document(text).map(Value::String).map_err(refused)).transpose(),
            Kind::Words => Ok(texts().map(|words| words.cloned().collect())),
            Kind::Tags => texts().map(|tags| tags.map(|tag| read_tag(tag).map_err(refused)).collect()).transpose(),
        }
    }
}

/// `name=value`, whose value may be empty and may have the sign itself; or as AWS's own program takes it.
fn read_tag(text: &str) -> Result<Value, String> {
    let long = text.strip_prefix("Key=").and_then(|rest| rest.split_once(",Value="));
    let (name, value) = long.or_else(|| text.split_once('=')).ok_or_else(|| format!("{text} is not NAME=VALUE"))?;
    Ok(json!({ "Key": name, "Value": value }))
}

/// A policy's text: itself, if it begins as JSON does, else from the file of that name, or from standard input.
fn document(text: &str) -> Result<String, String> {
    if text.trim_start().starts_with('{') {
        return Ok(text.to_owned());
    }
    if text == "-" {
        let mut read = String::new();
        let read_all = std::io::stdin().lock().take(DOCUMENT_AT_MOST).read_to_string(&mut read);
        return read_all.map(|_| read).map_err(|error| format!("cannot read standard input: {error}"));
    }
    // AWS's own program wants it that way, so fingers do too.
    let path = text.strip_prefix("file://").unwrap_or(text);
    let mut read = String::new();
    let read_all = std::fs::File::open(path).and_then(|file| file.take(DOCUMENT_AT_MOST).read_to_string(&mut read));
    read_all.map(|_| read).map_err(|error| format!("cannot read {path}: {error}"))
}

/// `user-name` → `UserName`.
fn pascal(name: &str) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    name.split('-').map(capital).collect()
}

impl Subcommand for Typed {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(ROWS.iter().map(Row::command))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        ROWS.iter().any(|row| row.name == name)
    }
}

impl FromArgMatches for Typed {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let missing = || clap::Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        ROWS.iter().find(|row| row.name == name).ok_or_else(missing)?.typed(matches)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

const fn must(name: &'static str, help: &'static str) -> Member {
    Member { name, kind: Kind::Text, is_required: true, help }
}

const fn may(name: &'static str, help: &'static str) -> Member {
    Member { name, kind: Kind::Text, is_required: false, help }
}

const USER: Member = must("user-name", "The user");
const ROLE: Member = must("role-name", "The role");
const OWN_USER: Member = may("user-name", "The user [default: whoever asks]");
const POLICY_NAME: Member = must("policy-name", "The policy's name, of its principal alone");
const PATH: Member = may("path", "Groups names, as in /team/ [default: /]");
const PATH_PREFIX: Member = may("path-prefix", "Only those whose path begins so");
const KEY_ID: Member = must("access-key-id", "The access key's id");
const TAGS: Member =
    Member { name: "tags", kind: Kind::Tags, is_required: false, help: "Tags, which policies may ask for" };
const MORE_TAGS: Member = Member { is_required: true, help: "Tags to add or change", ..TAGS };
const TAG_KEYS: Member =
    Member { name: "tag-keys", kind: Kind::Words, is_required: true, help: "Names of tags to take away" };
const DOCUMENT: Member = Member {
    name: "policy-document",
    kind: Kind::Document,
    is_required: true,
    help: "The policy: a file, - for standard input, or the JSON itself",
};
const TRUST: Member = Member {
    name: "assume-role-policy-document",
    help: "Who may assume the role: a file, - or the JSON itself",
    ..DOCUMENT
};
const STATUS: Member = Member {
    name: "status",
    kind: Kind::OneOf(&["Active", "Inactive"]),
    is_required: true,
    help: "Whether what it signs counts",
};
const SESSION: Member = Member {
    name: "max-session-duration",
    kind: Kind::Number,
    is_required: false,
    help: "The longest session, in seconds [default: 3600]",
};

const fn row(name: &'static str, about: &'static str, members: &'static [Member], show: Show) -> Row {
    Row { name, about, members, show }
}

/// In the order in which the help lists them.
pub(crate) static ROWS: &[Row] = &[
    row(
        "create-account",
        "Make an account, with an access key of its root",
        &[may("account-id", "12 digits [default: random ones]"), may("account-name", "For people")],
        Show::Secret,
    ),
    row(
        "list-accounts",
        "The accounts of this server",
        &[],
        Show::Table("Accounts", &["Id", "Name", "Management", "CreateDate"]),
    ),
    row("create-user", "Make a user", &[USER, PATH, TAGS], Show::Facts("User")),
    row("get-user", "One user", &[OWN_USER], Show::Facts("User")),
    row(
        "list-users",
        "The account's users",
        &[PATH_PREFIX],
        Show::Table("Users", &["UserName", "Arn", "UserId", "CreateDate"]),
    ),
    row(
        "delete-user",
        "Remove a user that has no policy and no access key left",
        &[USER],
        Show::Done("the user {UserName} is no more"),
    ),
    row("tag-user", "Add or change tags of a user", &[USER, MORE_TAGS], Show::Done("the user {UserName} has the tags")),
    row(
        "untag-user",
        "Take tags from a user",
        &[USER, TAG_KEYS],
        Show::Done("the user {UserName} has the tags no more"),
    ),
    row("list-user-tags", "A user's tags", &[USER], Show::Table("Tags", &["Key", "Value"])),
    row(
        "put-user-policy",
        "Give a user a policy, or replace one",
        &[USER, POLICY_NAME, DOCUMENT],
        Show::Done("the policy {PolicyName} of the user {UserName} counts from now on"),
    ),
    row("get-user-policy", "The document of a user's policy", &[USER, POLICY_NAME], Show::Document),
    row("list-user-policies", "The names of a user's policies", &[USER], Show::Table("PolicyNames", &[])),
    row(
        "delete-user-policy",
        "Take a policy from a user",
        &[USER, POLICY_NAME],
        Show::Done("the user {UserName} has the policy {PolicyName} no more"),
    ),
    row(
        "create-role",
        "Make a role",
        &[ROLE, TRUST, PATH, may("description", "For people"), SESSION, TAGS],
        Show::Facts("Role"),
    ),
    row("get-role", "One role", &[ROLE], Show::Facts("Role")),
    row(
        "list-roles",
        "The account's roles",
        &[PATH_PREFIX],
        Show::Table("Roles", &["RoleName", "Arn", "RoleId", "CreateDate"]),
    ),
    row(
        "update-role",
        "Change what is said of a role, or how long its sessions may last",
        &[ROLE, may("description", "For people"), SESSION],
        Show::Done("the role {RoleName} is changed"),
    ),
    row("delete-role", "Remove a role that has no policy left", &[ROLE], Show::Done("the role {RoleName} is no more")),
    row(
        "update-assume-role-policy",
        "Replace who may assume a role",
        &[ROLE, DOCUMENT],
        Show::Done("who may assume the role {RoleName} is as the document says"),
    ),
    row("tag-role", "Add or change tags of a role", &[ROLE, MORE_TAGS], Show::Done("the role {RoleName} has the tags")),
    row(
        "untag-role",
        "Take tags from a role",
        &[ROLE, TAG_KEYS],
        Show::Done("the role {RoleName} has the tags no more"),
    ),
    row("list-role-tags", "A role's tags", &[ROLE], Show::Table("Tags", &["Key", "Value"])),
    row(
        "put-role-policy",
        "Give a role a policy, or replace one",
        &[ROLE, POLICY_NAME, DOCUMENT],
        Show::Done("the policy {PolicyName} of the role {RoleName} counts from now on"),
    ),
    row("get-role-policy", "The document of a role's policy", &[ROLE, POLICY_NAME], Show::Document),
    row("list-role-policies", "The names of a role's policies", &[ROLE], Show::Table("PolicyNames", &[])),
    row(
        "delete-role-policy",
        "Take a policy from a role",
        &[ROLE, POLICY_NAME],
        Show::Done("the role {RoleName} has the policy {PolicyName} no more"),
    ),
    row("create-access-key", "Make an access key, at most two for each user", &[OWN_USER], Show::Secret),
    row(
        "list-access-keys",
        "The access keys of a user, without their secrets",
        &[OWN_USER],
        Show::Table("AccessKeyMetadata", &["AccessKeyId", "Status", "UserName", "CreateDate"]),
    ),
    row(
        "update-access-key",
        "Let an access key count, or not",
        &[OWN_USER, KEY_ID, STATUS],
        Show::Done("the access key {AccessKeyId} is {Status}"),
    ),
    row(
        "delete-access-key",
        "Remove an access key",
        &[OWN_USER, KEY_ID],
        Show::Done("the access key {AccessKeyId} is no more"),
    ),
];

/// Far more than any policy may have, in bytes.
const DOCUMENT_AT_MOST: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use server::kms::iam::verb::Verb;

    use super::*;

    fn read(words: &[&str]) -> Result<Typed, clap::Error> {
        let command = Typed::augment_subcommands(Command::new("admin").no_binary_name(true));
        Typed::from_arg_matches(&command.try_get_matches_from(words)?)
    }

    #[test]
    fn what_is_typed_becomes_the_members_of_the_request() {
        let policy = r#"{"Version":"2012-10-17"}"#;
        for (words, verb, body) in [
            (vec!["list-users"], "ListUsers", json!({})),
            (
                vec![
                    "create-user",
                    "--user-name",
                    "ann",
                    "--path",
                    "/x/",
                    "--tags",
                    "a=1=2",
                    "b=",
                    "--tags",
                    "Key=c,Value=3",
                ],
                "CreateUser",
                json!({ "UserName": "ann", "Path": "/x/", "Tags": [
                    { "Key": "a", "Value": "1=2" }, { "Key": "b", "Value": "" }, { "Key": "c", "Value": "3" } ] }),
            ),
            (
                vec![
                    "create-role",
                    "--role-name",
                    "r",
                    "--assume-role-policy-document",
                    policy,
                    "--max-session-duration",
                    "7200",
                ],
                "CreateRole",
                json!({ "RoleName": "r", "AssumeRolePolicyDocument": policy, "MaxSessionDuration": 7200 }),
            ),
            (
                vec!["untag-role", "--role-name", "r", "--tag-keys", "a", "b"],
                "UntagRole",
                json!({ "RoleName": "r", "TagKeys": ["a", "b"] }),
            ),
            (
                vec!["update-access-key", "--access-key-id", "AKIA", "--status", "Inactive"],
                "UpdateAccessKey",
                json!({ "AccessKeyId": "AKIA", "Status": "Inactive" }),
            ),
        ] {
            let typed = read(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            assert_eq!((typed.row.verb().as_str(), Value::Object(typed.body)), (verb, body), "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_request_is_not_understood() {
        for (words, said) in [
            (vec!["create-user"], "--user-name"),
            (vec!["create-user", "--user-name", "ann", "--tags", "a"], "--tags: a is not NAME=VALUE"),
            (vec!["update-access-key", "--access-key-id", "A", "--status", "active"], "Inactive"),
            (
                vec!["put-user-policy", "--user-name", "a", "--policy-name", "p", "--policy-document", "absent.json"],
                "absent.json",
            ),
            (vec!["create-usr"], "create-user"),
            (vec!["create-access-key", "--print-secret", "--save-to", "x"], "--save-to"),
        ] {
            let error = read(&words).err().unwrap_or_else(|| panic!("{words:?} is taken"));
            assert!(error.to_string().contains(said), "{words:?}: {error}");
        }
    }

    #[test]
    fn a_document_comes_from_a_file_by_either_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("policy.json").display().to_string();
        std::fs::write(&path, "{}").unwrap();
        for text in [path.clone(), format!("file://{path}")] {
            assert_eq!(document(&text).unwrap(), "{}");
        }
        assert_eq!(document(" {\"a\":1}").unwrap(), " {\"a\":1}");
    }

    #[test]
    fn every_verb_has_its_command_and_no_other_has() {
        let mut typed: Vec<String> = ROWS.iter().map(Row::verb).collect();
        let mut known: Vec<String> = Verb::ALL.iter().map(|verb| verb.name().to_owned()).collect();
        typed.sort();
        known.sort();
        assert_eq!(typed, known);
    }

    #[test]
    fn a_sentence_names_only_what_can_be_typed() {
        for row in ROWS {
            let Show::Done(sentence) = row.show else { continue };
            for name in sentence.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                assert!(row.members.iter().any(|member| pascal(member.name) == name), "{}: {name}", row.name);
            }
        }
    }
}
