//! The keys that AWS's services have in every account: which services, under which alias, and what is fixed about such
//! a key: its description and its policy. How one comes to be, and what it refuses, is the journey's.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key>

use crate::ops::Sheet;
use crate::world::World;

/// A service of AWS's with a key of its own in every account and Region.
#[derive(Debug)]
pub struct Service {
    /// Its name behind `alias/aws/`.
    pub name: &'static str,
    /// What the key's policy calls it.
    called: &'static str,
    /// What it keeps under the key.
    keeps: &'static str,
    /// Its name in `kms:ViaService`.
    via: &'static str,
    /// The `Id` of the key's policy, behind `auto-`.
    policy: &'static str,
    /// What it may be used for through the service.
    uses: &'static [&'static str],
    /// What it may be used for through the service of any Region.
    uses_anywhere: &'static [&'static str],
    /// Whether the service looks at the key in its own name.
    looks: bool,
}

/// Every such service, in the order of their names: those whose aliases ListAliases was recorded to tell. What AWS shows
/// or publishes of their policies and descriptions is AWS's to the letter; that of es, glue, kinesisvideo, redshift,
/// redshifttest and xray follows the others.
pub static SERVICES: [Service; 13] = [
    Service { policy: "dynamodb-1", looks: true, ..service("dynamodb", "Amazon DynamoDB", "DynamoDB data") },
    Service { policy: "ebs-2", via: "ec2", ..service("ebs", "EBS", "EBS volumes") },
    service("elasticfilesystem", "EFS", "EFS filesystems"),
    service("es", "Elasticsearch", "Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data"),
    service("glue", "Glue", "Glue data"),
    service("kinesisvideo", "Kinesis Video Streams", "Kinesis Video Streams data"),
    Service { policy: "rds-2", uses: LISTING_GRANTS, ..service("rds", "RDS", "RDS database volumes") },
    service("redshift", "Redshift", "Redshift clusters"),
    service("redshifttest", "RedshiftTest", "RedshiftTest clusters"),
    Service { policy: "s3-2", uses: GRANTING_NOTHING, ..service("s3", "S3", "S3 objects") },
    Service {
        policy: "secretsmanager-2",
        uses: DRAWING_NO_DATA_KEY,
        uses_anywhere: &["kms:GenerateDataKey*"],
        ..service("secretsmanager", "AWS Secrets Manager", "Secrets Manager data")
    },
    Service { uses: GRANTING_NOTHING, ..service("ssm", "SSM", "SSM parameters") },
    service("xray", "X-Ray", "X-Ray data"),
];

/// A service as most are.
const fn service(name: &'static str, called: &'static str, keeps: &'static str) -> Service {
    Service { name, called, keeps, via: name, policy: "", uses: GRANTING, uses_anywhere: &[], looks: false }
}

