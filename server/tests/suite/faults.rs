//! What is planned at `/_trent/faults`: errors, late answers, and none.

use std::io::ErrorKind;

use kms::{Mode, Plans};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::support::{Answer, Running, call, read_one, read_to_end};

const FAULTS: &str = "/_trent/faults";

async fn ask(server: &Running, method: &str, body: &str) -> Answer {
    let head = format!("{method} {FAULTS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    server.ask(head + body).await
}

async fn plan(server: &Running, body: Value) {
    let answer = ask(server, "POST", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
}

async fn planned(server: &Running) -> Value {
    let answer = ask(server, "GET", "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    serde_json::from_str::<Value>(&answer.body).unwrap()["Faults"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_answers_what_was_planned_as_often_as_it_was_and_no_other_does() {
    let dev = Running::start(Mode::Dev).await;
    let fault = json!({ "Operation": "ListKeys", "Error": "KMSInternalException", "Times": 2 });
    plan(&dev, fault.clone()).await;
    assert_eq!(planned(&dev).await, json!([fault]));
    for left in [json!([{ "Operation": "ListKeys", "Error": "KMSInternalException", "Times": 1 }]), json!([])] {
        assert_eq!(dev.ask(call("ListAliases", "{}")).await.status, 200);
        let answer = dev.ask(call("ListKeys", "{}")).await;
        assert_eq!((answer.status, answer.error().as_str()), (500, "KMSInternalException"));
        answer.assert_has_the_recorded_headers("a planned error");
        assert_eq!(planned(&dev).await, left);
    }
    assert_eq!(dev.ask(call("ListKeys", "{}")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_error_has_the_status_and_the_shape_that_it_really_has() {
    let dev = Running::start(Mode::Dev).await;
    for (error, status, member) in [
        ("DependencyTimeoutException", 500, "message"),
        ("KeyUnavailableException", 500, "message"),
        ("InternalFailure", 500, "message"),
        ("ServiceUnavailableException", 503, "message"),
        ("DisabledException", 400, "message"),
        ("ThrottlingException", 400, "message"),
        ("AccessDeniedException", 400, "Message"),
        ("InvalidCiphertextException", 400, ""),
        ("SerializationException", 400, ""),
    ] {
        plan(&dev, json!({ "Operation": "Decrypt", "Error": error, "Times": 1 })).await;
        let answer = dev.ask(call("Decrypt", "{}")).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let mut members: Vec<_> = body.as_object().unwrap().keys().filter(|name| *name != "__type").collect();
        members.retain(|name| *name != member);
        assert!(members.is_empty() && body.get(member).is_some() != member.is_empty(), "{error}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_holds_up_nobody_and_is_not_waited_for_at_the_end() {
    let dev = Running::start(Mode::Dev).await;
    plan(&dev, json!({ "Operation": "CreateKey", "DelaySeconds": 3600, "Times": 1 })).await;
    let mut late = dev.connect().await;
    late.write_all(call("CreateKey", "{}").as_bytes()).await.unwrap();
    while planned(&dev).await != json!([]) {}
    // Done is done: only the answer is late.
    while !dev.ask(call("ListKeys", "{}")).await.body.contains("KeyId") {}
    assert_eq!(dev.ask(call("CreateKey", "{}")).await.status, 200);
    assert_eq!(late.try_read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    let ended = dev.tell_to_stop();
    assert_eq!(read_one(&mut late).await.status, 200);
    assert_eq!(ended.await.unwrap(), server::ExitKind::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_ends_the_connection_without_a_byte_and_what_it_told_of_has_happened() {
    let dev = Running::start(Mode::Dev).await;
    for (more, keys) in
        [(json!({}), 1), (json!({ "Error": "InternalFailure" }), 1), (json!({ "DelaySeconds": 0.01 }), 2)]
    {
        let mut body = json!({ "Operation": "CreateKey", "NoAnswer": true, "Times": 1 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        plan(&dev, body.clone()).await;
        let mut stream = dev.connect().await;
        stream.write_all(call("CreateKey", "{}").as_bytes()).await.unwrap();
        assert_eq!(read_to_end(stream).await, b"", "{body}");
        let listed: Value = serde_json::from_str(&dev.ask(call("ListKeys", "{}")).await.body).unwrap();
        assert_eq!(listed["Keys"].as_array().unwrap().len(), keys, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_can_be_taken_back_for_one_operation_or_for_all() {
    let dev = Running::start(Mode::Dev).await;
    for operation in ["ListKeys", "ListAliases", "GenerateRandom"] {
        plan(&dev, json!({ "Operation": operation, "Error": "ThrottlingException" })).await;
    }
    assert_eq!(ask(&dev, "DELETE", r#"{"Operation":"ListKeys"}"#).await.status, 200);
    for (operation, status) in [("ListKeys", 200), ("ListAliases", 400)] {
        assert_eq!(dev.ask(call(operation, "{}")).await.status, status, "{operation}");
    }
    let answer = ask(&dev, "DELETE", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"Faults":[]}"#));
    assert_eq!(dev.ask(call("ListAliases", "{}")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_plans_wrongly_is_told_what_to_write_and_nothing_is_planned() {
    let dev = Running::start(Mode::Dev).await;
    for (method, body, told) in [
        ("POST", "", "POST {"),
        ("POST", "{}", "Operation must be"),
        ("POST", r#"{"Operation":"Nope","Error":"InternalFailure"}"#, "Operation must be"),
        ("POST", r#"{"Operation":"Encrypt","Error":"Nope"}"#, "The Error of Encrypt must be one of "),
        ("POST", r#"{"Operation":"Encrypt","Error":"TagException"}"#, "DisabledException"),
        ("POST", r#"{"Operation":"Encrypt","Error":"InternalFailure","Time":1}"#, "POST {"),
        ("DELETE", r#"{"Operation":"Nope"}"#, "DELETE without a body"),
        ("DELETE", "all", "DELETE without a body"),
        ("DELETE", "{}", "DELETE without a body"),
    ] {
        let answer = ask(&dev, method, body).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "ValidationException"), "{method} {body}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert!(body["message"].as_str().unwrap().contains(told), "{body}");
        assert_eq!(planned(&dev).await, json!([]));
    }
    plan(&dev, json!({ "Operation": "Encrypt", "Error": "InternalFailure" })).await;
    let answer = ask(&dev, "POST", r#"{"Operation":"Encrypt","Error":"ThrottlingException"}"#).await;
    assert!(answer.status == 400 && answer.body.contains("DELETE it first"), "{}", answer.body);
    for _ in 1..Plans::AT_MOST {
        plan(&dev, json!({ "Operation": "Decrypt", "Error": "InternalFailure", "Times": 1 })).await;
    }
    let answer = ask(&dev, "POST", r#"{"Operation":"Decrypt","Error":"InternalFailure","Times":1}"#).await;
    assert!(answer.status == 400 && answer.body.contains("DELETE some first"), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_to_which_nothing_can_be_planned_has_no_such_place() {
    let serve = Running::start(Mode::Serve).await;
    for method in ["GET", "POST", "DELETE"] {
        let answer = ask(&serve, method, r#"{"Operation":"ListKeys","Error":"InternalFailure"}"#).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, r#"{"__type":"UnknownOperationException"}"#),
            "{method}"
        );
    }
    assert_eq!(serve.ask(call("ListKeys", "{}")).await.error(), "MissingAuthenticationTokenException");
}
