//! The policy of a key to which its creator gave none.

/// The document AWS attaches to a key whose creator gave none, in AWS's own layout: it hands the key to the account,
/// whose policies then decide. `partition` is the `aws` of the ARN, `account` 12 digits.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub fn default_key_policy(partition: &str, account: &str) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Kind};

    #[test]
    fn the_default_policy_is_the_recorded_one_to_the_byte() {
        let recorded = "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \
                        \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \
                        \"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \
                        \"Resource\" : \"*\"\n  } ]\n}";
        assert_eq!(default_key_policy("aws", "111122223333"), recorded);
    }

    #[test]
    fn the_default_policy_names_the_account_s_root_and_compiles() {
        let document =
            Document::compile(&default_key_policy("aws-cn", "000000000000"), Kind::Key).expect("it compiles");
        assert_eq!(document.principals().collect::<Vec<_>>(), ["arn:aws-cn:iam::000000000000:root"]);
    }
}