impl Service {
    /// The service whose key has this alias, which is given with its prefix `alias/`.
    pub fn of_alias(alias: &str) -> Option<&'static Service> {
        let name = alias.strip_prefix(RESERVED)?;
        SERVICES.iter().find(|service| service.name == name)
    }

    /// The alias of its key, with its prefix `alias/`.
    pub fn alias(&self) -> String {
        format!("{RESERVED}{}", self.name)
    }

    /// The description of its key.
    pub fn description(&self) -> String {
        format!("Default key that protects my {} when no other key is defined", self.keeps)
    }

    /// The policy of its key in this world: whoever the service calls for may use the key, and nobody without the
    /// service; the account may look at it.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
    pub fn key_policy(&self, world: &World, partition: &str) -> String {
        let World { account, region } = world;
        let sid = self.sid();
        let here = format!(
            r#"{{"StringEquals":{{"kms:CallerAccount":"{account}","kms:ViaService":"{}.{region}.amazonaws.com"}}}}"#,
            self.via
        );
        let anywhere = format!(
            r#"{{"StringEquals":{{"kms:CallerAccount":"{account}"}},"StringLike":{{"kms:ViaService":"{}.*.amazonaws.com"}}}}"#,
            self.via
        );
        let everybody = r#"{"AWS":"*"}"#;
        let mut statements = vec![statement(&sid, everybody, self.uses, Some(&here))];
        if !self.uses_anywhere.is_empty() {
            statements.push(statement(&sid, everybody, self.uses_anywhere, Some(&anywhere)));
        }
        let root = format!(r#"{{"AWS":"arn:{partition}:iam::{account}:root"}}"#);
        let looks = if self.uses.contains(&CREATE_GRANT) { LOOKING_AND_REVOKING } else { LOOKING };
        statements.push(statement("Allow direct access to key metadata to the account", &root, looks, None));
        if self.looks {
            let principal = format!("{}.amazonaws.com", self.name);
            let sid = format!(
                "Allow {} Service with service principal name {principal} to describe the key directly",
                self.called.trim_start_matches("Amazon ")
            );
            statements.push(statement(&sid, &format!(r#"{{"Service":"{principal}"}}"#), LOOKING, None));
        }
        let id = self.policy_id();
        format!(r#"{{"Version":"2012-10-17","Id":"auto-{id}","Statement":[{}]}}"#, statements.join(","))
    }

    fn policy_id(&self) -> String {
        if self.policy.is_empty() { format!("{}-1", self.name) } else { self.policy.to_owned() }
    }

    fn sid(&self) -> String {
        let (called, access) = (self.called, if self.called == "EFS" { "to" } else { "through" });
        format!("Allow access {access} {called} for all principals in the account that are authorized to use {called}")
    }
}

/// Whether an operation may be asked of an AWS managed key at all, in whatever mode: what leaves it as it is, and the
/// end of a grant, which its policy leaves to the account.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key>
pub fn may_be_asked(sheet: &Sheet) -> bool {
    sheet.read_only || matches!(sheet.op, wire::Op::RevokeGrant | wire::Op::RetireGrant)
}

fn statement(sid: &str, principal: &str, actions: &[&str], condition: Option<&str>) -> String {
    let actions = match actions {
        [one] => format!(r#""{one}""#),
        several => format!(r#"["{}"]"#, several.join(r#"",""#)),
    };
    let condition = condition.map(|condition| format!(r#","Condition":{condition}"#)).unwrap_or_default();
    format!(
        r#"{{"Sid":"{sid}","Effect":"Allow","Principal":{principal},"Action":{actions},"Resource":"*"{condition}}}"#
    )
}

/// What the aliases of AWS's own keys begin with; nobody else's may.
pub const RESERVED: &str = "alias/aws/";

/// How often their material rotates, in days.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>
pub const ROTATION_PERIOD_DAYS: u16 = 365;

const CREATE_GRANT: &str = "kms:CreateGrant";

type Actions = &'static [&'static str];
const GRANTING: Actions =
    &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", CREATE_GRANT, "kms:DescribeKey"];
const LISTING_GRANTS: Actions = &[
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    CREATE_GRANT,
    "kms:ListGrants",
    "kms:DescribeKey",
];
const GRANTING_NOTHING: Actions =
    &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];
const DRAWING_NO_DATA_KEY: Actions = &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", CREATE_GRANT, "kms:DescribeKey"];
const LOOKING: Actions = &["kms:Describe*", "kms:Get*", "kms:List*"];
const LOOKING_AND_REVOKING: Actions = &["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"];

#[cfg(test)]
mod tests {
    use policy::{Document, Kind};

    use super::*;

    fn world() -> World {
        World { account: "111122223333".into(), region: "us-west-2".into() }
    }

    fn laid_out(name: &str) -> String {
        let service = Service::of_alias(&format!("alias/aws/{name}")).expect("a service of AWS's");
        policy::lay_out(&service.key_policy(&world(), "aws"))
    }

    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
    #[test]
    fn the_policy_of_dynamodb_is_the_published_one_to_the_byte() {
        let published = r#"{
  "Version" : "2012-10-17",
  "Id" : "auto-dynamodb-1",
  "Statement" : [ {
    "Sid" : "Allow access through Amazon DynamoDB for all principals in the account that are authorized to use Amazon DynamoDB",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:CallerAccount" : "111122223333",
        "kms:ViaService" : "dynamodb.us-west-2.amazonaws.com"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  }, {
    "Sid" : "Allow DynamoDB Service with service principal name dynamodb.amazonaws.com to describe the key directly",
    "Effect" : "Allow",
    "Principal" : {
      "Service" : "dynamodb.amazonaws.com"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  } ]
}"#;
        assert_eq!(laid_out("dynamodb"), published);
    }

    #[test]
    fn every_policy_keeps_the_grammar_and_speaks_of_its_service_alone() {
        for service in &SERVICES {
            let text = service.key_policy(&world(), "aws");
            let document = Document::compile(&text, Kind::Key).unwrap_or_else(|why| panic!("{}: {why}", service.name));
            assert_eq!(document.principals().collect::<Vec<_>>(), ["arn:aws:iam::111122223333:root"], "{text}");
            assert!(text.contains(&format!(r#""kms:ViaService":"{}.us-west-2.amazonaws.com""#, service.via)), "{text}");
            assert!(!text.contains("kms:*") && !text.contains("kms:Put"), "nobody may change it: {text}");
        }
    }

    #[test]
    fn the_policies_differ_where_awss_do() {
        for (name, words) in [
            ("s3", &[r#""Id" : "auto-s3-2""#, "Allow access through S3 for", r#""kms:List*" ]"#][..]),
            ("ssm", &[r#""Id" : "auto-ssm-1""#, r#""kms:GenerateDataKey*", "kms:DescribeKey" ]"#]),
            ("ebs", &[r#""Id" : "auto-ebs-2""#, r#""ec2.us-west-2.amazonaws.com""#, r#""kms:RevokeGrant" ]"#]),
            ("elasticfilesystem", &[r#""Id" : "auto-elasticfilesystem-1""#, "Allow access to EFS for"]),
            ("rds", &[r#""Id" : "auto-rds-2""#, r#""kms:CreateGrant", "kms:ListGrants", "kms:DescribeKey" ]"#]),
            (
                "secretsmanager",
                &[
                    r#""Id" : "auto-secretsmanager-2""#,
                    r#""Action" : "kms:GenerateDataKey*""#,
                    r#""StringLike" : {
        "kms:ViaService" : "secretsmanager.*.amazonaws.com""#,
                ],
            ),
        ] {
            let text = laid_out(name);
            for word in words {
                assert!(text.contains(word), "{word} is not in the policy of {name}:\n{text}");
            }
        }
    }

    #[test]
    fn the_services_are_in_the_order_of_their_names_and_found_by_their_aliases_alone() {
        assert!(SERVICES.is_sorted_by(|a, b| a.alias() < b.alias()));
        for service in &SERVICES {
            let found = Service::of_alias(&service.alias()).expect("it is one");
            assert_eq!(found.name, service.name);
        }
        for alias in ["alias/aws/", "alias/aws/foo", "alias/aws/S3", "alias/aws/s3/", "alias/s3", "aws/s3", "s3"] {
            assert!(Service::of_alias(alias).is_none(), "{alias}");
        }
    }
}
