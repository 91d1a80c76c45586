//! Accounts, users, roles and sessions of a house, and callers that really sign.

use crypto::{SecretBytes, SigningKey};
use iam::verb::Verb;
use kms::{Caller, Scope, Time};
use serde_json::{Value, json};
use wire::sigv4::{self, Head};
use wire::{Fault, query};

use super::{House, OWN, REGION, Refusal, text_at};

/// What a client signs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Keys {
    /// Out of what CreateAccessKey or CreateAccount answered.
    pub fn of(answer: &Value) -> Keys {
        let (id, secret) = (text_at(answer, "/AccessKey/AccessKeyId"), text_at(answer, "/AccessKey/SecretAccessKey"));
        Keys { id, secret, token: None }
    }

    /// The head of a request with this body, signed at this date for this Region and service.
    pub fn sign(&self, body: &[u8], date: Time, region: &str, service: &str) -> Vec<(String, Vec<u8>)> {
        let date = sigv4::format_amz_date(date.0);
        let mut headers = vec![("host", "127.0.0.1:4599".to_owned()), ("x-amz-date", date.clone())];
        headers.extend(self.token.clone().map(|token| ("x-amz-security-token", token)));
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let authorization = |signature: &str| {
            let scope = format!("{}/{}/{region}/{service}/aws4_request", self.id, &date[..8]);
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}")
        };
        headers.push(("authorization", authorization(&"0".repeat(64))));
        let mut headers: Vec<(String, Vec<u8>)> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect();
        let text = {
            let head = Head { method: "POST", path: "/", query: "", headers: &headers };
            let signed = sigv4::parse(&head).expect("the request is well formed");
            let payload = hex::encode(crypto::sha256(body));
            let canonical = sigv4::canonical_request(&head, &signed, &payload);
            sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)))
        };
        let secret = SecretBytes::from(self.secret.clone().into_bytes());
        let signature = SigningKey::derive(&secret, &date[..8], region, service).sign_hex(&text);
        headers.last_mut().expect("headers").1 = authorization(&signature).into_bytes();
        headers
    }
}

impl House {
    /// The account [`OWN`], from which others are managed, with a new access key of its root.
    pub async fn own_account(&self) -> Keys {
        let (id, secret) = self.service.issue_root(OWN, self.now()).await.expect("an access key is issued");
        let secret = String::from_utf8(secret.expose().to_vec()).expect("a secret is text");
        Keys { id, secret, token: None }
    }

    /// Another account, managed from [`OWN`], which must be there, and the access key of its root.
    pub async fn another_account(&self, id: &str) -> Keys {
        Keys::of(&self.manage(OWN, "CreateAccount", json!({ "AccountId": id })).await)
    }

    /// A new user with one policy, and an access key of theirs.
    pub async fn user(&self, account: &str, name: &str, policy: Option<Value>) -> Keys {
        self.manage(account, "CreateUser", json!({ "UserName": name })).await;
        if let Some(policy) = policy {
            let body = json!({ "UserName": name, "PolicyName": "mine", "PolicyDocument": policy.to_string() });
            self.manage(account, "PutUserPolicy", body).await;
        }
        Keys::of(&self.manage(account, "CreateAccessKey", json!({ "UserName": name })).await)
    }

    /// A new role with one policy, which these principals may assume; the answer is its ARN.
    pub async fn role(&self, account: &str, name: &str, trusted: Value, policy: Option<Value>) -> String {
        let trust = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": trusted }, "Action": ["sts:AssumeRole", "sts:TagSession"] },
        ] });
        let body = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
        let made = self.manage(account, "CreateRole", body).await;
        if let Some(policy) = policy {
            let body = json!({ "RoleName": name, "PolicyName": "mine", "PolicyDocument": policy.to_string() });
            self.manage(account, "PutRolePolicy", body).await;
        }
        text_at(&made, "/Role/Arn")
    }

    /// One verb by the program itself, which nobody has to be allowed; it must succeed.
    pub async fn manage(&self, account: &str, verb: &str, body: Value) -> Value {
        let named = Verb::parse(verb).unwrap_or_else(|| panic!("no verb {verb}"));
        let told = self.service.at_start(account, named, body.to_string().as_bytes(), self.now()).await;
        let told = told.unwrap_or_else(|fault| panic!("{verb} {body}: {fault:?}"));
        serde_json::from_slice(&told).expect("an answer is JSON")
    }

    /// One verb by this caller.
    pub async fn administer(&self, caller: &Caller, verb: &str, body: Value) -> Result<Value, Refusal> {
        let body = body.to_string().into_bytes();
        let told = self.service.administer(verb, caller.clone(), self.origin(), body, self.now()).await;
        told.map(|bytes| serde_json::from_slice(&bytes).expect("an answer is JSON")).map_err(refused)
    }

    /// Who signs with these keys, now and in [`REGION`]. They must be believed.
    pub async fn sign_in(&self, keys: &Keys) -> Caller {
        self.try_sign_in(keys, Scope::Kms).await.unwrap_or_else(|refused| panic!("{}: {refused:?}", keys.id))
    }

    /// Whether they are believed, for this kind of request.
    pub async fn try_sign_in(&self, keys: &Keys, scope: Scope) -> Result<Caller, Refusal> {
        self.sign_in_at(keys, scope, self.now()).await
    }

    /// The same where the wall clock shows another time.
    pub async fn sign_in_at(&self, keys: &Keys, scope: Scope, wall: Time) -> Result<Caller, Refusal> {
        let headers = keys.sign(b"{}", wall, REGION, scope.as_str());
        let head = Head { method: "POST", path: "/", query: "", headers: &headers };
        self.service.authenticate(&head, b"{}", scope, wall).await.map_err(refused)
    }

    /// One call of STS, from the form's body to its XML.
    pub async fn sts(&self, caller: &Caller, form: &str) -> Result<String, Refusal> {
        let asked = query::Call::read(form.as_bytes()).map_err(refused)?;
        let told = self.service.sts(asked, caller.clone(), self.origin(), self.now(), self.now()).await;
        told.map(|xml| String::from_utf8(xml).expect("XML is text")).map_err(refused)
    }

    /// The keys of a session of this role. `more` is more of the form, from its `&` on.
    pub async fn assume(&self, caller: &Caller, role: &str, session: &str, more: &str) -> Result<Keys, Refusal> {
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName={session}{more}",
            role.replace(':', "%3A").replace('/', "%2F")
        );
        let xml = self.sts(caller, &form).await?;
        Ok(Keys {
            id: element(&xml, "AccessKeyId"),
            secret: element(&xml, "SecretAccessKey"),
            token: Some(element(&xml, "SessionToken")),
        })
    }
}

/// The text of the first element of this name.
pub fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split_once('<').expect("an end").0.to_owned()
}

/// An identity policy that allows these actions on everything.
pub fn allow(actions: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
}

pub fn refused(fault: Fault) -> Refusal {
    Refusal(fault.name.to_owned(), fault.message.unwrap_or_default())
}
