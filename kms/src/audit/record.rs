//! What an audit record says: the members of CloudTrail's records of KMS events, from an allow-list. It is made of
//! what the pipeline noted, never of what an operation chooses to tell.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use wire::Fault;

use crate::Time;
use crate::caller::{Caller, Scope};
use crate::ops::Sheet;
use crate::service::Origin;
use crate::world::World;

use super::user_identity::UserIdentity;

/// What kind of event a record is of.
#[derive(Clone, Copy)]
pub(crate) struct Event {
    /// The service, such as `kms.amazonaws.com`.
    pub source: &'static str,
    pub name: &'static str,
    /// Whether CloudTrail calls it read-only.
    pub read_only: bool,
    /// What its resources are, such as `AWS::KMS::Key`.
    pub resources: &'static str,
}

impl Event {
    /// An operation on keys.
    pub fn of(sheet: &Sheet) -> Event {
        Event { source: KEYS, name: sheet.op.name(), read_only: sheet.read_only, resources: "AWS::KMS::Key" }
    }
}

/// What an attempt came to know that its record tells.
#[derive(Default)]
pub(crate) struct Seen {
    /// Owner and ARN of each key, alias or role.
    pub resources: Vec<(String, String)>,
    /// What is told of the answer, if the call succeeds.
    pub response: Option<Value>,
    /// What CloudTrail keeps beside request and answer.
    pub additional: Option<Value>,
}

/// Everything that the record of one call is made of.
pub(crate) struct Entry<'a> {
    pub event: &'a Event,
    pub event_id: &'a str,
    pub caller: &'a Caller,
    pub origin: &'a Origin,
    pub now: Time,
    /// Where it is recorded: where the caller signed for, or another Region that the call concerns too.
    pub region: &'a str,
    pub parameters: Option<&'a Map<String, Value>>,
    pub seen: Seen,
    /// What the client reads instead of an answer.
    pub refused: Option<&'a Fault>,
}

impl Entry<'_> {
    /// The record as one line, without its end.
    pub fn line(&self) -> String {
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: UserIdentity::of(self.caller),
            event_time: &self.now.to_rfc3339(),
            event_source: self.event.source,
            event_name: self.event.name,
            aws_region: self.region,
            source_ip_address: &self.origin.source_ip,
            user_agent: self.origin.user_agent.as_deref(),
            error_code: self.refused.map(|fault| fault.name),
            error_message: self.refused.and_then(|fault| fault.message.as_deref()).map(beginning),
            request_parameters: self.parameters,
            response_elements: self.seen.response.as_ref().filter(|_| self.refused.is_none()),
            additional_event_data: self.seen.additional.as_ref(),
            request_id: &self.origin.request_id,
            event_id: self.event_id,
            read_only: self.event.read_only,
            resources: self
                .seen
                .resources
                .iter()
                .map(|resource| Resource::of(resource, self.event.resources))
                .collect(),
            event_type: "AwsApiCall",
            management_event: true,
            recipient_account_id: self.caller.account(),
            event_category: "Management",
            omitted: None,
        };
        within_a_row(record)
    }
}

/// The newest form of CloudTrail's records.
const EVENT_VERSION: &str = "1.11";

/// The service of keys.
const KEYS: &str = "kms.amazonaws.com";

/// The members of a record, in the order in which CloudTrail's examples have them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'a str,
    user_identity: UserIdentity<'a>,
    event_time: &'a str,
    event_source: &'a str,
    event_name: &'a str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: &'a str,
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<Cow<'a, str>>,
    request_parameters: Option<&'a Map<String, Value>>,
    response_elements: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<&'a Value>,
    #[serde(rename = "requestID")]
    request_id: &'a str,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    resources: Vec<Resource<'a>>,
    event_type: &'a str,
    management_event: bool,
    recipient_account_id: &'a str,
    event_category: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<Omitted>,
}

#[derive(Serialize)]
struct Resource<'a> {
    #[serde(rename = "accountId")]
    account_id: &'a str,
    r#type: &'a str,
    #[serde(rename = "ARN")]
    arn: &'a str,
}

