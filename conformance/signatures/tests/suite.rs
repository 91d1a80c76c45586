//! AWS's own signing test suite, which lies in the package of its Rust signer: each of its requests is read, brought
//! into its canonical form and verified as a request to Trent is. What of it is not for a service like this one is
//! named with the reason, and refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crypto::{SecretBytes, SigningKey, sha256};
use wire::sigv4::{self, Head, Signed};

/// The secret of every case.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// S3 alone signs a path as it was sent. Here it is brought into one form, so the signature is of another path. (In
/// `get-space-unnormalized` the two forms are the same.)
const ANOTHER_PATH: [&str; 6] = [
    "get-relative-relative-unnormalized",
    "get-relative-unnormalized",
    "get-slash-dot-slash-unnormalized",
    "get-slash-pointless-dot-unnormalized",
    "get-slash-unnormalized",
    "get-slashes-unnormalized",
];

/// The session token is added after signing, which a few services want. Whoever could change it would be another.
const UNSIGNED_TOKEN: [&str; 1] = ["post-sts-header-after"];

/// Older cases: the signature of this one is of another day than the request, so only its canonical path is compared.
const PATH_ALONE: [&str; 1] = ["double-encode-path"];

/// How many cases are in the suite, and how many of them fit as a whole.
const CASES: usize = 40;
const WHOLE: usize = 32;

/// A case's folder.
struct Case {
    name: String,
    folder: PathBuf,
}

/// A request as it is written in the suite.
struct Written {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Canonical request, string to sign and signature are the suite's.
    Whole,
    /// The canonical path is the suite's.
    Path,
    /// The signature is of another path than the request's.
    Mismatch,
    /// The token is unsigned.
    Refused,
}

impl Case {
    fn text(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.join(file)).ok()
    }

    fn is_in(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    fn expected(&self) -> Outcome {
        if self.is_in(&PATH_ALONE) {
            Outcome::Path
        } else if self.is_in(&UNSIGNED_TOKEN) {
            Outcome::Refused
        } else if self.is_in(&ANOTHER_PATH) {
            Outcome::Mismatch
        } else {
            Outcome::Whole
        }
    }

    /// What becomes of the signed request, in its header form.
    fn outcome(&self) -> Outcome {
        let written = Written::read(&self.text("header-signed-request.txt").expect("every case has one"));
        let wanted = self.text("header-canonical-request.txt").expect("every case has one");
        let head = written.head();
        let Ok(signed) = sigv4::parse(&head) else { return Outcome::Refused };
        let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(sha256(&written.body)));
        let lines = |text: &str| text.lines().take(3).map(str::to_owned).collect::<Vec<_>>();
        let same_path = lines(&String::from_utf8_lossy(&canonical)) == lines(&wanted);
        let fits = self.fits(&signed, &canonical, &wanted);
        match (same_path, fits) {
            (true, true) => Outcome::Whole,
            (true, false) => Outcome::Path,
            (false, false) => Outcome::Mismatch,
            (false, true) => panic!("{}: a signature of another request was believed", self.name),
        }
    }

    /// Whether all three texts and the signature are the suite's.
    fn fits(&self, signed: &Signed<'_>, canonical: &[u8], wanted: &str) -> bool {
        let text = sigv4::string_to_sign(signed, &hex::encode(sha256(canonical)));
        let secret = SecretBytes::from(SECRET.as_bytes().to_vec());
        let key = SigningKey::derive(&secret, signed.scope_date, signed.region, signed.service);
        let verified = key.verify(&text, signed.signature);
        if !verified {
            return false;
        }
        assert_eq!(String::from_utf8_lossy(canonical), wanted.trim_end(), "{}", self.name);
        if let Some(wanted) = self.text("header-string-to-sign.txt") {
            assert_eq!(text, wanted.trim_end(), "{}", self.name);
        }
        if let Some(wanted) = self.text("header-signature.txt") {
            assert_eq!(signed.signature, wanted.trim_end(), "{}", self.name);
        }
        assert_eq!(key.sign_hex(&text), signed.signature, "{}", self.name);
        assert!(!key.verify(&(text + " "), signed.signature), "{}", self.name);
        true
    }
}

impl Written {
    /// A line is a header, or the rest of the one before if it begins with white space (RFC 9112 §5.2, where a server
    /// makes it a space). The first line may lack the version, and its target may have spaces.
    fn read(text: &str) -> Written {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let first = lines.next().expect("a request line");
        let (method, target) = first.split_once(' ').expect("a method and a target");
        let target = target.strip_suffix(" HTTP/1.1").unwrap_or(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in lines {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some((_, value))) => value.extend_from_slice([" ", line.trim()].concat().as_bytes()),
                (true, None) => panic!("a continuation of nothing: {line:?}"),
                (false, _) => {
                    let (name, value) = line.split_once(':').expect("a header has a colon");
                    headers.push((name.to_ascii_lowercase(), value.as_bytes().to_vec()));
                }
            }
        }
        let body = body.trim_end_matches('\n').as_bytes().to_vec();
        Written { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers, body }
    }

    fn head(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }
}

/// The folder of the package `aws-sigv4`, wherever cargo keeps it.
fn package() -> PathBuf {
    let host = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let host = told(host, &["-vV"]);
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // Of this platform, so that nothing has to be fetched that was not built.
    let metadata = told(cargo, &["metadata", "--locked", "--format-version=1", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("metadata are JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let signer = packages.iter().find(|package| package["name"] == "aws-sigv4").expect("a dependency of this package");
    let manifest = Path::new(signer["manifest_path"].as_str().expect("a path"));
    manifest.parent().expect("a manifest lies in a folder").to_path_buf()
}

fn told(mut command: Command, arguments: &[&str]) -> String {
    let output = command.args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn cases() -> Vec<Case> {
    let suite = package().join("aws-signing-test-suite/v4");
    let entries = std::fs::read_dir(&suite).unwrap_or_else(|error| panic!("{}: {error}", suite.display()));
    let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
    let name = |folder: &Path| folder.file_name().expect("a name").to_string_lossy().into_owned();
    let mut cases: Vec<Case> = folders.map(|folder| Case { name: name(&folder), folder }).collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

#[test]
fn every_case_of_the_suite_comes_out_as_aws_says_or_is_named() {
    let cases = cases();
    let mut outcomes: BTreeMap<Outcome, usize> = BTreeMap::new();
    for case in &cases {
        let outcome = case.outcome();
        assert_eq!(outcome, case.expected(), "{}", case.name);
        *outcomes.entry(outcome).or_default() += 1;
    }
    let count = |outcome| outcomes.get(&outcome).copied().unwrap_or_default();
    assert_eq!((cases.len(), count(Outcome::Whole)), (CASES, WHOLE), "{outcomes:?}");
    let named = [&ANOTHER_PATH[..], &UNSIGNED_TOKEN, &PATH_ALONE].concat();
    for name in named {
        assert!(cases.iter().any(|case| case.name == name), "{name} is no case of the suite any more");
    }
}

#[test]
fn every_signature_in_a_query_is_refused_by_name() {
    let mut refused = 0;
    for case in cases() {
        let Some(text) = case.text("query-signed-request.txt") else { continue };
        let written = Written::read(&text);
        let fault = sigv4::parse(&written.head()).expect_err(&case.name);
        assert_eq!(fault.name, "IncompleteSignatureException", "{}", case.name);
        assert!(
            fault.message.is_some_and(|text| text.contains("in the query string is not supported")),
            "{}",
            case.name
        );
        refused += 1;
    }
    assert!(refused >= 38, "only {refused} cases are signed in their query");
}
