//! Does an engine keep the promises of a store? One suite asks every engine the same, through the trait alone.
//! What only one engine can be asked, such as what its files hold, stands with that engine.
//!
//! `store::hold_to_suite!(fresh)` makes one test of each claim; `fresh` makes an empty engine and what keeps it alive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::limits::PAGE_ROWS;
use crate::testing::{Fate, Faulty};
use crate::{Batch, Entry, Outcome, Page, Refused, Revision, Store, Unread, Value};

/// Makes a `#[tokio::test]` of every claim of the suite. `$fresh()` gives `(Arc<dyn Store>, guard)`: an empty engine,
/// and a value that is kept until the claim has been checked.
#[macro_export]
macro_rules! hold_to_suite {
    ($fresh:path) => {
        $crate::hold_to_suite!(@ $fresh:
            an_empty_store_answers,
            what_is_committed_is_there_and_carries_its_revision,
            limits_are_held,
            a_refused_batch_changes_nothing,
            conflicts_name_the_expectations_that_failed,
            a_conflict_writes_nothing,
            a_row_born_again_has_another_revision,
            snapshots_keep_their_rows_under_churn,
            a_page_is_what_its_limit_prefix_and_marker_say,
            pages_of_fresh_snapshots_miss_no_row_that_stayed,
            a_forgotten_snapshot_is_expired_and_the_named_one_is_not,
            an_old_snapshot_expires_by_itself,
            a_revision_to_come_cannot_be_read,
            a_watch_tells_every_commit_once_and_in_order,
            a_watch_from_a_forgotten_revision_is_expired,
            of_a_hundred_racing_writers_a_guard_row_admits_fifty,
            racing_increments_are_all_counted,
            increments_through_lost_answers_are_counted_once,
            a_caller_who_gives_up_cancels_nothing,
        );
    };
    (@ $fresh:path: $($claim:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                let (store, guard) = $fresh();
                $crate::suite::$claim(store).await;
                drop(guard);
            }
        )*
    };
}

type Engine = Arc<dyn Store>;

/// Nothing is there, and nothing goes wrong.
pub async fn an_empty_store_answers(store: Engine) {
    let at = now(&store).await;
    assert_eq!(store.get(at, b"nothing").await, Ok(None));
    assert_eq!(store.scan(at, b"", None, 10).await, Ok(Page { entries: Vec::new(), more: false }));
}

/// And the newest revision covers it, from the moment of the answer.
pub async fn what_is_committed_is_there_and_carries_its_revision(store: Engine) {
    let keys: [&[u8]; 4] = [b"a", b"a\0b", b"\xff\xff", b"\0"];
    for key in keys {
        let revision = committed(&store, put(key, b"value")).await;
        let at = now(&store).await;
        assert!(at >= revision, "a revision asked for after the answer covers the commit");
        let expected = Entry { key: key.to_vec(), value: value(b"value"), revision };
        assert_eq!(store.get(at, key).await, Ok(Some(expected)));
    }
}

/// To the byte and the row, on both sides.
pub async fn limits_are_held(store: Engine) {
    for (what, batch, expected) in batches_at_their_limits() {
        let answer = store.commit(batch).await;
        match expected {
            Verdict::Taken => assert!(matches!(answer, Ok(Outcome::Committed { .. })), "{what}: {answer:?}"),
            Verdict::TooBig => assert!(matches!(answer, Err(Refused::TooBig(_))), "{what}: {answer:?}"),
            Verdict::Malformed => assert!(matches!(answer, Err(Refused::Malformed(_))), "{what}: {answer:?}"),
        }
    }
}

enum Verdict {
    Taken,
    TooBig,
    Malformed,
}

