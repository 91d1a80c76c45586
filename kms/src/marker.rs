//! Markers: where the next page of a list begins. Opaque to clients, and only good for the list that gave them out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::Op;

use crate::error::Error;
use crate::world::World;

/// The markers of one list: one operation, one world, one choice of what is listed.
pub(crate) struct Marker {
    list: String,
}

impl Marker {
    pub fn of(op: Op, world: &World, choice: &str) -> Marker {
        Marker { list: format!("{}\0{}\0{}\0{choice}\0", op.name(), world.account, world.region) }
    }

    /// The marker of the page after `last`.
    pub fn write(&self, last: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{last}", self.list))
    }

    /// The last item of the page before, where items are parts of a row's name.
    ///
    /// Errors: `InvalidMarker` for anything that this list did not give out.
    pub fn read(&self, marker: &str) -> Result<String, Error> {
        self.read_any(marker).and_then(|last| if last.contains('\0') { Err(Error::InvalidMarker) } else { Ok(last) })
    }

    /// The last item of the page before, where items are any text.
    ///
    /// Errors: as [`Marker::read`].
    pub fn read_any(&self, marker: &str) -> Result<String, Error> {
        let text = URL_SAFE_NO_PAD.decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or(Error::InvalidMarker)?;
        text.strip_prefix(&self.list).map(str::to_owned).ok_or(Error::InvalidMarker)
    }
}

/// How many items a page has: as many as were asked for, within what the operation gives by default and at most.
pub(crate) fn a_page(asked: Option<i32>, (by_default, at_most): (usize, usize)) -> usize {
    asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(by_default).min(at_most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_good_for_its_own_list_only() {
        let here = World { account: "111122223333".into(), region: "us-east-1".into() };
        let there = World { region: "eu-west-1".into(), ..here.clone() };
        let list = Marker::of(Op::ListKeys, &here, "");
        let marker = list.write("abc");
        assert_eq!(list.read(&marker), Ok("abc".to_owned()));
        for other in [
            Marker::of(Op::ListAliases, &here, ""),
            Marker::of(Op::ListKeys, &there, ""),
            Marker::of(Op::ListKeys, &here, "SELF"),
        ] {
            assert_eq!(other.read(&marker), Err(Error::InvalidMarker));
        }
        for bad in ["", "x", "zz", "00ff", &marker[2..], "ÿ"] {
            assert_eq!(list.read(bad), Err(Error::InvalidMarker), "{bad:?}");
        }
    }
}
