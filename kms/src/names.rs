//! How a caller may name a key: by id, key ARN, alias or alias ARN. Text becomes a `KeyName` here, once, at the door;
//! whether the key exists is not asked.

use crate::error::{Error, Invalid};
use crate::managed::RESERVED;
use crate::world::World;

/// Which forms of name an operation takes.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The operation names no key.
    None,
    /// Key id or key ARN.
    KeyOnly,
    /// Key id, key ARN, alias name or alias ARN.
    KeyOrAlias,
}

/// A name that is well formed, and where it points.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum KeyName {
    /// A key id, in the world that its ARN, or else the caller, is in.
    Key { world: World, id: String, bare: bool },
    /// An alias with its prefix `alias/`.
    Alias { world: World, alias: String },
}

impl KeyName {
    /// Reads `text` as a caller in `here` means it.
    ///
    /// Errors, in AWS's order: an alias where none is taken, before anything is looked up; another Region than the
    /// endpoint's; an id that is none. An ARN that is not of this shape, or of another service, is `InvalidArn`.
    pub fn parse(text: &str, here: &World, takes: Names) -> Result<KeyName, Error> {
        let name = match text.strip_prefix("arn:") {
            Some(rest) => Self::parse_arn(text, rest, here, takes)?,
            None if text.starts_with("alias/") => KeyName::Alias { world: here.clone(), alias: text.to_owned() },
            None if is_key_id(text) => KeyName::Key { world: here.clone(), id: text.to_owned(), bare: true },
            None => return Err(Error::MalformedKeyId { given: text.to_owned(), in_arn: false }),
        };
        match (&name, takes) {
            (KeyName::Alias { .. }, Names::KeyOnly | Names::None) => Err(Error::AliasNotTaken),
            (KeyName::Alias { .. }, Names::KeyOrAlias) | (KeyName::Key { .. }, _) => Ok(name),
        }
    }

    /// Where it points.
    pub fn world(&self) -> &World {
        match self {
            KeyName::Key { world, .. } | KeyName::Alias { world, .. } => world,
        }
    }

    /// That there is nothing of this name.
    pub fn missing(&self) -> Error {
        match self {
            KeyName::Key { world, id, .. } => Error::NoSuchKey { arn: world.key_arn(id) },
            KeyName::Alias { world, alias } => Error::NoSuchAlias { arn: world.alias_arn(alias) },
        }
    }

    fn parse_arn(text: &str, rest: &str, here: &World, takes: Names) -> Result<KeyName, Error> {
        let malformed = || Error::MalformedArn { given: text.to_owned() };
        let [partition, service, region, account, resource] =
            rest.splitn(5, ':').collect::<Vec<_>>().try_into().map_err(|_| malformed())?;
        let world = World { account: account.to_owned(), region: region.to_owned() };
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if service != "kms" || !is_account || partition != crate::place::partition(region) {
            return Err(malformed());
        }
        if resource.starts_with("alias/") {
            if takes != Names::KeyOrAlias {
                return Err(Error::AliasNotTaken);
            }
            Self::same_region(region, here)?;
            return Ok(KeyName::Alias { world, alias: resource.to_owned() });
        }
        Self::same_region(region, here)?;
        let id = resource.strip_prefix("key/").ok_or_else(malformed)?;
        if !is_key_id(id) {
            return Err(Error::MalformedKeyId { given: id.to_owned(), in_arn: true });
        }
        Ok(KeyName::Key { world, id: id.to_owned(), bare: false })
    }

    fn same_region(region: &str, here: &World) -> Result<(), Error> {
        if region == here.region { Ok(()) } else { Err(Error::OtherRegion { region: region.to_owned() }) }
    }
}

/// The name of an alias as the operations on aliases take it: with its prefix, and without an ARN.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AliasName(pub String);

impl AliasName {
    /// What every alias begins with.
    pub const PREFIX: &str = "alias/";