fn batches_at_their_limits() -> Vec<(&'static str, Batch, Verdict)> {
    let expectations = |count| Batch { expect: (0..count).map(|n| (numbered("e", n), 0)).collect(), ..put(b"p", b"") };
    let puts = |prefix: &str, count| Batch {
        puts: (0..count).map(|n| (numbered(prefix, n), value(b""))).collect(),
        ..Batch::default()
    };
    let sized = |prefix: &str, rows: usize, last: usize| {
        // Keys of 6 bytes: `rows` whole rows of 64 KiB and one of `last` bytes.
        let bytes = |n| if n < rows { 64 * 1024 } else { last };
        let row = |n| (numbered(prefix, n), vec![7; bytes(n) - 6].into());
        Batch { puts: (0..=rows).map(row).collect(), ..Batch::default() }
    };
    let keyed = |length| put(&vec![b'k'; length], b"");
    let expecting = |length| Batch { expect: vec![(vec![b'z'; length], 0)], ..put(b"q", b"") };
    let deleting =
        |expect: Vec<(Vec<u8>, Revision)>| Batch { expect, deletes: vec![b"d".to_vec()], ..Batch::default() };
    let written_twice = Batch { deletes: vec![b"d".to_vec()], expect: vec![(b"d".to_vec(), 1)], ..put(b"d", b"") };
    let put_twice = Batch { puts: vec![(b"d".to_vec(), value(b"")); 2], ..Batch::default() };
    let expected_twice = Batch { expect: vec![(b"d".to_vec(), 0); 2], ..put(b"q", b"") };
    vec![
        ("128 expectations", expectations(128), Verdict::Taken),
        ("129 expectations", expectations(129), Verdict::TooBig),
        ("128 writes", puts("w", 128), Verdict::Taken),
        ("129 writes", puts("w", 129), Verdict::TooBig),
        ("nothing to write", puts("w", 0), Verdict::Malformed),
        ("only an expectation", Batch { puts: Vec::new(), ..expectations(1) }, Verdict::Malformed),
        ("a key of 1024 bytes", keyed(1024), Verdict::Taken),
        ("a key of 1025 bytes", keyed(1025), Verdict::TooBig),
        ("a key of no bytes", keyed(0), Verdict::Malformed),
        ("an expected key of 1024 bytes", expecting(1024), Verdict::Taken),
        ("an expected key of 1025 bytes", expecting(1025), Verdict::TooBig),
        ("an expected key of no bytes", expecting(0), Verdict::Malformed),
        ("a row of 64 KiB", sized("r", 0, 64 * 1024), Verdict::Taken),
        ("a row of 64 KiB and a byte", sized("r", 0, 64 * 1024 + 1), Verdict::TooBig),
        ("a batch of 1 MiB", sized("b", 15, 64 * 1024), Verdict::Taken),
        ("a batch of 1 MiB and 7 bytes", sized("b", 16, 7), Verdict::TooBig),
        ("a delete without expectation", deleting(vec![]), Verdict::Malformed),
        ("a delete of what is expected absent", deleting(vec![(b"d".to_vec(), 0)]), Verdict::Malformed),
        ("a key put and deleted", written_twice, Verdict::Malformed),
        ("a key put twice", put_twice, Verdict::Malformed),
        ("a key expected twice", expected_twice, Verdict::Malformed),
    ]
}

/// A refusal is certain.
pub async fn a_refused_batch_changes_nothing(store: Engine) {
    committed(&store, put(b"k", b"1")).await;
    let before = now(&store).await;
    let batch = Batch { puts: vec![(b"k".to_vec(), value(b"2")), (Vec::new(), value(b""))], ..Batch::default() };
    assert!(matches!(store.commit(batch).await, Err(Refused::Malformed(_))));
    assert_eq!(now(&store).await, before);
    assert_eq!(at_present(&store, b"k").await, Some(b"1".to_vec()));
}

