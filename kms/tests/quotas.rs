//! How many keys a world may have, where that is set.

mod common;

use std::sync::Arc;

use common::{House, MINUTE, OWN, Refusal, caller, refusal};
use kms::{Mode, Quotas};
use serde_json::{Value, json};
use wire::Op;

fn full() -> Result<Value, Refusal> {
    refusal("LimitExceededException", "The limit of keys in this account and Region has been reached.")
}

fn keys(keys: u32) -> Quotas {
    Quotas { keys, ..Quotas::default() }
}

#[tokio::test]
async fn of_many_clients_that_make_keys_at_once_exactly_as_many_succeed_as_the_quota_says() {
    for quota in [1, 16, 37] {
        let house = Arc::new(House::new().await.again_with(keys(quota)).await);
        let clients: Vec<_> = (0..60)
            .map(|_| {
                let house = house.clone();
                tokio::spawn(async move { house.call(Op::CreateKey, json!({})).await })
            })
            .collect();
        let mut made = 0;
        for client in clients {
            match client.await.expect("a client") {
                Ok(_) => made += 1,
                told => assert_eq!(told, full()),
            }
        }
        assert_eq!(made, quota);
        assert_eq!(house.call(Op::CreateKey, json!({})).await, full());
        house.key_of(&caller(OWN, "eu-west-1")).await;
    }
}

#[tokio::test]
async fn a_quota_below_what_is_there_lets_nothing_in_until_enough_is_gone() {
    let house = House::with(Mode::Dev, |store| store).await;
    let mut made = Vec::new();
    for _ in 0..6 {
        made.push(house.key().await);
    }
    let house = house.again_with(keys(5)).await;
    for key in &made[..2] {
        assert_eq!(house.call(Op::CreateKey, json!({})).await, full());
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    }
    house.advance_days(7);
    house.turn(MINUTE).await;
    house.ok(Op::CreateKey, json!({})).await;
    assert_eq!(house.call(Op::CreateKey, json!({})).await, full());
}