impl<'a> Resource<'a> {
    fn of((account, arn): &'a (String, String), kind: &'a str) -> Resource<'a> {
        Resource { account_id: account, r#type: kind, arn }
    }
}

/// What a record says of members that would have made it too long, as CloudTrail's do.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Omitted {
    fields: [&'static str; 1],
    original_size: usize,
    reason: &'static str,
}

/// The longest error message in a record, in characters: constraint errors echo what the client sent.
const MAX_MESSAGE: usize = 2048;

/// The longest line, in bytes: with its seal it has to fit a row of the outbox.
const MAX_LINE: usize = 60 * 1024;

fn beginning(message: &str) -> Cow<'_, str> {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => Cow::Owned(format!("{}…", &message[..end])),
        None => Cow::Borrowed(message),
    }
}

/// The record as a line. Where that would be too long the request's parameters are left out, and the record says so.
fn within_a_row(mut record: Record<'_>) -> String {
    let line = text(&record);
    if line.len() <= MAX_LINE {
        return line;
    }
    record.request_parameters = None;
    record.omitted = Some(Omitted {
        fields: ["requestParameters"],
        original_size: line.len(),
        reason: "a record is at most 61440 bytes",
    });
    text(&record)
}

fn text(record: &Record<'_>) -> String {
    serde_json::to_string(record).expect("a record is text and numbers, whose serialisation cannot fail")
}

/// The record of a request that nobody was believed to have sent: short, and nothing in it was verified.
pub(crate) fn door_record(
    event_id: &str,
    origin: &Origin,
    scope: Scope,
    access_key_id: Option<&str>,
    fault: &Fault,
    now: Time,
    unrecorded: u64,
) -> String {
    let mut record = json!({
        "eventVersion": EVENT_VERSION,
        "eventTime": now.to_rfc3339(),
        "eventSource": format!("{}.amazonaws.com", scope.as_str()),
        "eventType": "TrentAuthenticationFailure",
        "sourceIPAddress": origin.source_ip,
        "requestID": origin.request_id,
        "eventID": event_id,
        "userIdentity": { "accessKeyId": access_key_id },
        "errorCode": fault.name,
    });
    if unrecorded > 0 {
        record["unrecordedFailures"] = json!(unrecorded);
    }
    record.to_string()
}

/// Something that nobody called for at that moment: time made it due, or a call had set it going.
pub(crate) struct ServiceEvent<'a> {
    /// CloudTrail's name for it.
    pub name: &'static str,
    pub world: &'a World,
    /// The id of the key that it happened to.
    pub key_id: &'a str,
    /// Its `serviceEventDetails` beside the key's id; null for an event that has none.
    pub details: Value,
    pub now: Time,
}

impl ServiceEvent<'_> {
    /// The record as one line, without its end.
    pub fn line(&self, event_id: &str) -> String {
        let World { account, region } = self.world;
        let arn = self.world.key_arn(self.key_id);
        let mut record = json!({
            "eventVersion": EVENT_VERSION,
            "userIdentity": { "accountId": account, "invokedBy": "AWS Internal" },
            "eventTime": self.now.to_rfc3339(),
            "eventSource": KEYS,
            "eventName": self.name,
            "awsRegion": region,
            "sourceIPAddress": "AWS Internal",
            "userAgent": "AWS Internal",
            "requestParameters": null,
            "responseElements": { "keyId": arn },
            "eventID": event_id,
            "readOnly": false,
            "resources": [{ "accountId": account, "type": "AWS::KMS::Key", "ARN": arn }],
            "eventType": "AwsServiceEvent",
            "managementEvent": true,
            "recipientAccountId": account,
            "eventCategory": "Management",
        });
        if !self.details.is_null() {
            record["serviceEventDetails"] = self.details.clone();
            record["serviceEventDetails"]["keyId"] = self.key_id.into();
        }
        record.to_string()
    }
}