/// By their places, all of them, whether the row is absent, present or of another revision.
pub async fn conflicts_name_the_expectations_that_failed(store: Engine) {
    let old = committed(&store, put(b"a", b"1")).await;
    let new = committed(&store, put(b"a", b"2")).await;
    type Expectations<'a> = &'a [(&'a [u8], Revision)];
    let cases: [(Expectations<'_>, &[usize]); 6] = [
        (&[(b"a", old)], &[0]),
        (&[(b"a", 0)], &[0]),
        (&[(b"a", new + 1)], &[0]),
        (&[(b"absent", new)], &[0]),
        (&[(b"a", new), (b"absent", new), (b"gone", 0), (b"none", 7)], &[1, 3]),
        (&[(b"absent", 1), (b"a", Revision::MAX)], &[0, 1]),
    ];
    for (expect, which) in cases {
        let expect = expect.iter().map(|(key, revision)| (key.to_vec(), *revision)).collect();
        let answer = store.commit(Batch { expect, ..put(b"b", b"") }).await;
        assert_eq!(answer, Ok(Outcome::Conflict { which: which.to_vec() }));
    }
    let expect = vec![(b"a".to_vec(), new), (b"absent".to_vec(), 0)];
    committed(&store, Batch { expect, ..put(b"b", b"") }).await;
}

/// Not even the parts that nobody disputes.
pub async fn a_conflict_writes_nothing(store: Engine) {
    let revision = committed(&store, put(b"kept", b"1")).await;
    let batch = Batch {
        expect: vec![(b"kept".to_vec(), revision), (b"absent".to_vec(), 9)],
        puts: vec![(b"new".to_vec(), value(b"1"))],
        deletes: vec![b"kept".to_vec()],
    };
    assert_eq!(store.commit(batch).await, Ok(Outcome::Conflict { which: vec![1] }));
    assert_eq!(at_present(&store, b"kept").await, Some(b"1".to_vec()));
    assert_eq!(at_present(&store, b"new").await, None);
}

/// So whoever expects the row of before is told, although key and value are the same.
pub async fn a_row_born_again_has_another_revision(store: Engine) {
    let first = committed(&store, put(b"k", b"same")).await;
    committed(&store, delete(b"k", first)).await;
    committed(&store, put(b"k", b"same")).await;
    let answer = store.commit(Batch { expect: vec![(b"k".to_vec(), first)], ..put(b"k", b"late") }).await;
    assert_eq!(answer, Ok(Outcome::Conflict { which: vec![0] }));
}

/// Two readers compare every snapshot with a model, by rows and by pages, while a writer changes the rows under them.
pub async fn snapshots_keep_their_rows_under_churn(store: Engine) {
    const COMMITS: u64 = 400;
    let models = Arc::new(Mutex::new(vec![(now(&store).await, Model::new())]));
    let writer = tokio::spawn(churn(store.clone(), models.clone(), COMMITS));
    let readers: Vec<_> =
        (0..2).map(|seed| tokio::spawn(compare(store.clone(), models.clone(), Dice(seed), 300))).collect();
    writer.await.expect("the writer ends");
    for reader in readers {
        reader.await.expect("no reader finds a difference");
    }
    compare(store, models, Dice(99), 300).await;
}

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Revision)>;
type Models = Arc<Mutex<Vec<(Revision, Model)>>>;

async fn churn(store: Engine, models: Models, commits: u64) {
    let mut dice = Dice(7);
    let mut model = Model::new();
    for round in 0..commits {
        let mut batch = Batch::default();
        for key in (0..1 + dice.below(4)).map(|_| some_key(&mut dice)).collect::<BTreeSet<_>>() {
            match model.get(&key) {
                Some((_, revision)) if dice.below(2) == 0 => {
                    batch.expect.push((key.clone(), *revision));
                    batch.deletes.push(key);
                }
                Some(_) | None => batch.puts.push((key, value(format!("value {round}").as_bytes()))),
            }
        }
        let revision = committed(&store, batch.clone()).await;
        for (key, value) in batch.puts {
            model.insert(key, (value.to_vec(), revision));
        }
        for key in batch.deletes {
            model.remove(&key);
        }
        models.lock().expect("no one panics with the models").push((revision, model.clone()));
    }
}

async fn compare(store: Engine, models: Models, mut dice: Dice, rounds: u64) {
    for _ in 0..rounds {
        let (at, model) = {
            let models = models.lock().expect("no one panics with the models");
            models[dice.below(models.len() as u64) as usize].clone()
        };
        let key = some_key(&mut dice);
        let found = store.get(at, &key).await.expect("the snapshot is young");
        let expected = model.get(&key).map(|(value, revision)| (value.clone(), *revision));
        assert_eq!(found.map(|entry| (entry.value.to_vec(), entry.revision)), expected, "{key:?} at {at}");

        let prefix = &key[..dice.below(3) as usize];
        let found: Model = read_pages(&store, at, prefix, 1 + dice.below(40) as usize).await;
        let expected: Model = model.into_iter().filter(|(key, _)| key.starts_with(prefix)).collect();
        assert_eq!(found, expected, "under {prefix:?} at {at}");
    }
}

async fn read_pages(store: &Engine, at: Revision, prefix: &[u8], limit: usize) -> Model {
    let mut rows = Model::new();
    let mut marker: Option<Vec<u8>> = None;
    loop {
        let page = store.scan(at, prefix, marker.as_deref(), limit).await.expect("the snapshot is young");
        assert!(page.entries.len() <= limit);
        assert!(!page.more || page.entries.len() == limit, "a page before the last is full");
        for Entry { key, value, revision } in page.entries {
            assert!(marker.as_ref() < Some(&key), "pages come in order, no row twice");
            marker = Some(key.clone());
            rows.insert(key, (value.to_vec(), revision));
        }
        if !page.more {
            return rows;
        }
    }
}

/// Also for markers outside the prefix, prefixes without an end, and limits above what a page may hold.
pub async fn a_page_is_what_its_limit_prefix_and_marker_say(store: Engine) {
    for first in [b"a".as_slice(), b"b", b"\xff"] {
        let rows = (0..100).map(|n| ([first, &numbered("", n)].concat(), value(b"")));
        committed(&store, Batch { puts: rows.collect(), ..Batch::default() }).await;
    }
    let key = |first: &[u8], n| [first, &numbered("", n)].concat();
    type Scan = (&'static [u8], Option<Vec<u8>>, usize);
    type Found = (usize, bool);
    let cases: [(Scan, Found); 14] = [
        ((b"", None, 300), (PAGE_ROWS, true)),
        ((b"", None, usize::MAX), (PAGE_ROWS, true)),
        ((b"", Some(key(b"a", 43)), 300), (PAGE_ROWS, false)),
        ((b"", Some(key(b"a", 42)), 300), (PAGE_ROWS, true)),
        ((b"b", None, 0), (0, true)),
        ((b"b", None, 1), (1, true)),
        ((b"b", None, 99), (99, true)),
        ((b"b", None, 100), (100, false)),
        ((b"b", Some(b"a".to_vec()), 200), (100, false)),
        ((b"b", Some(key(b"b", 98)), 200), (1, false)),
        ((b"b", Some(key(b"b", 99)), 200), (0, false)),
        ((b"b", Some(b"z".to_vec()), 200), (0, false)),
        ((b"\xff", None, 200), (100, false)),
        ((b"c", None, 200), (0, false)),
    ];
    let at = now(&store).await;
    for ((prefix, marker, limit), found) in cases {
        let page = store.scan(at, prefix, marker.as_deref(), limit).await.expect("the snapshot is young");
        assert_eq!((page.entries.len(), page.more), found, "{prefix:?} after {marker:?}, at most {limit}");
        assert!(page.entries.iter().all(|row| row.key.starts_with(prefix) && Some(&row.key) > marker.as_ref()));
        assert!(page.entries.is_sorted_by(|one, next| one.key < next.key));
    }
}

/// Each page on the newest revision, as a client's marker has it.
pub async fn pages_of_fresh_snapshots_miss_no_row_that_stayed(store: Engine) {
    let rows = (0..64).map(|n| (numbered("s", n), value(b"stays")));
    committed(&store, Batch { puts: rows.collect(), ..Batch::default() }).await;
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for round in 0.. {
        // A row is born before every page, at a place that walks through the range.
        committed(&store, put(&[numbered("s", round * 11 % 64), b"new".to_vec()].concat(), b"new")).await;
        let page = store.scan(now(&store).await, b"s", seen.last().map(Vec::as_slice), 5).await.expect("it is young");
        seen.extend(page.entries.into_iter().map(|row| row.key));
        if !page.more {
            break;
        }
    }
    assert!(seen.is_sorted_by(|one, next| one < next), "in order, and no row twice");
    assert!((0..64).all(|n| seen.contains(&numbered("s", n))), "rows that stayed are all seen");
}

/// What was said to be forgotten is, and what has to stay stays.
pub async fn a_forgotten_snapshot_is_expired_and_the_named_one_is_not(store: Engine) {
    let first = committed(&store, put(b"k", b"1")).await;
    let second = committed(&store, put(b"k", b"2")).await;
    committed(&store, delete(b"k", second)).await;
    store.forget(second).await.expect("the engine compacts");
    assert_eq!(store.get(first, b"k").await, Err(Unread::Expired { oldest: second }));
    assert_eq!(store.scan(first, b"", None, 1).await, Err(Unread::Expired { oldest: second }));
    let row = store.get(second, b"k").await.expect("the named revision stays").expect("the row was there");
    assert_eq!(&*row.value, b"2");
    assert_eq!(at_present(&store, b"k").await, None);
    store.forget(first).await.expect("to forget what is forgotten is nothing");
    store.forget(Revision::MAX).await.expect("the newest revision is never forgotten");
    assert_eq!(at_present(&store, b"k").await, None);
}

/// An engine remembers a bounded amount: 40 MiB of changes are beyond it.
pub async fn an_old_snapshot_expires_by_itself(store: Engine) {
    let old = committed(&store, put(b"k", b"old")).await;
    for round in 0..44_u8 {
        let row = |n| (numbered("big", n), vec![round; 60_000].into());
        committed(&store, Batch { puts: (0..16).map(row).collect(), ..Batch::default() }).await;
    }
    let read = store.get(old, b"k").await;
    assert!(matches!(read, Err(Unread::Expired { oldest }) if oldest > old), "{read:?}");
    assert_eq!(at_present(&store, b"k").await, Some(b"old".to_vec()));
}

/// Neither as empty nor as the present.
pub async fn a_revision_to_come_cannot_be_read(store: Engine) {
    let next = committed(&store, put(b"k", b"1")).await + 1;
    assert!(matches!(store.get(next, b"k").await, Err(Unread::Unavailable(_))));
    assert!(matches!(store.scan(next, b"", None, 1).await, Err(Unread::Unavailable(_))));
}

/// Replaying it over a snapshot gives the present.
pub async fn a_watch_tells_every_commit_once_and_in_order(store: Engine) {
    const WRITERS: usize = 4;
    const COMMITS: usize = 50;
    committed(&store, put(b"before", b"")).await;
    let start = committed(&store, put(b"at", b"")).await;
    committed(&store, put(b"after", b"")).await;
    let mut watch = store.watch(start).await.expect("the revision is young");
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), writer, COMMITS))).collect();

    let mut replayed = BTreeMap::from([(b"before".to_vec(), value(b"")), (b"at".to_vec(), value(b""))]);
    let mut last = start;
    let mut seen = 0;
    while seen < 1 + WRITERS * COMMITS {
        let commit = watch.next().await.expect("the watch lasts");
        assert!(commit.revision > last, "in order");
        last = commit.revision;
        seen += usize::from(!commit.changes.is_empty());
        for (key, value) in commit.changes {
            match value {
                Some(value) => replayed.insert(key, value),
                None => replayed.remove(&key),
            };
        }
    }
    for writer in writers {
        writer.await.expect("no writer fails");
    }
    assert_eq!(last, now(&store).await, "the last commit is the newest revision");
    let rows = store.scan(last, b"", None, PAGE_ROWS).await.expect("the snapshot is young").entries;
    assert_eq!(replayed, rows.into_iter().map(|row| (row.key, row.value)).collect());
}

