//! What the log says of requests, and what it never does.

use std::io;
use std::sync::{Arc, Mutex};

use kms::Mode;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Running, call, form};

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Written;

    fn make_writer(&self) -> Written {
        self.clone()
    }
}

/// At the most talkative level of everything in the process.
#[tokio::test(flavor = "multi_thread")]
async fn each_request_is_one_line_with_its_id_and_nothing_that_the_client_wrote() {
    let written = Written::default();
    let talkative = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(written.clone());
    talkative.try_init().expect("no other test of this program logs");
    let mut ids = Vec::new();
    for mode in [Mode::Dev, Mode::Serve] {
        let server = Running::start(mode).await;
        let canaries = "Authorization: AWS4-HMAC-SHA256 Credential=canary/20260101/eu-west-1/kms/aws4_request, \
                        SignedHeaders=canary, Signature=canary\r\nX-Amz-Security-Token: canary\r\nUser-Agent: canary\r\n\
                        Cookie: canary\r\nHost";
        let body = r#"{"canary":"canary","KeyId":"canary","Plaintext":"Y2FuYXJ5"}"#;
        for asked in [
            call("Encrypt", body).replacen("Host", canaries, 1),
            call("GenerateRandom", r#"{"NumberOfBytes":32}"#).replacen("Host", canaries, 1),
            call("canary", body).replacen("Host", canaries, 1),
            call("Encrypt", body).replacen(" / ", " /canary?canary=canary ", 1),
            call("Encrypt", body).replacen("Host", "Origin: http://canary\r\nHost", 1),
            call("canary", body).replacen("TrentService", "TrentIdentity", 1).replacen("Host", canaries, 1),
            call("CreateUser", body).replacen("TrentService", "TrentIdentity", 1).replacen("Host", canaries, 1),
            form("Action=canary&Version=canary").replacen("Host", canaries, 1),
            form("Action=AssumeRole&Version=2011-06-15&RoleArn=canary&canary=canary").replacen("Host", canaries, 1),
            form("Action=GetCallerIdentity&Version=2011-06-15").replacen("Host", canaries, 1),
            call("Encrypt", "{\"canary").replacen("HTTP/1.1", "HTTP/canary", 1),
        ] {
            let answer = server.ask(&asked).await;
            ids.push((answer.header("x-amzn-requestid").unwrap().to_owned(), answer.status, answer.body));
        }
    }
    let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    for (id, status, body) in ids {
        let about: Vec<_> = log.lines().filter(|line| line.contains(&id)).collect();
        assert!(
            about.iter().any(|line| line.contains(&status.to_string())),
            "no line with {status} about {id}: {about:?}"
        );
        if let Some(random) = body.strip_prefix(r#"{"Plaintext":""#) {
            assert!(!log.contains(&random[..40]), "an answer is in the log");
        }
    }
    for secret in ["canary", "Y2FuYXJ5"] {
        let told: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{told:?}");
    }
}
