//! Why somebody may, or may not: the document, the statement or the grant that a decision rests on. That the answer is
//! the decision itself is tested by doing what was asked about.

mod common;

use common::identities::allow;
use common::sample::{self, With};
use common::{House, OWN, REGION, Refusal, STRANGER, arn, base64, caller, name_of, text_at};
use kms::Caller;
use serde_json::{Value, json};
use wire::Op;

struct Scene {
    house: House,
    root: Caller,
    key: String,
}

fn user(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

impl Scene {
    /// Ann is named by the key's policy, Bob has policies of his own, Carl has a grant, Dora is denied, and Eve is of
    /// another account.
    async fn new() -> Scene {
        let house = House::new().await;
        let root = house.own_account().await;
        house.another_account(STRANGER).await;
        let root = house.sign_in(&root).await;
        let bobs = json!({ "Version": "2012-10-17", "Statement": [
            { "Sid": "Keys", "Effect": "Allow", "Action": "kms:Enc*", "Resource": "*" },
            { "Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*" },
        ] });
        for (account, name, policy) in [
            (OWN, "ann", None),
            (OWN, "bob", Some(bobs)),
            (OWN, "carl", None),
            (OWN, "dora", Some(allow(json!("*")))),
            (STRANGER, "eve", Some(allow(json!("kms:Decrypt")))),
            (STRANGER, "fay", None),
            (STRANGER, "guy", Some(allow(json!("*")))),
        ] {
            house.user(account, name, policy).await;
        }
        let key = house.key().await;
        let statement = |effect: &str, principals: Value, action: Value| json!({ "Effect": effect, "Principal": { "AWS": principals }, "Action": action, "Resource": "*" });
        let mut named = statement("Allow", json!(user(OWN, "ann")), json!(["kms:Decrypt", "kms:Encrypt"]));
        named["Sid"] = json!("Use of the key");
        named["Condition"] = json!({ "StringEquals": { "kms:EncryptionContext:app": "x" } });
        let guests = json!([user(STRANGER, "eve"), user(STRANGER, "fay")]);
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            statement("Allow", json!(OWN), json!("kms:*")),
            named,
            statement("Allow", guests, json!("kms:*")),
            statement("Deny", json!(user(OWN, "dora")), json!("kms:Decrypt")),
        ] });
        house.ok(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy.to_string() })).await;
        Scene { house, root, key }
    }

    async fn ask(&self, question: Value) -> Result<Value, Refusal> {
        self.house.administer(&self.root, "Explain", question).await
    }
}

