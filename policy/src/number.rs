//! Numbers as numeric conditions compare them: decimal, and exact to the last digit. They never become floating point.

/// A decimal number, in units of 10⁻¹⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(i128);

impl Decimal {
    pub(crate) fn whole(number: i64) -> Decimal {
        Decimal(i128::from(number) * ONE)
    }

    /// A time in seconds.
    pub(crate) fn seconds(milliseconds: i64) -> Decimal {
        Decimal(i128::from(milliseconds) * (ONE / 1000))
    }

    /// Reads plain decimal text: a sign if there is one, digits, and a fraction of up to 18 digits after a point.
    pub(crate) fn read(text: &str) -> Option<Decimal> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (unsigned, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > FRACTION_DIGITS {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > WHOLE_DIGITS {
            return None;
        }
        let padding = std::iter::repeat_n(b'0', FRACTION_DIGITS - fraction.len());
        let digits = whole.bytes().chain(fraction.bytes()).chain(padding);
        let size = digits.fold(0, |sum, digit| 10 * sum + i128::from(digit - b'0'));
        Some(Decimal(if text.starts_with('-') { -size } else { size }))
    }
}

const FRACTION_DIGITS: usize = 18;
/// Every `i64` fits, and with the fraction an `i128`.
const WHOLE_DIGITS: usize = 19;
const ONE: i128 = 10_i128.pow(FRACTION_DIGITS as u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_in_order() {
        let ascending = [
            "-9999999999999999999.999999999999999999",
            "-9223372036854775808",
            "-10",
            "-1.5",
            "-1",
            "-0.000000000000000001",
            "0",
            "0.000000000000000001",
            "0.1",
            "0.25",
            "0.3",
            "1",
            "+1.000000000000000001",
            "9",
            "10",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
            "9999999999999999999.999999999999999999",
        ];
        let read: Vec<_> = ascending.iter().map(|text| Decimal::read(text).expect(text)).collect();
        assert!(read.windows(2).all(|pair| pair[0] < pair[1]), "{read:?}");
        for (one, other) in [("1", "1.0"), ("-0", "0"), ("007", "7"), ("+5", "5"), ("0.50", "0.5")] {
            assert_eq!(Decimal::read(one), Decimal::read(other), "{one} = {other}");
        }
        assert_eq!(Decimal::read("-9223372036854775808"), Some(Decimal::whole(i64::MIN)));
        assert_eq!(Decimal::read("42.0"), Some(Decimal::whole(42)));
        assert_eq!(Decimal::read("-1.5"), Some(Decimal::seconds(-1500)));
    }

    #[test]
    fn what_is_no_plain_decimal_is_none() {
        for text in [
            "",
            "-",
            ".",
            "1.",
            ".5",
            "1e3",
            "0x10",
            " 1",
            "1 ",
            "--1",
            "1,5",
            "1.2.3",
            "NaN",
            "١",
            "1.-5",
            "-+1",
            "10000000000000000000",
            "0.0000000000000000001",
        ] {
            assert_eq!(Decimal::read(text), None, "{text}");
        }
    }
}
