//! One commit, and what comes when it is late, lost, met by others or abandoned by its client.

mod common;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use common::engines::{Blind, Meddler, Read};
use common::{House, Refusal, arn, refusal};
use kms::Mode;
use serde_json::{Value, json};
use store::testing::{Fate, Faulty, Held};
use store::{Batch, Unread};
use wire::Op;

/// Whether a commit is the end of a call: it puts a row into the outbox.
fn of_a_call(batch: &Batch) -> bool {
    batch.puts.iter().any(|(name, _)| name.starts_with(b"o\0"))
}

const IN_DOUBT: &str = "The store failed while it took the change: it may or may not have happened. Describe the key before \
                        you try again.";

async fn faulty_house() -> (House, Arc<Faulty>) {
    let mut faulty = None;
    let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
    (house, faulty.expect("the engine was wrapped"))
}

#[tokio::test]
async fn of_several_attempts_at_a_request_one_lands_and_its_own_answer_is_told() {
    let fates: [&[Fate]; 4] =
        [&[Fate::Landed], &[Fate::Lost], &[Fate::Lost, Fate::Lost, Fate::Landed], &[Fate::Lost, Fate::Landed]];
    for fates in fates {
        let (house, faulty) = faulty_house().await;
        for fate in fates {
            faulty.next_where(fate.clone(), of_a_call);
        }
        let key = house.key().await;
        assert_eq!(house.ids().await, [key], "{fates:?}: the key that was answered is the one that is there");
        assert_eq!(house.recorded(), ["CreateKey", "ListKeys"], "{fates:?}: it is recorded once");
    }
}

#[tokio::test]
async fn a_commit_that_comes_late_changes_nothing_any_more() {
    let (house, faulty) = faulty_house().await;
    faulty.next_where(Fate::Late, of_a_call);
    let key = house.key().await;
    let late = faulty.land().await;
    assert!(matches!(late[..], [Ok(store::Outcome::Conflict { .. })]), "the audit row is the fence: {late:?}");
    assert_eq!(house.ids().await, [key]);
    assert_eq!(house.recorded(), ["CreateKey", "ListKeys"]);
}

/// The second attempt cannot read the store and fails. It may say so only once the first one, which is still on its
/// way, is kept out for ever: or a key would appear after its making had failed.
#[tokio::test]
async fn after_an_unknown_commit_a_refusal_is_committed_before_it_is_told() {
    let (mut blind, mut faulty) = (None, None);
    let house = House::with(Mode::Serve, |store| {
        let faulty = faulty.insert(Faulty::new(store)).clone();
        blind.insert(Blind::new(faulty, Unread::Unavailable("not now".into()))).clone()
    });
    let house = house.await;
    let (blind, faulty) = (blind.expect("an engine"), faulty.expect("an engine"));
    let dark = blind.clone();
    faulty.next_where(Fate::Late, move |batch| {
        dark.fail(Read::Get, u32::MAX);
        of_a_call(batch)
    });
    let told = house.call(Op::CreateKey, json!({})).await;
    blind.fail(Read::Get, 0);
    assert_eq!(common::name_of(&told), "KMSInternalException");
    let late = faulty.land().await;
    assert!(matches!(late[..], [Ok(store::Outcome::Conflict { .. })]), "it must not land any more: {late:?}");
    assert_eq!(house.ids().await, [""; 0]);
    assert_eq!(house.recorded(), ["CreateKey", "ListKeys"]);
    assert_eq!(house.records()[0]["errorCode"], "KMSInternalException");
}

/// The same where there is not even a snapshot to commit a refusal on: then it is told that nobody knows.
#[tokio::test]
async fn after_an_unknown_commit_a_failure_that_cannot_be_committed_is_told_as_doubt() {
    let (mut blind, mut faulty) = (None, None);
    let house = House::with(Mode::Serve, |store| {
        let faulty = faulty.insert(Faulty::new(store)).clone();
        blind.insert(Blind::new(faulty, Unread::Unavailable("not now".into()))).clone()
    });
    let house = house.await;
    let (blind, faulty) = (blind.expect("an engine"), faulty.expect("an engine"));
    let dark = blind.clone();
    faulty.next_where(Fate::Late, move |batch| {
        dark.fail(Read::Revision, u32::MAX);
        of_a_call(batch)
    });
    let told = house.call(Op::CreateKey, json!({})).await;
    blind.fail(Read::Revision, 0);
    assert_eq!(told, refusal("KMSInternalException", IN_DOUBT));
}