#[tokio::test]
async fn the_answer_names_what_the_decision_rests_on() {
    let scene = Scene::new().await;
    let to = json!({ "KeyId": scene.key, "GranteePrincipal": user(OWN, "carl"), "Operations": ["Decrypt"] });
    let grant = text_at(&scene.house.ok(Op::CreateGrant, to).await, "/GrantId");
    let context = json!({ "app": "x" });
    let root = format!("arn:aws:iam::{OWN}:root");
    let cases = [
        (
            json!({ "Principal": user(OWN, "ann"), "Operation": "kms:Decrypt", "EncryptionContext": context }),
            json!({ "Allowed": true, "Source": "KeyPolicy", "Statement": 2, "Sid": "Use of the key" }),
            "Statement 2 (Use of the key) of the key policy allows it, and nothing that has a say forbids it.",
        ),
        (
            json!({ "Principal": user(OWN, "ann"), "Operation": "Decrypt" }),
            json!({ "Allowed": false }),
            "No policy of the principal allows it.",
        ),
        // A fact that is given outweighs what is known.
        (
            json!({ "Principal": user(OWN, "ann"), "Operation": "Decrypt", "Facts": { "kms:encryptioncontext:app": "x" } }),
            json!({ "Allowed": true, "Source": "KeyPolicy", "Statement": 2, "Sid": "Use of the key" }),
            "Statement 2 (Use of the key) of the key policy allows it, and nothing that has a say forbids it.",
        ),
        (
            json!({ "Principal": user(OWN, "bob"), "Operation": "Encrypt" }),
            json!({ "Allowed": true, "Source": "IdentityPolicy", "PolicyName": "mine", "Statement": 1, "Sid": "Keys" }),
            "Statement 1 (Keys) of the principal's policy mine allows it, and nothing that has a say forbids it.",
        ),
        (
            json!({ "Principal": user(OWN, "bob"), "Operation": "CreateKey" }),
            json!({ "Allowed": true, "Source": "IdentityPolicy", "PolicyName": "mine", "Statement": 2 }),
            "Statement 2 of the principal's policy mine allows it, and nothing that has a say forbids it.",
        ),
        // CreateKey asks for TagResource too, and of that no key policy can say anything.
        (
            json!({ "Principal": user(STRANGER, "eve"), "Operation": "TagResource" }),
            json!({ "Allowed": false }),
            "The key is another account's, and this operation works only on keys of one's own.",
        ),
        // The key's half of it.
        (
            json!({ "Principal": user(STRANGER, "guy"), "Operation": "DeleteAlias" }),
            json!({ "Allowed": false }),
            "The key is another account's, and this operation works only on keys of one's own.",
        ),
        // Its policy has no say in lists.
        (
            json!({ "Principal": user(STRANGER, "fay"), "Operation": "ListAliases" }),
            json!({ "Allowed": false }),
            "No policy of the principal allows it.",
        ),
        (
            json!({ "Principal": user(OWN, "carl"), "Operation": "Decrypt" }),
            json!({ "Allowed": true, "Source": "Grant", "GrantId": grant }),
            &format!("The grant {grant} allows it, and nothing that has a say forbids it."),
        ),
        (
            json!({ "Principal": user(OWN, "dora"), "Operation": "Decrypt" }),
            json!({ "Allowed": false, "Source": "KeyPolicy", "Statement": 4 }),
            "Statement 4 of the key policy denies it: a Deny outweighs every Allow.",
        ),
        (
            json!({ "Principal": user(STRANGER, "fay"), "Operation": "Decrypt" }),
            json!({ "Allowed": false }),
            "The account of the key allows it, but no policy of the principal does: in another account both are needed.",
        ),
        (
            json!({ "Principal": user(STRANGER, "eve"), "Operation": "DisableKey" }),
            json!({ "Allowed": false }),
            "The key is another account's, and this operation works only on keys of one's own.",
        ),
    ];
    for (mut question, mut expected, because) in cases {
        question["KeyId"] = json!(arn(&scene.key));
        expected["Because"] = json!(because);
        assert_eq!(scene.ask(question.clone()).await, Ok(expected), "{question}");
    }
    let across = json!({ "Principal": user(STRANGER, "eve"), "Operation": "Decrypt", "KeyId": arn(&scene.key) });
    assert_eq!(scene.ask(across).await.expect("an answer")["Allowed"], true, "both accounts allow it");
    let own = json!({ "Principal": root, "Operation": "DisableKey", "KeyId": scene.key });
    assert_eq!(scene.ask(own).await.expect("an answer")["Allowed"], true);
}

#[tokio::test]
async fn a_question_about_what_is_not_there_is_refused() {
    let scene = Scene::new().await;
    let ann = user(OWN, "ann");
    for (question, name) in [
        (
            json!({ "Principal": user(OWN, "nobody"), "Operation": "Decrypt", "KeyId": scene.key }),
            "InvalidArnException",
        ),
        (json!({ "Principal": "ann", "Operation": "Decrypt", "KeyId": scene.key }), "InvalidArnException"),
        (json!({ "Principal": ann, "Operation": "Decipher", "KeyId": scene.key }), "ValidationException"),
        (
            json!({ "Principal": ann, "Operation": "ConnectCustomKeyStore", "KeyId": scene.key }),
            "UnsupportedOperationException",
        ),
        (json!({ "Principal": ann, "Operation": "Decrypt", "KeyId": common::NOBODY }), "NotFoundException"),
        (json!({ "Principal": ann, "Operation": "Decrypt", "KeyId": "alias/none" }), "NotFoundException"),
    ] {
        let told = scene.ask(question.clone()).await;
        assert_eq!(name_of(&told), name, "{question}: {told:?}");
    }
}

