//! Reading a body within its bounds: in size, in time, and in what all bodies hold together.
//! It does not look at what it reads.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wire::Fault;
use wire::fault_names::REQUEST_ENTITY_TOO_LARGE;

use crate::Limits;
use crate::head::malformed;
use crate::limits::{BODY_AT_MOST, SMALL_BODY};

/// A body that was read, and the room it takes until this is dropped.
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    pub(crate) _room: Option<OwnedSemaphorePermit>,
}

/// Reads all of `body`, or says as which fault it was refused; after a fault the connection is of no more use.
pub(crate) async fn read(body: Incoming, room: &Arc<Semaphore>, limits: &Limits) -> Result<Held, Fault> {
    let length = body.size_hint().exact();
    if length.is_some_and(|length| length > BODY_AT_MOST as u64) {
        return Err(too_large());
    }
    // A chunked body may become as large as any.
    let at_most = length.map_or(BODY_AT_MOST, |length| length as usize);
    let reading = async {
        let room = room_for(at_most, room).await;
        let bytes = collect(body, length.map_or(0, |_| at_most)).await?;
        Ok(Held { bytes, _room: room })
    };
    timeout(limits.body_timeout, reading).await.unwrap_or_else(|_| Err(too_slow()))
}

async fn room_for(bytes: usize, room: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if bytes <= SMALL_BODY {
        return None;
    }
    // The semaphore is never closed, so there is no error to tell.
    Arc::clone(room).acquire_many_owned(bytes.div_ceil(1024) as u32).await.ok()
}

async fn collect(mut body: Incoming, capacity: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(capacity);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| malformed("The request's body is broken off or badly chunked.".to_owned()))?;
        // Trailers are not part of what was signed, and nothing reads them.
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > BODY_AT_MOST {
            return Err(too_large());
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

fn too_large() -> Fault {
    let message = format!("The request's body is larger than {BODY_AT_MOST} bytes.");
    Fault { name: REQUEST_ENTITY_TOO_LARGE, message: Some(message), status: 413 }
}

fn too_slow() -> Fault {
    let message = "The request's body did not arrive in time.".to_owned();
    Fault { name: "RequestTimeout", message: Some(message), status: 408 }
}
