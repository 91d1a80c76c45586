//! What an audit record says: the members of CloudTrail's records of KMS events, from an allow-list. It is made of
//! what the pipeline noted, never of what an operation chooses to tell.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use wire::{Fault, Op};

use crate::Time;
use crate::caller::Caller;
use crate::service::Origin;
use crate::world::World;

/// How a call ended.
pub(crate) enum Outcome<'a> {
    /// The ARN of the key that was changed, and the id of the material that came or went.
    Done {
        changed: Option<String>,
        material: Option<String>,
    },
    Refused(&'a Fault),
}

/// Everything that the record of one call is made of.
pub(crate) struct Entry<'a> {
    pub op: Op,
    pub read_only: bool,
    pub event_id: &'a str,
    pub caller: &'a Caller,
    pub origin: &'a Origin,
    pub now: Time,
    pub parameters: Option<&'a Map<String, Value>>,
    /// Owner and ARN of each key.
    pub resources: Vec<(String, String)>,
    pub outcome: Outcome<'a>,
}

impl Entry<'_> {
    /// The record as one line, without its end.
    pub fn line(&self) -> String {
        let (changed, material, fault) = match &self.outcome {
            Outcome::Done { changed, material } => (changed.as_deref(), material.as_deref(), None),
            Outcome::Refused(fault) => (None, None, Some(*fault)),
        };
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: Identity {
                r#type: "Root",
                principal_id: self.caller.account(),
                arn: &self.caller.arn(),
                account_id: self.caller.account(),
                access_key_id: self.caller.access_key_id(),
            },
            event_time: &self.now.to_rfc3339(),
            event_source: EVENT_SOURCE,
            event_name: self.op.name(),
            aws_region: self.caller.region(),
            source_ip_address: &self.origin.source_ip,
            user_agent: self.origin.user_agent.as_deref(),
            error_code: fault.map(|fault| fault.name),
            error_message: fault.and_then(|fault| fault.message.as_deref()).map(beginning),
            request_parameters: self.parameters,
            response_elements: changed.map(|arn| Response { key_id: arn, key_material_id: material }),
            request_id: &self.origin.request_id,
            event_id: self.event_id,
            read_only: self.read_only,
            resources: self.resources.iter().map(Resource::of).collect(),
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

/// The service that a record is of.
const EVENT_SOURCE: &str = "kms.amazonaws.com";

/// The members of a record, in the order in which CloudTrail's examples have them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'a str,
    user_identity: Identity<'a>,
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
    response_elements: Option<Response<'a>>,
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
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    r#type: &'a str,
    principal_id: &'a str,
    arn: &'a str,
    account_id: &'a str,
    access_key_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<&'a str>,
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
    fn of((account, arn): &'a (String, String)) -> Resource<'a> {
        Resource { account_id: account, r#type: "AWS::KMS::Key", arn }
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
    access_key_id: Option<&str>,
    fault: &Fault,
    now: Time,
    unrecorded: u64,
) -> String {
    let mut record = json!({
        "eventVersion": EVENT_VERSION,
        "eventTime": now.to_rfc3339(),
        "eventSource": EVENT_SOURCE,
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
            "eventSource": EVENT_SOURCE,
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