/// The answer and the call itself, for everybody and every operation that can be tried without harm.
#[tokio::test]
async fn the_answer_is_what_a_call_meets() {
    let scene = Scene::new().await;
    let blob = scene.house.encrypt(&scene.key, &base64("p")).await;
    let bodies = [
        (Op::DescribeKey, json!({ "KeyId": arn(&scene.key) })),
        (Op::Encrypt, json!({ "KeyId": arn(&scene.key), "Plaintext": base64("p") })),
        (Op::Decrypt, json!({ "KeyId": arn(&scene.key), "CiphertextBlob": blob })),
        (Op::ListGrants, json!({ "KeyId": arn(&scene.key) })),
        (Op::ListResourceTags, json!({ "KeyId": arn(&scene.key) })),
    ];
    for (account, name) in
        [(OWN, "ann"), (OWN, "bob"), (OWN, "carl"), (OWN, "dora"), (STRANGER, "eve"), (STRANGER, "fay")]
    {
        let keys = scene.house.manage(account, "CreateAccessKey", json!({ "UserName": name })).await;
        let who = scene.house.sign_in(&common::identities::Keys::of(&keys)).await;
        for (op, body) in &bodies {
            let question =
                json!({ "Principal": user(account, name), "Operation": op.name(), "KeyId": arn(&scene.key) });
            let answer = scene.ask(question).await.expect("an answer");
            let told = scene.house.call_as(&who, *op, body.clone()).await;
            assert_eq!(answer["Allowed"], told.is_ok(), "{name} {op:?}: {answer} {told:?}");
        }
    }
    let root =
        scene.house.call_as(&caller(STRANGER, REGION), Op::DescribeKey, json!({ "KeyId": arn(&scene.key) })).await;
    let question = json!({ "Principal": format!("arn:aws:iam::{STRANGER}:root"), "Operation": "DescribeKey", "KeyId": arn(&scene.key) });
    assert_eq!(scene.ask(question).await.expect("an answer")["Allowed"], root.is_ok());
}

/// A question that says no more than it must is one of the request that says no more than it must.
#[tokio::test]
async fn what_a_request_counts_as_saying_is_in_the_question_too() {
    let scene = Scene::new().await;
    let key = scene.house.key_as(sample::key_for(Op::Sign)).await;
    let keys = scene.house.manage(OWN, "CreateAccessKey", json!({ "UserName": "ann" })).await;
    let ann = scene.house.sign_in(&common::identities::Keys::of(&keys)).await;
    let allowed = |op: Op| matches!(op, Op::Sign | Op::Verify);
    for (condition, allows) in [
        // The one algorithm of the key, and the type that a message has unless it says another.
        (json!({ "StringEquals": { "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "RAW" } }), true),
        (json!({ "StringEquals": { "kms:MessageType": "DIGEST" } }), false),
        (json!({ "StringEquals": { "kms:SigningAlgorithm": "ECDSA_SHA_384" } }), false),
    ] {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": OWN }, "Action": "kms:*", "Resource": "*" },
            {
                "Effect": "Allow", "Principal": { "AWS": user(OWN, "ann") }, "Action": "kms:*", "Resource": "*",
                "Condition": condition,
            },
        ] });
        scene.house.ok(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy.to_string() })).await;
        for op in [Op::Sign, Op::Verify, Op::GetPublicKey] {
            let question = json!({ "Principal": user(OWN, "ann"), "Operation": op.name(), "KeyId": key });
            let answer = scene.ask(question).await.expect("an answer");
            assert_eq!(answer["Allowed"], allows && allowed(op), "{op:?} if {condition}: {answer}");
            let told = scene.house.call_as(&ann, op, sample::sample(op, &With { key: &key, blob: "" })).await;
            assert_eq!(name_of(&told) != "AccessDeniedException", allows && allowed(op), "{op:?}: {told:?}");
        }
    }
}
