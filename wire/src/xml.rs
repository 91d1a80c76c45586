//! The XML in which STS answers: two answers and the error. What they say is decided elsewhere.

use time::OffsetDateTime;
use time::macros::format_description;

use crate::{Fault, SensitiveText, Timestamp};

/// The answer to one [`Call`](crate::query::Call).
pub enum Answer {
    /// Who the caller is.
    GetCallerIdentity(CallerIdentity),
    /// Credentials of a role.
    AssumeRole(Box<AssumedRole>),
}

/// The answer of GetCallerIdentity.
pub struct CallerIdentity {
    /// The unique id of the user, `<role id>:<session name>` of a session, the account of its root.
    pub user_id: String,
    /// 12 digits.
    pub account: String,
    /// Of the user, the session, or the account's root.
    pub arn: String,
}

/// The answer of AssumeRole.
pub struct AssumedRole {
    /// `arn:aws:sts::123456789012:assumed-role/<role>/<session name>`
    pub arn: String,
    /// `<role id>:<session name>`
    pub assumed_role_id: String,
    /// `ASIA…`
    pub access_key_id: String,
    /// What the session signs with.
    pub secret_access_key: SensitiveText,
    /// What the session sends along.
    pub session_token: SensitiveText,
    /// When the session ends; written in whole seconds.
    pub expiration: Timestamp,
    /// How full the token is, in percent; absent where nothing was packed into it.
    pub packed_policy_size: Option<u32>,
    /// The source identity that was asked for.
    pub source_identity: Option<String>,
}

impl Answer {
    /// The body. It holds the session's secrets.
    pub fn encode(&self, request_id: &str) -> Vec<u8> {
        match self {
            Answer::GetCallerIdentity(identity) => response("GetCallerIdentity", request_id, SHORT_BYTES, |xml| {
                xml.text("Arn", &identity.arn).text("UserId", &identity.user_id).text("Account", &identity.account);
            }),
            Answer::AssumeRole(role) => {
                let room = SHORT_BYTES + role.session_token.expose().len();
                response("AssumeRole", request_id, room, |xml| assumed(role, xml))
            }
        }
    }
}

/// The body of an error, whose name is one of the Query protocol's; see [`crate::query::fault`].
pub fn error(fault: &Fault, request_id: &str) -> Vec<u8> {
    let mut xml = Xml::with_room(SHORT_BYTES);
    let blame = if fault.status < 500 { "Sender" } else { "Receiver" };
    xml.inside("ErrorResponse", Some(NAMESPACE), |xml| {
        xml.inside("Error", None, |xml| {
            xml.text("Type", blame).text("Code", fault.name);
            xml.text("Message", fault.message.as_deref().unwrap_or_default());
        });
        xml.text("RequestId", request_id);
    });
    xml.body
}

fn response(action: &str, request_id: &str, room: usize, result: impl FnOnce(&mut Xml)) -> Vec<u8> {
    let mut xml = Xml::with_room(room);
    xml.inside(&format!("{action}Response"), Some(NAMESPACE), |xml| {
        xml.inside(&format!("{action}Result"), None, result);
        xml.inside("ResponseMetadata", None, |xml| {
            xml.text("RequestId", request_id);
        });
    });
    xml.body
}

fn assumed(role: &AssumedRole, xml: &mut Xml) {
    if let Some(identity) = &role.source_identity {
        xml.text("SourceIdentity", identity);
    }
    xml.inside("AssumedRoleUser", None, |xml| {
        xml.text("AssumedRoleId", &role.assumed_role_id).text("Arn", &role.arn);
    });
    xml.inside("Credentials", None, |xml| {
        xml.text("AccessKeyId", &role.access_key_id).text("SecretAccessKey", role.secret_access_key.expose());
        xml.text("SessionToken", role.session_token.expose()).text("Expiration", &date(role.expiration));
    });
    if let Some(percent) = role.packed_policy_size {
        xml.text("PackedPolicySize", &percent.to_string());
    }
}

/// `2026-09-01T12:00:00Z`; empty for what no calendar has, which no session's end is.
fn date(at: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let at = OffsetDateTime::from_unix_timestamp(at.millis.div_euclid(1000)).ok();
    at.and_then(|at| at.format(&format).ok()).unwrap_or_default()
}

/// One element a line, two spaces deeper for each it is in, as AWS lays it out.
struct Xml {
    body: Vec<u8>,
    depth: usize,
}

impl Xml {
    fn with_room(bytes: usize) -> Xml {
        Xml { body: Vec::with_capacity(bytes), depth: 0 }
    }

    /// An element of elements.
    fn inside(&mut self, name: &str, namespace: Option<&str>, content: impl FnOnce(&mut Xml)) {
        let namespace = namespace.map(|uri| format!(" xmlns=\"{uri}\"")).unwrap_or_default();
        self.indent().raw(&format!("<{name}{namespace}>\n"));
        self.depth += 1;
        content(self);
        self.depth -= 1;
        self.indent().raw(&format!("</{name}>\n"));
    }

    /// An element of text.
    fn text(&mut self, name: &str, text: &str) -> &mut Xml {
        self.indent().raw(&format!("<{name}>"));
        text.chars().for_each(|c| self.character(c));
        self.raw(&format!("</{name}>\n"))
    }