/// Puts and deletes ever the same few rows.
async fn write(store: Engine, writer: usize, commits: usize) {
    for n in 0..commits {
        let key = numbered(&format!("w{writer}-"), n % 3);
        let present = store.get(now(&store).await, &key).await.expect("it is young");
        let batch = match present {
            Some(row) if n % 2 == 0 => delete(&key, row.revision),
            Some(_) | None => put(&key, format!("{n}").as_bytes()),
        };
        committed(&store, batch).await;
    }
}

/// It cannot be whole any more.
pub async fn a_watch_from_a_forgotten_revision_is_expired(store: Engine) {
    let first = committed(&store, put(b"k", b"1")).await;
    let second = committed(&store, put(b"k", b"2")).await;
    let third = committed(&store, put(b"k", b"3")).await;
    let mut slow = store.watch(first).await.expect("the revision is young");
    store.forget(second).await.expect("the engine compacts");
    let refused = store.watch(first).await.map(|_| ());
    assert_eq!(refused, Err(Unread::Expired { oldest: second }));
    assert_eq!(slow.next().await, Err(Unread::Expired { oldest: second }));
    let mut watch = store.watch(second).await.expect("the named revision can be watched from");
    assert_eq!(watch.next().await.map(|commit| commit.revision), Ok(third));
}

