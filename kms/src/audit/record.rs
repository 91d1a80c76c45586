//! What an audit record says: the members of CloudTrail's records of KMS events, from an allow-list. It is made of
//! what the pipeline noted, never of what an operation chooses to tell.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>

use serde_json::{Map, Value, json};
use wire::{Fault, Op};

use crate::Time;
use crate::caller::Caller;
use crate::service::Origin;

/// How a call ended.
pub(crate) enum Outcome<'a> {
    Done { changed: Option<String> },
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
    pub parameters: Option<Map<String, Value>>,
    /// Owner and ARN of each key.
    pub resources: Vec<(String, String)>,
    pub outcome: Outcome<'a>,
}

impl Entry<'_> {
    /// The record as one line, without its end.
    pub fn line(&self) -> String {
        let (response, fault) = match &self.outcome {
            Outcome::Done { changed } => (changed.as_ref().map(|arn| json!({ "keyId": arn })), None),
            Outcome::Refused(fault) => (None, Some(fault)),
        };
        let mut record = json!({
            "eventVersion": EVENT_VERSION,
            "userIdentity": identity(self.caller),
            "eventTime": self.now.to_rfc3339(),
            "eventSource": "kms.amazonaws.com",
            "eventName": self.op.name(),
            "awsRegion": self.caller.region(),
            "sourceIPAddress": self.origin.source_ip,
            "userAgent": self.origin.user_agent,
            "requestParameters": self.parameters,
            "responseElements": response,
            "requestID": self.origin.request_id,
            "eventID": self.event_id,
            "readOnly": self.read_only,
            "resources": resources(&self.resources),
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": self.caller.account(),
            "eventCategory": "Management",
        });
        if let Some(fault) = fault {
            record["errorCode"] = json!(fault.name);
            if let Some(message) = &fault.message {
                record["errorMessage"] = json!(beginning(message));
            }
        }
        within_a_row(record)
    }
}

/// The longest error message in a record, in characters: constraint errors echo what the client sent.
const MAX_MESSAGE: usize = 2048;

/// The longest line, in bytes: with its seal it has to fit a row of the outbox.
const MAX_LINE: usize = 60 * 1024;

fn beginning(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

/// The record as a line. Where that would be too long the request's parameters are left out, and the record says so as
/// CloudTrail's do.
fn within_a_row(mut record: Value) -> String {
    let line = record.to_string();
    if line.len() <= MAX_LINE {
        return line;
    }
    let size = record["requestParameters"].to_string().len();
    record["requestParameters"] = Value::Null;
    record["omitted"] = json!({
        "fields": ["requestParameters"],
        "originalSize": size,
        "reason": format!("a record is at most {MAX_LINE} bytes"),
    });
    record.to_string()
}

/// The newest form of CloudTrail's records.
const EVENT_VERSION: &str = "1.11";

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
        "eventSource": "kms.amazonaws.com",
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

/// The record of something that time made due.
pub(crate) fn service_record(event_id: &str, name: &str, account: &str, region: &str, arn: &str, now: Time) -> String {
    json!({
        "eventVersion": EVENT_VERSION,
        "userIdentity": { "accountId": account, "invokedBy": "AWS Internal" },
        "eventTime": now.to_rfc3339(),
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": { "keyId": arn },
        "eventID": event_id,
        "readOnly": false,
        "resources": resources(&[(account.to_owned(), arn.to_owned())]),
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    })
    .to_string()
}

fn identity(caller: &Caller) -> Value {
    json!({
        "type": "Root",
        "principalId": caller.account(),
        "arn": caller.arn(),
        "accountId": caller.account(),
        "accessKeyId": caller.access_key_id(),
    })
}

fn resources(keys: &[(String, String)]) -> Value {
    let key = |(account, arn): &(String, String)| json!({ "accountId": account, "type": "AWS::KMS::Key", "ARN": arn });
    keys.iter().map(key).collect()
}
