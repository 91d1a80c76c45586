//! Where a request happens: which texts name a Region, and which ARN partition a Region lies in.
//! It does not say which Regions exist: every well-formed one is a world of its own in one server.

/// The longest Region the service model allows (`RegionType`), in bytes.
const REGION_AT_MOST: usize = 32;

/// Region prefixes and their partitions, as AWS's SDKs tell them apart; what none of them fits is `aws`.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
];

/// The ARN partition of `region`. The one table: nothing else may derive a partition.
pub fn partition(region: &str) -> &'static str {
    PARTITIONS.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// Whether `region` is `^([a-z]+-){2,3}\d+$` and at most 32 bytes long, as the service model has it (`RegionType`).
pub fn well_formed_region(region: &str) -> bool {
    let mut parts = region.rsplit('-');
    let number = parts.next().unwrap_or_default();
    let words = parts.clone().count();
    region.len() <= REGION_AT_MOST
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (2..=3).contains(&words)
        && parts.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_follows_the_region() {
        for (region, expected) in [
            ("us-east-1", "aws"),
            ("eu-central-2", "aws"),
            ("us-west-2", "aws"),
            ("mx-central-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("cn-northwest-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-gov-east-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert!(well_formed_region(region), "{region} is refused");
            assert_eq!(partition(region), expected, "{region}");
        }
    }

    #[test]
    fn what_the_model_does_not_call_a_region_is_none() {
        for text in [
            "",
            "-",
            "--1",
            "us",
            "us-1",
            "us-east",
            "us-east-",
            "us-east-1a",
            "US-EAST-1",
            "us--1",
            "-us-east-1",
            "us-east-1-",
            "a-b-c-d-1",
            "us-e4st-1",
            "us-east-1\n",
            "us-east-\u{0661}",
            "us_east_1",
            "aws-global",
            "us-east-1/kms",
            "aaaaaaaaaaaaaaaa-bbbbbbbbbbbbbb-1",
        ] {
            assert!(!well_formed_region(text), "{text:?} is taken");
        }
        assert!(well_formed_region("aaaaaaaaaaaaaaa-bbbbbbbbbbbbbb-1"), "32 bytes are allowed");
    }
}
