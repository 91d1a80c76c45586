//! Whose credentials a command signs with: the file that was named, those of the first start, the variables that every
//! AWS client reads, or the user's own AWS file, in this order. It reads; what is written is `secret_file`'s.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crypto::SecretBytes;

use crate::client::Endpoint;
use crate::options;

/// What signs.
pub(crate) struct Credentials {
    pub(crate) access_key_id: String,
    pub(crate) secret: SecretBytes,
    /// Of sessions alone.
    pub(crate) session_token: Option<String>,
    /// Where they came from, for whoever wonders why they were refused.
    pub(crate) source: String,
}

/// Credentials, and what the same file says besides.
pub(crate) struct Found {
    pub(crate) credentials: Credentials,
    pub(crate) region: Option<String>,
    pub(crate) endpoint: Option<Endpoint>,
}

/// Where to look.
pub(crate) struct Search<'a> {
    /// The file that was named, which then is the only place.
    pub(crate) file: Option<&'a Path>,
    /// The profile in it; a named one is not looked for in variables.
    pub(crate) profile: Option<&'a str>,
    /// Where the first start's credentials lie.
    pub(crate) secrets: &'a Path,
    /// A variable's value.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
}

impl Search<'_> {
    /// The first credentials there are.
    ///
    /// # Errors
    /// A sentence: nothing anywhere, or something that cannot be read. What is broken is not passed over.
    pub(crate) fn find(&self) -> Result<Found, String> {
        let named_profile = self.profile.unwrap_or(DEFAULT);
        if let Some(file) = self.file {
            return in_file(file, named_profile)?.ok_or_else(|| lacks(file, named_profile));
        }
        let own = self.secrets.join("credentials");
        if own.exists()
            && let Some(found) = in_file(&own, named_profile)?
        {
            return Ok(found);
        }
        if self.profile.is_none()
            && let Some(found) = self.in_variables()?
        {
            return Ok(found);
        }
        let profile = self.profile.map(str::to_owned).or_else(|| (self.variable)("AWS_PROFILE"));
        let profile = profile.as_deref().unwrap_or(DEFAULT);
        match self.shared_file() {
            Some(file) if file.exists() => in_file(&file, profile)?.ok_or_else(|| lacks(&file, profile)),
            Some(_) | None => Err(format!(
                "no credentials: there is no {}, AWS_ACCESS_KEY_ID is not set, and there is no AWS credentials file; name \
                 one with --credentials-file",
                own.display()
            )),
        }
    }

    fn in_variables(&self) -> Result<Option<Found>, String> {
        let (id, secret) = ((self.variable)("AWS_ACCESS_KEY_ID"), (self.variable)("AWS_SECRET_ACCESS_KEY"));
        let (Some(id), Some(secret)) = (id, secret) else { return Ok(None) };
        let section = Section {
            access_key_id: Some(id),
            secret: Some(SecretBytes::from(secret.into_bytes())),
            session_token: (self.variable)("AWS_SESSION_TOKEN"),
            region: (self.variable)("AWS_REGION").or_else(|| (self.variable)("AWS_DEFAULT_REGION")),
            endpoint: None,
        };
        section.found("the variable AWS_ACCESS_KEY_ID").map(Some)
    }

    fn shared_file(&self) -> Option<PathBuf> {
        let named = (self.variable)("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
        named.or_else(|| (self.variable)("HOME").map(|home| PathBuf::from(home).join(".aws/credentials")))
    }
}

fn lacks(file: &Path, profile: &str) -> String {
    format!("{} has no profile [{profile}] with an access key: name another with --profile", file.display())
}

/// A profile of a file; `None` if it has no such profile.
fn in_file(path: &Path, profile: &str) -> Result<Option<Found>, String> {
    let unread = |error: &dyn std::fmt::Display| format!("cannot read the credentials in {}: {error}", path.display());
    // One allocation: growing would leave copies of a secret behind.
    let mut bytes = Vec::with_capacity(FILE_AT_MOST);
    let file = File::open(path).map_err(|error| unread(&error))?;
    file.take(FILE_AT_MOST as u64).read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    let bytes = SecretBytes::from(bytes);
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| unread(&"it is no text"))?;
    let section = Section::read(text, profile);
    if section.access_key_id.is_none() && section.secret.is_none() {
        return Ok(None);
    }
    section.found(&path.display().to_string()).map(Some)
}

