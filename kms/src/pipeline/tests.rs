//! What types do not refuse, the pipeline refuses closed: operations that are wrong on purpose.

use std::sync::Arc;

use crypto::testing::Seeded;
use store::Store;
use wire::{Empty, Op};

use crate::journey::{Call, Cx, Done};
use crate::names::Names;
use crate::ops::{Action, Operation, Sheet};
use crate::service::{Core, Origin, Service};
use crate::{Enforcement, Error, Mode, Quotas, Time, home};

use super::{Answer, serve};

const DISABLE: Sheet = Sheet::of(Op::DisableKey).takes(Names::KeyOnly);

/// Declares an operation on one key that runs like this.
macro_rules! wrong {
    ($name:ident, |$cx:ident, $key:ident| $run:expr) => {
        struct $name;

        impl Operation for $name {
            const SHEET: Sheet = DISABLE;
            type Request = wire::DisableKeyRequest;
            type Response = Empty;

            async fn run($cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
                let $key = request.key_id.as_str();
                $run
            }
        }
    };
}

wrong!(Right, |cx, key| Ok(cx.find(key).await?.permit(cx.ask()).await?.admit()?.disable().await?.done(Empty)));

wrong!(PermitsAnotherAct, |cx, key| {
    let ask = cx.ask_to(Action::Of(Op::EnableKey));
    Ok(cx.find(key).await?.permit(ask).await?.admit()?.disable().await?.done(Empty))
});

wrong!(FindsAfterItPermitted, |cx, key| {
    let first = cx.find(key).await?.permit(cx.ask()).await?;
    let _second = cx.find(key).await?;
    Ok(first.admit()?.disable().await?.done(Empty))
});

wrong!(PermitsAfterItAdmitted, |cx, key| {
    let (first, second) = (cx.find(key).await?, cx.find(key).await?);
    let first = first.permit(cx.ask()).await?.admit()?;
    let _second = second.permit(cx.ask()).await?;
    Ok(first.disable().await?.done(Empty))
});

wrong!(AdmitsAfterItActed, |cx, key| {
    let (first, second) = (cx.find(key).await?, cx.find(key).await?);
    let first = first.permit(cx.ask()).await?;
    let second = second.permit(cx.ask()).await?;
    let change = first.admit()?.disable().await?;
    let _second = second.admit()?;
    Ok(change.done(Empty))
});

wrong!(AsksForAKeyWithoutNamingIt, |cx, _key| Ok(cx.permit(cx.ask()).await?.done(Empty)));

wrong!(LosesItsEdit, |cx, key| {
    let (first, second) = (cx.find(key).await?, cx.find(key).await?);
    let first = first.permit(cx.ask()).await?;
    let second = second.permit(cx.ask()).await?;
    let (first, second) = (first.admit()?, second.admit()?);
    let _lost = first.disable().await?;
    Ok(second.done(Empty))
});

wrong!(HandsOverOneEditOfTwo, |cx, key| {
    let (first, second) = (cx.find(key).await?, cx.find(key).await?);
    let first = first.permit(cx.ask()).await?;
    let second = second.permit(cx.ask()).await?;
    let (first, second) = (first.admit()?, second.admit()?);
    let _lost = first.disable().await?;
    Ok(second.disable().await?.done(Empty))
});

/// A service in memory, a key in it, and the account that has it.
async fn house() -> (Arc<Service>, Arc<dyn Store>, String) {
    let random = Arc::new(Seeded::new(1));
    let opened = home::in_memory(&*random);
    let store = opened.store.clone();
    let service =
        Service::start(opened, Mode::Serve, Enforcement::On, Quotas::default(), "us-east-1".into(), random, Time(0))
            .await
            .expect("it starts");
    let Call { caller, origin, now } = call();
    let made = service.call(Op::CreateKey, (*caller).clone(), origin, b"{}".to_vec(), now).await.expect("a key");
    service.close().await; // so that nobody commits any more but the tests
    let made: serde_json::Value = serde_json::from_slice(&made).expect("JSON");
    (service, store, made["KeyMetadata"]["KeyId"].to_string())
}

#[expect(clippy::disallowed_methods, reason = "no door stands before these calls")]
fn call() -> Call {
    let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &[] };
    let origin = Origin { request_id: "r".into(), source_ip: "127.0.0.1".into(), user_agent: None };
    Call { caller: Arc::new(crate::caller::open(&head, "us-east-1")), origin, now: Time(0) }
}

async fn run<O: Operation>(core: &Arc<Core>, key: &str) -> Answer {
    serve::<O>(core, &call(), format!("{{\"KeyId\":{key}}}").as_bytes()).await
}

#[tokio::test]
async fn an_operation_that_takes_its_steps_in_another_order_fails_closed() {
    let (service, store, key) = house().await;
    let core = service.core();
    let before = store.revision().await.expect("a revision");
    let told = [
        ("permits another act", run::<PermitsAnotherAct>(core, &key).await),
        ("finds after it permitted", run::<FindsAfterItPermitted>(core, &key).await),
        ("permits after it admitted", run::<PermitsAfterItAdmitted>(core, &key).await),
        ("admits after it acted", run::<AdmitsAfterItActed>(core, &key).await),
        ("asks for a key without naming it", run::<AsksForAKeyWithoutNamingIt>(core, &key).await),
        ("loses its edit", run::<LosesItsEdit>(core, &key).await),
        ("hands over one edit of two", run::<HandsOverOneEditOfTwo>(core, &key).await),
    ];
    for (how, told) in told {
        let name = told.as_ref().map_err(|fault| fault.name);
        assert_eq!(name, Err("KMSInternalException"), "an operation that {how}");
    }
    assert_eq!(store.revision().await.expect("a revision"), before, "none of them committed anything");
    run::<Right>(core, &key).await.expect("the right order is taken");
}