    /// Reads `text`, which kept to the model's pattern.
    ///
    /// Errors: the `AliasPrefix` and `AliasCharacters` of `Invalid`; `ReservedAlias`.
    pub fn parse(text: &str) -> Result<AliasName, Error> {
        if !text.starts_with(AliasName::PREFIX) {
            return Err(Error::Invalid(Invalid::AliasPrefix));
        }
        if text.contains(':') || !is_alias(text) {
            return Err(Error::Invalid(Invalid::AliasCharacters { alias: text.to_owned() }));
        }
        if text.starts_with(RESERVED) { Err(Error::ReservedAlias) } else { Ok(AliasName(text.to_owned())) }
    }
}

/// Whether an alias can be called so. A name that no alias can have is asked for like one that none has.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
pub(crate) fn is_alias(text: &str) -> bool {
    text.len() <= MAX_ALIAS && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-'))
}

/// The longest name of an alias with its prefix, in bytes.
const MAX_ALIAS: usize = 256;

/// A UUID with its dashes in either case, or `mrk-` and 32 lower-case hexadecimal digits. An upper-case UUID is well
/// formed and printed as given, but names no key, as ids are lower-case.
fn is_key_id(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    }
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn here() -> World {
        World { account: "111122223333".into(), region: "us-east-1".into() }
    }

    #[test]
    fn the_four_forms_are_read_and_everything_else_is_refused_in_awss_words() {
        let mrk = format!("mrk-{}", "0a".repeat(16));
        let key = |id: &str, bare| Ok(KeyName::Key { world: here(), id: id.into(), bare });
        let alias = || Ok(KeyName::Alias { world: here(), alias: "alias/x".into() });
        let bad_id = |given: &str, in_arn| Err(Error::MalformedKeyId { given: given.into(), in_arn });
        let bad_arn = |given: &str| Err(Error::MalformedArn { given: given.into() });
        let cases = [
            (ID, key(ID, true)),
            (mrk.as_str(), key(&mrk, true)),
            ("1234ABCD-12AB-34CD-56EF-1234567890AB", key("1234ABCD-12AB-34CD-56EF-1234567890AB", true)),
            (&format!("arn:aws:kms:us-east-1:111122223333:key/{ID}"), key(ID, false)),
            ("alias/x", alias()),
            ("arn:aws:kms:us-east-1:111122223333:alias/x", alias()),
            ("fake-key-id", bad_id("fake-key-id", false)),
            ("1234abcd12ab34cd56ef1234567890ab", bad_id("1234abcd12ab34cd56ef1234567890ab", false)),
            ("mrk-fake-key-id", bad_id("mrk-fake-key-id", false)),
            ("arn:aws:kms:us-east-1:111122223333:key/foo", bad_id("foo", true)),
            (
                &format!("arn:aws:kms:eu-west-1:111122223333:key/{ID}"),
                Err(Error::OtherRegion { region: "eu-west-1".into() }),
            ),
            ("arn:aws:s3:us-east-1:111122223333:key/x", bad_arn("arn:aws:s3:us-east-1:111122223333:key/x")),
            ("arn:aws-cn:kms:us-east-1:111122223333:key/x", bad_arn("arn:aws-cn:kms:us-east-1:111122223333:key/x")),
            ("arn:aws:kms:us-east-1:1:key/x", bad_arn("arn:aws:kms:us-east-1:1:key/x")),
            ("arn:aws:kms", bad_arn("arn:aws:kms")),
        ];
        for (text, expected) in cases {
            assert_eq!(KeyName::parse(text, &here(), Names::KeyOrAlias), expected, "{text}");
        }
    }

    #[test]
    fn an_alias_where_only_a_key_is_taken_is_refused_before_its_region_is_looked_at() {
        for text in
            ["alias/x", "arn:aws:kms:us-east-1:111122223333:alias/x", "arn:aws:kms:eu-west-1:111122223333:alias/x"]
        {
            assert_eq!(KeyName::parse(text, &here(), Names::KeyOnly), Err(Error::AliasNotTaken), "{text}");
        }
    }
}