/// What one profile says.
#[derive(Default)]
struct Section {
    access_key_id: Option<String>,
    secret: Option<SecretBytes>,
    session_token: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
}

impl Section {
    /// Reads the lines `name = value` under `[profile]`; what it does not know is other programs' business.
    fn read(text: &str, profile: &str) -> Section {
        let mut section = Section::default();
        let mut is_here = false;
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                is_here = name.trim() == profile;
            }
            let Some((name, value)) = line.split_once('=').filter(|_| is_here) else { continue };
            let value = value.trim();
            match name.trim() {
                "aws_access_key_id" => section.access_key_id = Some(value.to_owned()),
                "aws_secret_access_key" => section.secret = Some(SecretBytes::from(value.as_bytes().to_vec())),
                "aws_session_token" => section.session_token = Some(value.to_owned()),
                "region" => section.region = Some(value.to_owned()),
                "endpoint_url" => section.endpoint = Some(value.to_owned()),
                _ => {}
            }
        }
        section
    }

    /// Checks all of it, so that what signs need not.
    fn found(self, source: &str) -> Result<Found, String> {
        let wrong =
            |what: &str| format!("{what} of {source} is missing or malformed: look at it, or name other credentials");
        let is_word = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let access_key_id = self.access_key_id.filter(is_word).ok_or_else(|| wrong("the access key id"))?;
        let secret = self.secret.filter(|secret| !secret.expose().is_empty());
        let secret = secret.ok_or_else(|| wrong("the secret access key"))?;
        if self.session_token.as_ref().is_some_and(|token| !is_word(token)) {
            return Err(wrong("the session token"));
        }
        let region = self.region.as_deref().map(options::region).transpose().map_err(|_| wrong("the region"))?;
        let endpoint = self.endpoint.as_deref().map(Endpoint::parse).transpose();
        let endpoint = endpoint.map_err(|why| format!("the endpoint_url of {source} is not understood: {why}"))?;
        let session_token = self.session_token;
        let credentials = Credentials { access_key_id, secret, session_token, source: source.to_owned() };
        Ok(Found { credentials, region, endpoint })
    }
}

/// The text of a credentials file with this one access key, as every AWS client reads it.
pub(crate) fn text(access_key_id: &str, secret: &SecretBytes, region: &str, endpoint: Option<&str>) -> SecretBytes {
    let endpoint = endpoint.map_or_else(String::new, |endpoint| format!("endpoint_url = {endpoint}\n"));
    let before = format!("[{DEFAULT}]\naws_access_key_id = {access_key_id}\naws_secret_access_key = ");
    let after = format!("\nregion = {region}\n{endpoint}");
    // One allocation holds it all: growing would leave a copy of the secret behind.
    let mut text = Vec::with_capacity(before.len() + secret.expose().len() + after.len());
    text.extend_from_slice(before.as_bytes());
    text.extend_from_slice(secret.expose());
    text.extend_from_slice(after.as_bytes());
    SecretBytes::from(text)
}

const DEFAULT: &str = "default";

