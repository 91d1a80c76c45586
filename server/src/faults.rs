//! What `/_trent/faults` understands and answers: the plans of `dev` about its answers, made, listed and taken back.
//! What a call that meets a plan is told, and that it is recorded, is `kms`'s business.

use std::time::Duration;

use kms::{Answerable, Plan, Plans, Unplannable};
use serde_json::{Map, Value, json};
use wire::Op;

/// Reads what a POST asks for and plans it.
///
/// Errors: what to write instead.
pub(crate) fn plan(plans: &Plans, body: &[u8]) -> Result<(), String> {
    plans.add(read(body)?).map_err(|why| match why {
        Unplannable::NeverReached => {
            "An earlier fault of this Operation has no Times and never ends: DELETE it first.".to_owned()
        }
        Unplannable::TooMany => format!("There are {} faults already: DELETE some first.", Plans::AT_MOST),
    })
}

/// Reads whose plans a DELETE takes back, all without a body, and does.
///
/// Errors: what to write instead.
pub(crate) fn take_back(plans: &Plans, body: &[u8]) -> Result<(), String> {
    let op = match body {
        b"" => None,
        body => {
            let members = members(body, &["Operation"], DELETE)?;
            Some(operation(&members).ok_or(DELETE)?)
        }
    };
    plans.take_back(op);
    Ok(())
}

/// The plans that are left, each as it can be sent again.
pub(crate) fn listing(plans: &Plans) -> String {
    json!({ "Faults": plans.list().iter().map(written).collect::<Vec<_>>() }).to_string()
}

fn read(body: &[u8]) -> Result<Plan, String> {
    let members = members(body, &["Operation", "Error", "DelaySeconds", "NoAnswer", "Times"], POST)?;
    let op = operation(&members).ok_or_else(|| format!("Operation must be one of AWS KMS, as Encrypt. {POST}"))?;
    let error = member(&members, "Error", POST, |value| Answerable::named(op, value.as_str()?));
    let error = error.map_err(|_| errors(op))?;
    let delay = member(&members, "DelaySeconds", DELAY, delay)?;
    let is_lost = member(&members, "NoAnswer", LOST, |value| value.as_bool().filter(|lost| *lost))?.is_some();
    let times = member(&members, "Times", TIMES, |value| u32::try_from(value.as_u64()?).ok().filter(|n| *n > 0))?;
    if error.is_none() && delay.is_none() && !is_lost {
        return Err(format!("Say what happens: Error, DelaySeconds or NoAnswer. {POST}"));
    }
    Ok(Plan { op, error, delay: delay.unwrap_or_default(), is_lost, times })
}

/// The members of an object that has no others than `known`.
fn members(body: &[u8], known: &[&str], usage: &str) -> Result<Map<String, Value>, String> {
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| usage.to_owned())?;
    if members.keys().all(|name| known.contains(&name.as_str())) { Ok(members) } else { Err(usage.to_owned()) }
}

