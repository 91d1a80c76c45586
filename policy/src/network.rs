//! Ranges of IP addresses as conditions write them: CIDR (RFC 4632, RFC 4291), or one address.

use std::net::{IpAddr, Ipv6Addr};

/// A range of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    ipv4: bool,
    /// As an IPv6 address, what IPv4 is in the mapped range.
    bits: u128,
    mask: u128,
}

impl Network {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or one address. Bits beyond the prefix do not matter.
    pub(crate) fn read(text: &str) -> Option<Network> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => length.parse().ok()?,
            Some(_) => return None,
            None => width,
        };
        let beyond = width.checked_sub(length)?;
        let mask = u128::MAX.checked_shl(beyond).unwrap_or(0);
        let ipv4 = address.to_canonical().is_ipv4() && mask.leading_ones() >= u128::BITS - 32;
        Some(Network { ipv4, bits: bits(address) & mask, mask })
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        address.to_canonical().is_ipv4() == self.ipv4 && bits(address) & self.mask == self.bits
    }
}

/// An IPv4 address and the same in IPv6's mapped form (RFC 4291 section 2.5.5.2) are one.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => Ipv6Addr::to_bits(address.to_ipv6_mapped()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_addresses_and_no_others() {
        for (range, inside, outside) in [
            (
                "203.0.113.0/24",
                vec!["203.0.113.0", "203.0.113.255", "::ffff:203.0.113.7"],
                vec!["203.0.112.255", "203.0.114.0"],
            ),
            ("203.0.113.77/24", vec!["203.0.113.1"], vec!["203.0.114.1"]),
            ("203.0.113.7", vec!["203.0.113.7"], vec!["203.0.113.6", "203.0.113.8", "2001:db8::7"]),
            ("203.0.113.7/32", vec!["203.0.113.7"], vec!["203.0.113.6"]),
            ("0.0.0.0/0", vec!["0.0.0.0", "255.255.255.255"], vec!["::", "2001:db8::1"]),
            ("10.0.0.0/9", vec!["10.127.255.255"], vec!["10.128.0.0"]),
            ("2001:db8::/32", vec!["2001:db8::", "2001:db8:ffff::1"], vec!["2001:db9::", "10.0.0.1"]),
            ("2001:db8::1", vec!["2001:db8::1"], vec!["2001:db8::2"]),
            ("::/0", vec!["::", "ffff::", "2001:db8::1"], vec!["10.0.0.1", "::ffff:10.0.0.1"]),
            ("::ffff:10.0.0.0/104", vec!["10.1.2.3"], vec!["11.0.0.0"]),
        ] {
            let network = Network::read(range).expect(range);
            for address in inside {
                assert!(network.holds(address.parse().expect(address)), "{address} is in {range}");
            }
            for address in outside {
                assert!(!network.holds(address.parse().expect(address)), "{address} is not in {range}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "::/129",
            "10.0.0.*",
            "010.0.0.1",
            "10.0.0.0 /8",
            "host",
            "/8",
            "10.0.0.256",
            "1.2.3.4/4294967296",
        ] {
            assert_eq!(Network::read(text), None, "{text}");
        }
    }
}