/// Far more than a credentials file has, in bytes.
const FILE_AT_MOST: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A directory with the first start's credentials or none, a home with an AWS file or none, and variables.
    struct Machine {
        directory: tempfile::TempDir,
        variables: BTreeMap<&'static str, String>,
    }

    impl Machine {
        fn new(files: &[(&str, &str)], variables: &[(&'static str, &str)]) -> Machine {
            let directory = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = directory.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            let home = directory.path().display().to_string();
            let mut variables: BTreeMap<_, _> =
                variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            variables.insert("HOME", home);
            Machine { directory, variables }
        }

        fn find(&self, file: Option<&str>, profile: Option<&str>) -> Result<Found, String> {
            let file = file.map(|name| self.directory.path().join(name));
            let search = Search {
                file: file.as_deref(),
                profile,
                secrets: &self.directory.path().join("trent-secrets"),
                variable: &|name| self.variables.get(name).cloned(),
            };
            search.find()
        }
    }

    fn profile(name: &str, id: &str) -> String {
        format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key=s=/+\nother = x\n")
    }

    #[test]
    fn the_nearest_credentials_are_taken() {
        let (own, aws) = ("trent-secrets/credentials", ".aws/credentials");
        let variables = [("AWS_ACCESS_KEY_ID", "VARIABLE"), ("AWS_SECRET_ACCESS_KEY", "s")];
        let (first, shared) = (profile("default", "FIRST"), profile("default", "SHARED") + &profile("ann", "ANN"));
        let all = Machine::new(&[(own, &first), (aws, &shared), ("named", &profile("default", "NAMED"))], &variables);
        let no_own = Machine::new(&[(aws, &shared)], &variables);
        let only_aws = Machine::new(&[(aws, &shared)], &[]);
        let by_variable = Machine::new(&[(aws, &shared)], &[("AWS_PROFILE", "ann")]);
        for (machine, file, profile, expected) in [
            (&all, Some("named"), None, "NAMED"),
            (&all, None, None, "FIRST"),
            (&all, None, Some("ann"), "ANN"),
            (&no_own, None, None, "VARIABLE"),
            (&no_own, None, Some("ann"), "ANN"),
            (&only_aws, None, None, "SHARED"),
            (&by_variable, None, None, "ANN"),
        ] {
            let found = machine.find(file, profile).unwrap_or_else(|why| panic!("{expected}: {why}"));
            assert_eq!(found.credentials.access_key_id, expected);
        }
        let found = only_aws.find(None, None).unwrap();
        assert_eq!(found.credentials.secret.expose(), b"s=/+", "a value may have the sign itself");
    }

    #[test]
    fn region_endpoint_and_token_come_along() {
        let text = "[default]\naws_access_key_id = A\naws_secret_access_key = s\naws_session_token = t==\n\
                    region = eu-west-1\nendpoint_url = http://127.0.0.1:4600\n";
        let found = Machine::new(&[("trent-secrets/credentials", text)], &[]).find(None, None).unwrap();
        assert_eq!(found.region.as_deref(), Some("eu-west-1"));
        assert_eq!(found.endpoint.unwrap().to_string(), "http://127.0.0.1:4600");
        assert_eq!(found.credentials.session_token.as_deref(), Some("t=="));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = text("AKIA", &SecretBytes::from(b"s=/+".to_vec()), "eu-west-1", Some("http://127.0.0.1:4600"));
        let text = std::str::from_utf8(written.expose()).unwrap();
        let found = Machine::new(&[("named", text)], &[]).find(Some("named"), None).unwrap();
        assert_eq!(
            (found.credentials.access_key_id.as_str(), found.credentials.secret.expose()),
            ("AKIA", &b"s=/+"[..])
        );
        assert_eq!(found.region.as_deref(), Some("eu-west-1"));
        assert_eq!(found.endpoint.unwrap().to_string(), "http://127.0.0.1:4600");
    }

    #[test]
    fn what_is_missing_or_broken_is_named_and_not_passed_over() {
        let own = "trent-secrets/credentials";
        let empty = Machine::new(&[], &[]);
        for (machine, file, profile, words) in [
            (&empty, None, None, "--credentials-file"),
            (&empty, Some("absent"), None, "absent"),
            (&Machine::new(&[("x", "[other]\n")], &[]), Some("x"), None, "no profile [default]"),
            (&Machine::new(&[(own, "[default]\naws_access_key_id = A\n")], &[]), None, None, "secret access key"),
            (&Machine::new(&[(own, "[default]\naws_secret_access_key = A\n")], &[]), None, None, "access key id"),
            (&Machine::new(&[(own, &(profile_with("region = A B")))], &[]), None, None, "the region"),
            (&Machine::new(&[(own, &(profile_with("endpoint_url = https://x")))], &[]), None, None, "endpoint_url"),
            (&Machine::new(&[(own, &(profile_with("aws_session_token = a b")))], &[]), None, None, "session token"),
            (&Machine::new(&[(".aws/credentials", "")], &[]), None, Some("ann"), "[ann]"),
        ] {
            let said = machine.find(file, profile).err().unwrap_or_else(|| panic!("{words}: it was found"));
            assert!(said.contains(words), "{words:?} is not in: {said}");
        }
    }

    fn profile_with(line: &str) -> String {
        profile("default", "A") + line + "\n"
    }
}