/// The first attempt landed and nobody could see it; the second one found its own change made and was refused, in doubt
/// too. What is told is the end of the one that landed.
#[tokio::test]
async fn of_two_attempts_in_doubt_the_one_that_landed_is_told() {
    let (mut blind, mut faulty) = (None, None);
    let house = House::with(Mode::Serve, |store| {
        let faulty = faulty.insert(Faulty::new(store)).clone();
        blind.insert(Blind::new(faulty, Unread::Unavailable("not now".into()))).clone()
    });
    let house = house.await;
    let (blind, faulty) = (blind.expect("an engine"), faulty.expect("an engine"));
    let key = house.key().await;
    faulty.next_where(Fate::Landed, move |batch| {
        blind.fail(Read::Get, u32::from(of_a_call(batch)));
        of_a_call(batch)
    });
    faulty.next_where(Fate::Lost, of_a_call);
    let told = house.call(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
    assert!(told.is_ok(), "{told:?}");
    assert_eq!(faulty.planned(), 0, "there were two attempts");
    assert_eq!(house.recorded(), ["CreateKey", "ScheduleKeyDeletion"]);
    assert!(house.records()[1].get("errorCode").is_none());
}

#[tokio::test]
async fn a_store_that_never_says_how_a_commit_ended_is_told_as_doubt_and_is_not_ready() {
    let (house, faulty) = faulty_house().await;
    let key = house.key().await;
    for _ in 0..8 {
        faulty.next_where(Fate::Lost, of_a_call);
    }
    let told = house.call(Op::DisableKey, json!({ "KeyId": key })).await;
    assert_eq!(told, refusal("KMSInternalException", IN_DOUBT));
    assert_eq!(faulty.planned(), 0, "it was tried eight times");
    assert!(!house.service.ready());
    assert_eq!(house.recorded(), ["CreateKey", "DisableKey"]);
    assert_eq!(house.state(&key).await, "Enabled");
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    assert!(house.service.ready());
}

#[tokio::test]
async fn a_commit_that_was_certainly_refused_changes_nothing_and_is_recorded() {
    let (house, faulty) = faulty_house().await;
    let key = house.key().await;
    let refusals = [store::Refused::Full, store::Refused::Stopped("its disk failed".into())];
    for (before, refused) in refusals.into_iter().enumerate() {
        faulty.next_where(Fate::Refused(refused.clone()), of_a_call);
        let told = house.call(Op::DisableKey, json!({ "KeyId": key })).await;
        assert!(matches!(&told, Err(Refusal(name, _)) if name == "KMSInternalException"), "{told:?}");
        assert!(!house.service.ready(), "{refused:?}: a store that takes nothing is not ready");
        assert_eq!(house.state(&key).await, "Enabled");
        assert_eq!(house.recorded().iter().filter(|name| *name == "DisableKey").count(), before + 1);
        house.call(Op::EnableKey, json!({ "KeyId": key })).await.expect("the next commit is taken");
        assert!(house.service.ready());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_edits_of_one_key_lose_none_and_none_gives_up() {
    let house = Arc::new(House::new().await);
    let key = house.key().await;
    let edits: Vec<_> = (0..200)
        .map(|n| {
            let (house, key) = (house.clone(), key.clone());
            let body = json!({ "KeyId": key, "Description": format!("edit {n}") });
            tokio::spawn(async move { house.call(Op::UpdateKeyDescription, body).await })
        })
        .collect();
    for edit in edits {
        assert_eq!(edit.await.expect("no panic"), Ok(Value::Null));
    }
    assert_eq!(house.recorded().iter().filter(|name| *name == "UpdateKeyDescription").count(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_keys_made_at_once_are_a_hundred_keys() {
    let house = Arc::new(House::new().await);
    let made: Vec<_> = (0..100)
        .map(|_| {
            let house = house.clone();
            tokio::spawn(async move { house.key().await })
        })
        .collect();
    let mut keys = Vec::new();
    for key in made {
        keys.push(key.await.expect("no panic"));
    }
    keys.sort();
    assert_eq!(house.ids().await, keys);
}

#[tokio::test]
async fn of_two_that_schedule_a_deletion_one_is_refused_by_the_others_state() {
    let house = House::new().await;
    let key = house.key().await;
    let body = json!({ "KeyId": key });
    let (one, other) = tokio::join!(
        house.call(Op::ScheduleKeyDeletion, body.clone()),
        house.call(Op::ScheduleKeyDeletion, body.clone())
    );
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&key)));
    assert!((one.is_ok() && other == pending) || (other.is_ok() && one == pending), "{one:?} {other:?}");
}

#[tokio::test]
async fn a_client_that_vanishes_at_any_point_leaves_the_whole_change_with_its_record_or_nothing() {
    for polls in 0..6 {
        let house = House::new().await;
        {
            let mut call = pin!(house.call(Op::CreateKey, json!({ "Description": "of a client that vanished" })));
            for _ in 0..polls {
                if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await; // its task goes on without it
        let keys = house.ids().await.len();
        let records = house.recorded().iter().filter(|name| *name == "CreateKey").count();
        assert_eq!(keys, records, "cut after {polls} polls");
        // And its turn is free: the next one gets through.
        house.key().await;
    }
}

#[tokio::test]
async fn a_change_that_was_cut_off_before_its_record_was_moved_is_recorded_by_the_next_start() {
    let random: Arc<dyn crypto::Random> = Arc::new(crypto::testing::Seeded::new(3));
    let home = tempfile::tempdir().expect("a directory");
    let place = kms::home::Home { data: home.path().join("data"), secrets: home.path().join("secrets") };
    let terms =
        kms::home::Terms { mode: Mode::Serve, create: true, account: None, region: "us-east-1".into(), endpoint: None };
    // A trail that takes nothing stands for a process that ends between the commit and the copy.
    struct Deaf;
    impl kms::audit::trail::Trail for Deaf {
        fn append(&self, _: Vec<u8>) -> store::Fut<'_, Result<(), kms::audit::trail::TrailError>> {
            Box::pin(std::future::pending())
        }
        fn sync(&self) -> store::Fut<'_, Result<(), kms::audit::trail::TrailError>> {
            Box::pin(async { Ok(()) })
        }
        fn recent_event_ids(&self) -> std::collections::HashSet<String> {
            Default::default()
        }
    }
    let opened = kms::home::open(&place, &terms, &*random, common::NOON).await.expect("a first start");
    let store = opened.store.clone();
    let opened = kms::home::Opened { trail: Arc::new(Deaf), ..opened };
    let quotas = kms::Quotas::default();
    let service = kms::Service::start(
        opened,
        Mode::Serve,
        kms::Enforcement::On,
        quotas,
        "us-east-1".into(),
        random.clone(),
        common::NOON,
    )
    .await
    .expect("it starts");
    let call = service.call(
        Op::CreateKey,
        common::caller(common::OWN, "us-east-1"),
        kms::Origin { request_id: "r".into(), source_ip: "127.0.0.1".into(), user_agent: None },
        b"{}".to_vec(),
        common::NOON,
    );
    let unanswered = tokio::time::timeout(Duration::from_millis(500), call).await;
    assert!(unanswered.is_err(), "no answer before the record is in the trail");

    let left = store.scan(store.revision().await.expect("a revision"), b"o\0", None, 10).await.expect("the outbox");
    assert_eq!(left.entries.len(), 1, "the change carries its record in the same commit");
}

#[tokio::test]
async fn copied_records_leave_the_outbox_and_the_head_follows_them() {
    let house = House::new().await;
    for _ in 0..250 {
        house.key().await;
    }
    let sequence = |name: &[u8]| u64::from_str_radix(common::readable(name).rsplit('/').next().expect("a part"), 16);
    let last =
        house.rows(b"o\0").await.last().map(|row| sequence(&row.key).expect("a number")).expect("some still wait");
    house.service.close().await;
    assert!(house.rows(b"o\0").await.is_empty(), "closing takes the last ones along");
    assert_eq!(house.row(&["h", "1"]).await, Some(json!({ "moved": last, "sum": null })));
    assert_eq!(house.count("CreateKey"), 250);
    // Whoever calls after that is served all the same, and the next start takes care of what is left.
    house.key().await;
    assert_eq!(house.again().await.count("CreateKey"), 251);
    assert!(house.rows(b"o\0").await.is_empty());
}

#[tokio::test]
async fn a_record_whose_commit_was_in_doubt_stays_as_a_fence_until_the_next_start() {
    let (house, faulty) = faulty_house().await;
    faulty.next_where(Fate::Late, of_a_call);
    let key = house.key().await;
    house.service.close().await;
    assert_eq!(house.rows(b"o\0").await.len(), 1);
    let late = faulty.land().await;
    assert!(matches!(late[..], [Ok(store::Outcome::Conflict { .. })]), "{late:?}");
    let house = house.again().await;
    assert!(house.rows(b"o\0").await.is_empty());
    assert_eq!((house.ids().await, house.count("CreateKey")), (vec![key], 1));
}

/// Two processes on one store should not be; if they are, nothing is lost. No queue helps here, only what a commit
/// expects.
#[tokio::test]
async fn a_change_made_for_a_state_that_another_has_ended_is_not_committed() {
    let other = House::new().await;
    let key = other.key().await;
    let held = Held::new(other.store.clone());
    let house = Arc::new(other.try_again(held.clone()).await.expect("it starts"));
    let cases = [
        (
            Op::UpdateKeyDescription,
            json!({ "KeyId": key, "Description": "x" }),
            Op::ScheduleKeyDeletion,
            "is pending deletion.",
        ),
        (Op::CancelKeyDeletion, json!({ "KeyId": key }), Op::CancelKeyDeletion, "is not pending deletion."),
        (Op::ScheduleKeyDeletion, json!({ "KeyId": key }), Op::ScheduleKeyDeletion, "is pending deletion."),
    ];
    for (op, body, first, told) in cases {
        held.hold();
        let call = tokio::spawn({
            let house = house.clone();
            async move { house.call(op, body).await }
        });
        held.waiting(1).await;
        other.ok(first, json!({ "KeyId": key })).await;
        held.release();
        let answer = call.await.expect("no panic");
        assert_eq!(answer, refusal("KMSInvalidStateException", format!("{} {told}", arn(&key))), "{op:?}");
    }
}

#[tokio::test]
async fn a_change_that_always_comes_second_is_given_up_and_recorded() {
    let mut meddler = None;
    let house = House::with(Mode::Serve, |store| meddler.insert(Meddler::new(store)).clone()).await;
    let meddler = meddler.expect("an engine");
    let key = house.key().await;
    let row = house.rows(["k", common::OWN, common::REGION, &key].join("\0").as_bytes()).await.remove(0);
    meddler.meddle_with(row);
    let told = house.call(Op::DisableKey, json!({ "KeyId": key })).await;
    let busy = "The request met too many others that change the same key. Try again.";
    assert_eq!(told, refusal("KMSInternalException", busy));
    assert_eq!(meddler.stop(), 8, "as many attempts as there are");
    assert_eq!(house.recorded(), ["CreateKey", "DisableKey"]);
    assert_eq!(house.records()[1]["errorCode"], "KMSInternalException");
    assert_eq!(house.state(&key).await, "Enabled");
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
}

#[tokio::test]
async fn reading_commits_nothing() {
    let mut counting = None;
    let house = House::with(Mode::Serve, |store| counting.insert(store::testing::Counting::new(store)).clone()).await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    house.service.close().await;
    let counting = counting.expect("an engine");
    let before = counting.counts().commit;
    for (op, body) in [
        (Op::DescribeKey, json!({ "KeyId": key })),
        (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })),
        (Op::Decrypt, json!({ "CiphertextBlob": blob })),
        (Op::ReEncrypt, json!({ "CiphertextBlob": blob, "DestinationKeyId": key })),
        (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_256" })),
        (Op::GenerateRandom, json!({ "NumberOfBytes": 1 })),
        (Op::ListKeys, json!({})),
    ] {
        house.ok(op, body).await;
    }
    let _refused = house.call(Op::DisableKey, json!({ "KeyId": common::NOBODY })).await;
    assert_eq!(counting.counts().commit, before);
}

#[tokio::test]
async fn a_store_that_fails_the_audit_mover_is_not_ready() {
    let (house, faulty) = faulty_house().await;
    faulty.next_where(Fate::Lost, |batch| batch.deletes.iter().any(|name| name.starts_with(b"o\0")));
    house.key().await;
    assert!(house.service.ready(), "the key's own commit was taken");
    house.service.close().await; // the mover has come to its commit
    assert_eq!(faulty.planned(), 0, "the mover's commit has met its fate");
    assert!(!house.service.ready(), "a commit whose end nobody can tell is an I/O error, whoever made it");
}
