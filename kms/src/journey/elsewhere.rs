//! A key that is not here may be in another world of the same caller: the wrong Region is the commonest mistake.
//! The log says where it is; the answer never does.

use crate::rows;
use crate::world::World;

use super::cx::Cx;

/// How many worlds are looked into: more are not worth a hint.
const MAX_WORLDS: usize = 64;

/// Tells the log where else the caller has a key of this id. In open `dev` every account is the caller's.
pub(super) async fn hint(cx: &Cx, key_id: &str) {
    if let Some(world) = another_world(cx, key_id).await {
        tracing::info!(
            request_id = cx.request_id(),
            key_id,
            account = world.account,
            region = world.region,
            "the key is not in the account and Region of this request, but in these: sign the request for them"
        );
    }
}

/// Goes from world to world by one short read each, never from key to key.
async fn another_world(cx: &Cx, key_id: &str) -> Option<World> {
    let view = cx.view();
    let store = view.core.rows.store();
    let within = match cx.caller().is_open() {
        true => rows::prefix(&["k"]),
        false => rows::prefix(&["k", cx.caller().account()]),
    };
    let mut after: Option<Vec<u8>> = None;
    for _ in 0..MAX_WORLDS {
        let page = store.scan(view.at, &within, after.as_deref(), 1).await.ok()?;
        let first = page.entries.first()?;
        let [_, account, region, _] = rows::parts(&first.key)?.try_into().ok()?;
        let world = World { account: account.to_owned(), region: region.to_owned() };
        let there = store.get(view.at, &rows::key_row(&world, key_id)).await.ok()?;
        if there.is_some() && world != cx.world() {
            return Some(world);
        }
        // 0x01 follows the zero byte that ends a part: the first row that is no longer of this world comes after.
        after = Some([rows::row(&["k", account, region]), vec![1]].concat());
    }
    None
}
