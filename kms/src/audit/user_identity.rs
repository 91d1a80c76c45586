//! Who a record says that it was. Everything here was proven; what the client says of itself stands elsewhere.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use serde::Serialize;

use crate::Time;
use crate::caller::{self, Caller, Who};
use crate::identities::Session;

/// CloudTrail's `userIdentity`, its members in the order of CloudTrail's examples.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserIdentity<'a> {
    r#type: &'static str,
    principal_id: String,
    arn: String,
    account_id: &'a str,
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoked_by: Option<&'static str>,
}

/// Which role a session is of, and since when.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'a> {
    session_issuer: SessionIssuer<'a>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'a> {
    r#type: &'static str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: &'a str,
    user_name: &'a str,
}

/// Texts, as CloudTrail has them, the truth value too.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

impl UserIdentity<'_> {
    pub fn of(caller: &Caller) -> UserIdentity<'_> {
        let plain = |kind| UserIdentity {
            r#type: kind,
            principal_id: caller.account().to_owned(),
            arn: caller.arn(),
            account_id: caller.account(),
            access_key_id: caller.access_key_id(),
            user_name: None,
            session_context: None,
            invoked_by: None,
        };
        match caller.who() {
            Who::Root => plain("Root"),
            Who::Operator => UserIdentity { invoked_by: Some(caller::OPERATOR), ..plain("AWSService") },
            Who::User { name, id, .. } => {
                UserIdentity { principal_id: id.clone(), user_name: Some(name), ..plain("IAMUser") }
            }
            Who::Session { role_arn, session, .. } => UserIdentity {
                principal_id: session.token.assumed_role_id(),
                session_context: Some(SessionContext::of(caller, role_arn, session)),
                ..plain("AssumedRole")
            },
        }
    }
}

impl<'a> SessionContext<'a> {
    fn of(caller: &'a Caller, role_arn: &'a str, session: &'a Session) -> SessionContext<'a> {
        let token = &session.token;
        SessionContext {
            session_issuer: SessionIssuer {
                r#type: "Role",
                principal_id: &token.role_id,
                arn: role_arn,
                account_id: caller.account(),
                user_name: &token.role,
            },
            attributes: Attributes { creation_date: Time(token.issued_ms).to_rfc3339(), mfa_authenticated: "false" },
            source_identity: token.source_identity.as_deref(),
        }
    }
}