/// A count in a row that every writer expects and writes is exact; a scan could not promise that.
pub async fn of_a_hundred_racing_writers_a_guard_row_admits_fifty(store: Engine) {
    const QUOTA: u64 = 50;
    let admitted = Arc::new(AtomicUsize::new(0));
    let writers: Vec<_> = (0..100)
        .map(|n| {
            let (store, admitted) = (store.clone(), admitted.clone());
            tokio::spawn(async move {
                while let Some((expected, count)) = Some(counter(&store).await).filter(|(_, count)| *count < QUOTA) {
                    let guard = count_to(expected, count + 1);
                    let batch = Batch { puts: [guard.puts, put(&numbered("row", n), b"").puts].concat(), ..guard };
                    if let Outcome::Committed { .. } = store.commit(batch).await.expect("it is taken up") {
                        admitted.fetch_add(1, Ordering::SeqCst);
                        return;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no writer fails");
    }
    assert_eq!(admitted.load(Ordering::SeqCst), 50);
    let rows = store.scan(now(&store).await, b"row", None, PAGE_ROWS).await.expect("it is young");
    assert_eq!(rows.entries.len(), 50);
}

/// Compare-and-set, retried on conflict.
pub async fn racing_increments_are_all_counted(store: Engine) {
    let tasks: Vec<_> = (0..16).map(|_| tokio::spawn(increment_often(store.clone(), 10))).collect();
    for task in tasks {
        task.await.expect("no task fails");
    }
    assert_eq!(counter(&store).await.1, 160);
}

async fn increment_often(store: Engine, times: usize) {
    for _ in 0..times {
        while let Outcome::Conflict { .. } = {
            let (expected, count) = counter(&store).await;
            store.commit(count_to(expected, count + 1)).await.expect("it is taken up")
        } {}
    }
}

/// Answers that are lost, commits that never land and commits that land late: a row that each increment expects
/// absent and puts tells a rerun what became of the first run.
pub async fn increments_through_lost_answers_are_counted_once(store: Engine) {
    const INCREMENTS: usize = 200;
    let faulty = Faulty::new(store.clone());
    let fates = [Fate::Landed, Fate::Lost, Fate::Late, Fate::Answered, Fate::Refused(Refused::Busy)];
    for n in 0..INCREMENTS {
        faulty.next(fates[n % fates.len()].clone());
    }
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let faulty = faulty.clone();
            tokio::spawn(async move {
                for n in 0..INCREMENTS / 8 {
                    increment_once(&faulty, &numbered(&format!("once {task} "), n)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no task fails");
    }
    let stragglers = faulty.land().await;
    assert!(stragglers.iter().all(|end| matches!(end, Ok(Outcome::Conflict { .. }))), "{stragglers:?}");
    assert_eq!(faulty.planned(), 0, "every fate was met");
    assert_eq!(counter(&store).await.1, INCREMENTS as u64);
}

async fn increment_once(faulty: &Arc<Faulty>, once: &[u8]) {
    let store: Engine = faulty.clone();
    loop {
        let at = now(&store).await;
        if store.get(at, once).await.expect("it is young").is_some() {
            return;
        }
        let (expected, count) = counter(&store).await;
        let mut batch = count_to(expected, count + 1);
        batch.expect.push((once.to_vec(), 0));
        batch.puts.push((once.to_vec(), value(b"")));
        match store.commit(batch).await {
            Ok(Outcome::Committed { .. }) => return,
            Ok(Outcome::Conflict { .. }) | Err(Refused::Busy) => {}
            Ok(Outcome::Unknown) => {
                // Whatever is late lands now or after the rerun: both must count once.
                if once.last().is_some_and(|byte| byte % 2 == 0) {
                    faulty.land().await;
                }
            }
            Err(refused) => panic!("no such fate was planned: {refused}"),
        }
    }
}

/// Only its answer is lost.
pub async fn a_caller_who_gives_up_cancels_nothing(store: Engine) {
    let mut watch = store.watch(now(&store).await).await.expect("the revision is young");
    drop(store.commit(put(b"k", b"given up")));
    while watch.next().await.expect("the watch lasts").changes.is_empty() {}
    assert_eq!(at_present(&store, b"k").await, Some(b"given up".to_vec()));
}

async fn counter(store: &Engine) -> (Revision, u64) {
    let row = store.get(now(store).await, b"counter").await.expect("it is young");
    row.map_or((0, 0), |row| (row.revision, u64::from_be_bytes(row.value[..].try_into().expect("8 bytes"))))
}

fn count_to(expected: Revision, count: u64) -> Batch {
    Batch { expect: vec![(b"counter".to_vec(), expected)], ..put(b"counter", &count.to_be_bytes()) }
}

async fn now(store: &Engine) -> Revision {
    store.revision().await.expect("the engine is there")
}

async fn committed(store: &Engine, batch: Batch) -> Revision {
    match store.commit(batch).await {
        Ok(Outcome::Committed { revision }) => revision,
        other => panic!("this commit is in nobody's way: {other:?}"),
    }
}

async fn at_present(store: &Engine, key: &[u8]) -> Option<Vec<u8>> {
    store.get(now(store).await, key).await.expect("the newest revision can be read").map(|row| row.value.to_vec())
}

fn put(key: &[u8], bytes: &[u8]) -> Batch {
    Batch { puts: vec![(key.to_vec(), value(bytes))], ..Batch::default() }
}

fn delete(key: &[u8], revision: Revision) -> Batch {
    Batch { expect: vec![(key.to_vec(), revision)], deletes: vec![key.to_vec()], ..Batch::default() }
}

fn value(bytes: &[u8]) -> Value {
    bytes.into()
}

fn numbered(prefix: &str, n: usize) -> Vec<u8> {
    format!("{prefix}{n:05}").into_bytes()
}

/// Keys that share prefixes, contain 0x00 and 0xff, and are few enough to collide.
fn some_key(dice: &mut Dice) -> Vec<u8> {
    let letters = [0, b'a', b'b', 0xff];
    (0..2 + dice.below(2)).map(|_| letters[dice.below(4) as usize]).collect()
}

/// The same throws in every run (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