fn member<T>(
    members: &Map<String, Value>,
    name: &str,
    wanted: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Result<Option<T>, String> {
    members.get(name).map(|value| read(value).ok_or_else(|| wanted.to_owned())).transpose()
}

fn operation(members: &Map<String, Value>) -> Option<Op> {
    Op::from_name(members.get("Operation")?.as_str()?)
}

fn delay(value: &Value) -> Option<Duration> {
    let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= DELAY_AT_MOST_SECONDS)?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn errors(op: Op) -> String {
    let names: Vec<_> = Answerable::all(op).map(Answerable::name).collect();
    format!("The Error of {} must be one of {}.", op.name(), names.join(", "))
}

fn written(plan: &Plan) -> Value {
    let mut members = Map::from_iter([("Operation".to_owned(), json!(plan.op.name()))]);
    let mut put = |name: &str, value: Option<Value>| members.extend(value.map(|value| (name.to_owned(), value)));
    put("Error", plan.error.map(|error| json!(error.name())));
    put("DelaySeconds", (!plan.delay.is_zero()).then(|| json!(plan.delay.as_secs_f64())));
    put("NoAnswer", plan.is_lost.then_some(Value::Bool(true)));
    put("Times", plan.times.map(|times| json!(times)));
    Value::Object(members)
}

/// An hour: no client waits longer.
const DELAY_AT_MOST_SECONDS: f64 = 3600.0;

const POST: &str = r#"POST {"Operation": "Encrypt", "Error": "KMSInternalException", "Times": 2}: Error is what the operation answers instead of doing what it was asked to, "DelaySeconds": 5 makes its answer late, "NoAnswer": true closes the connection in place of it; at least one of the three. Without Times it is so until a DELETE."#;
const DELETE: &str =
    r#"DELETE without a body takes all faults back, with {"Operation": "Encrypt"} those of one operation."#;
const DELAY: &str = "DelaySeconds must be a number above 0 and at most 3600.";
const LOST: &str = "NoAnswer must be true, or left out.";
const TIMES: &str = "Times must be a whole number from 1 to 4294967295, or left out.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_can_be_planned_again() {
        for body in [
            r#"{"Operation":"Encrypt","Error":"KMSInternalException","Times":2}"#,
            r#"{"Operation":"Decrypt","Error":"ThrottlingException"}"#,
            r#"{"Operation":"CreateKey","DelaySeconds":0.5,"NoAnswer":true,"Times":4294967295}"#,
            r#"{"Operation":"ConnectCustomKeyStore","Error":"CustomKeyStoreNotFoundException","DelaySeconds":3600.0}"#,
        ] {
            let told = written(&read(body.as_bytes()).unwrap_or_else(|why| panic!("{body}: {why}")));
            assert_eq!(told, serde_json::from_str::<Value>(body).unwrap());
        }
    }

    #[test]
    fn whoever_asks_wrongly_is_told_what_to_write() {
        for (body, told) in [
            ("", "POST {"),
            ("[]", "POST {"),
            ("{}", "Operation must be"),
            (r#"{"Operation":"encrypt","Error":"InternalFailure"}"#, "Operation must be"),
            (r#"{"Operation":7,"Error":"InternalFailure"}"#, "Operation must be"),
            (r#"{"Operation":"Encrypt"}"#, "Say what happens"),
            (r#"{"Operation":"Encrypt","Times":1}"#, "Say what happens"),
            (r#"{"Operation":"Encrypt","Error":"InternalFailure","KeyId":"k"}"#, "POST {"),
            (r#"{"Operation":"Encrypt","error":"InternalFailure"}"#, "POST {"),
            (r#"{"Operation":"Encrypt","Error":"IncorrectKeyException"}"#, "KeyUnavailableException, "),
            (r#"{"Operation":"Decrypt","Error":null}"#, "IncorrectKeyException, "),
            (r#"{"Operation":"Encrypt","DelaySeconds":0}"#, "DelaySeconds must"),
            (r#"{"Operation":"Encrypt","DelaySeconds":-1}"#, "DelaySeconds must"),
            (r#"{"Operation":"Encrypt","DelaySeconds":3600.1}"#, "DelaySeconds must"),
            (r#"{"Operation":"Encrypt","DelaySeconds":1e999}"#, "POST {"),
            (r#"{"Operation":"Encrypt","DelaySeconds":"5"}"#, "DelaySeconds must"),
            (r#"{"Operation":"Encrypt","NoAnswer":false}"#, "NoAnswer must"),
            (r#"{"Operation":"Encrypt","NoAnswer":true,"Times":0}"#, "Times must"),
            (r#"{"Operation":"Encrypt","NoAnswer":true,"Times":1.5}"#, "Times must"),
            (r#"{"Operation":"Encrypt","NoAnswer":true,"Times":4294967296}"#, "Times must"),
        ] {
            let why = read(body.as_bytes()).expect_err(body);
            assert!(why.contains(told), "{body}: {why}");
        }
    }
}