    fn indent(&mut self) -> &mut Xml {
        self.body.resize(self.body.len() + 2 * self.depth, b' ');
        self
    }

    fn raw(&mut self, text: &str) -> &mut Xml {
        self.body.extend_from_slice(text.as_bytes());
        self
    }

    /// A character of a text. Those that XML 1.0 cannot hold in any form (§2.2) become U+FFFD.
    fn character(&mut self, c: char) {
        let mut utf8 = [0; 4];
        let escaped = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&apos;",
            // A reader would make it a line feed (§2.11).
            '\r' => "&#xD;",
            '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => "\u{FFFD}",
            c => c.encode_utf8(&mut utf8),
        };
        self.raw(escaped);
    }
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Room for an answer without its token: a buffer that has to grow would leave a copy of the secrets behind.
const SHORT_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query;

    fn text(body: &[u8]) -> &str {
        std::str::from_utf8(body).expect("an answer is UTF-8")
    }

    #[test]
    fn a_caller_reads_who_they_are() {
        let answer = Answer::GetCallerIdentity(CallerIdentity {
            user_id: "AIDAIOSFODNN7EXAMPLE".to_owned(),
            account: "123456789012".to_owned(),
            arn: "arn:aws:iam::123456789012:user/ann".to_owned(),
        });
        assert_eq!(
            text(&answer.encode("3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11")),
            r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::123456789012:user/ann</Arn>
    <UserId>AIDAIOSFODNN7EXAMPLE</UserId>
    <Account>123456789012</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#
        );
    }

    fn role(token: String) -> AssumedRole {
        AssumedRole {
            arn: "arn:aws:sts::123456789012:assumed-role/reader/ann".to_owned(),
            assumed_role_id: "AROAIOSFODNN7EXAMPLE:ann".to_owned(),
            access_key_id: "ASIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalr/K7MDENG+bPxRfiCY".to_owned().into(),
            session_token: token.into(),
            expiration: Timestamp { millis: 1_788_264_000_999 },
            packed_policy_size: Some(6),
            source_identity: Some("ann@example.com".to_owned()),
        }
    }

    #[test]
    fn a_session_gets_its_credentials() {
        let answer = Answer::AssumeRole(Box::new(role("Fwo/+a==".to_owned())));
        assert_eq!(
            text(&answer.encode("id")),
            r#"<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <SourceIdentity>ann@example.com</SourceIdentity>
    <AssumedRoleUser>
      <AssumedRoleId>AROAIOSFODNN7EXAMPLE:ann</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/reader/ann</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalr/K7MDENG+bPxRfiCY</SecretAccessKey>
      <SessionToken>Fwo/+a==</SessionToken>
      <Expiration>2026-09-01T12:00:00Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>id</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
"#
        );
        let plain = AssumedRole { source_identity: None, packed_policy_size: None, ..role(String::new()) };
        let body = Answer::AssumeRole(Box::new(plain)).encode("id");
        assert!(!text(&body).contains("SourceIdentity") && !text(&body).contains("PackedPolicySize"));
    }

    #[test]
    fn the_buffer_of_a_session_never_moves() {
        let answer = Answer::AssumeRole(Box::new(role("A".repeat(20_000))));
        let body = answer.encode("3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11");
        assert_eq!(body.capacity(), SHORT_BYTES + 20_000, "a buffer that grew left a copy of the secrets behind");
    }

    #[test]
    fn an_error_says_whose_it_is() {
        let told = |fault| text(&error(&query::fault(fault), "id")).to_owned();
        assert_eq!(
            told(Fault::client(
                crate::fault_names::UNRECOGNIZED_CLIENT_EXCEPTION,
                "The security token included in the request is invalid."
            )),
            r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidClientTokenId</Code>
    <Message>The security token included in the request is invalid.</Message>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
"#
        );
        let ours = told(Fault::server(crate::fault_names::INTERNAL_FAILURE, "x"));
        assert!(ours.contains("<Type>Receiver</Type>\n    <Code>InternalFailure</Code>"), "{ours}");
        let silent = told(Fault::silent(crate::fault_names::SERIALIZATION_EXCEPTION));
        assert!(silent.contains("<Message></Message>"), "{silent}");
    }

    #[test]
    fn no_text_can_leave_its_element() {
        let fault = Fault::client("X", "a<b>&\"'c\r\n\t]]>\0\x08\x0b\x1f\x7f\u{85}\u{FFFE}ü\u{1F511}");
        let body = error(&fault, "<id>");
        let wanted = "<Message>a&lt;b&gt;&amp;&quot;&apos;c&#xD;\n\t]]&gt;\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{7f}\u{85}\u{FFFD}ü\u{1F511}</Message>";
        assert!(text(&body).contains(wanted), "{}", text(&body));
        assert!(text(&body).contains("<RequestId>&lt;id&gt;</RequestId>"));
        for c in (0..=0x1_0000).filter_map(char::from_u32) {
            let body = error(&Fault::client("X", c.to_string()), "id");
            let inside = text(&body).split("<Message>").nth(1).and_then(|rest| rest.split("</Message>").next());
            let inside = inside.expect("there is one message").trim_start_matches('&');
            let allowed =
                |c: char| matches!(c, '\t' | '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
            assert!(inside.chars().all(|c| allowed(c) && c != '<' && c != '&'), "{c:?}: {inside:?}");
        }
    }
}
