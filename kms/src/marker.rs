//! Markers: where the next page of a list begins. Opaque to clients, and only good for the list that gave them out.

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
        hex::encode(format!("{}{last}", self.list))
    }

    /// The last item of the page before.
    ///
    /// Errors: `InvalidMarker` for anything that this list did not give out.
    pub fn read(&self, marker: &str) -> Result<String, Error> {
        let text =
            hex::decode(marker).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Error::InvalidMarker)?;
        let last = text.strip_prefix(&self.list).filter(|last| !last.contains('\0')).ok_or(Error::InvalidMarker)?;
        Ok(last.to_owned())
    }
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
