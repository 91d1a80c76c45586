"""GetKeyPolicy, PutKeyPolicy, ListKeyPolicies. A policy is kept and its syntax checked; deciding comes with authorisation."""
import json

from harness.claims import claim, each, holds, one_of, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated
from suites.boto3.errors import known

ROOT = "arn:aws:iam::ACCOUNT:root"
DEFAULT = """{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::ACCOUNT:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}"""
TWO = """{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Sid" : "all of it",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::ACCOUNT:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  }, {
    "Resource" : "*",
    "Effect" : "Deny",
    "Principal" : "*",
    "Action" : [ "kms:Create*", "kms:Delete*" ],
    "Condition" : {
      "Bool" : {
        "aws:SecureTransport" : "false"
      }
    }
  } ]
}"""


def mine(text):
    return text.replace("ACCOUNT", known()["AWSAccountId"])


def policy(key):
    answer = kms().get_key_policy(KeyId=key["KeyId"])
    answered(answer, "Policy", "PolicyName")
    same(answer["PolicyName"], "default", "PolicyName")
    return answer["Policy"]


@claim
def the_default_policy_is_aws_s_to_the_byte():
    same(policy(new_key()), mine(DEFAULT), "the policy")


@each([("of_the_api", {"PolicyName": "default"}), ("left_out", {})])
def the_default_policy_is_found_by_the_name(_name, name):
    same(kms().get_key_policy(KeyId=new_key()["Arn"], **name)["Policy"], mine(DEFAULT), "the policy")


@claim
def a_policy_comes_back_laid_out_in_the_order_given():
    compact = json.dumps(json.loads(mine(TWO)), separators=(",", ":"))
    same(policy(new_key(Policy=compact)), mine(TWO), "the policy of a key made with it")
    key = new_key()
    answered(kms().put_key_policy(KeyId=key["KeyId"], Policy=compact))
    same(policy(key), mine(TWO), "the policy put")
    kms().put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=policy(key), BypassPolicyLockoutSafetyCheck=True)
    same(policy(key), mine(TWO), "the policy that came back, put again")


@claim
def a_key_has_one_policy():
    answer = kms().list_key_policies(KeyId=new_key()["KeyId"])
    answered(answer, "PolicyNames", "Truncated")
    same((answer["PolicyNames"], answer["Truncated"]), (["default"], False), "the answer")


@claim
def a_key_pending_deletion_still_has_its_policy_changed():
    key = new_key()
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    kms().put_key_policy(KeyId=key["KeyId"], Policy=mine(TWO))
    same(policy(key), mine(TWO), "the policy")


def statement(**changes):
    """A policy of one statement, some of its members changed or (None) left out."""
    whole = {"Effect": "Allow", "Principal": {"AWS": mine(ROOT)}, "Action": "kms:*", "Resource": "*", **changes}
    return json.dumps({"Version": "2012-10-17", "Statement": [{k: v for k, v in whole.items() if v is not None}]})


MALFORMED = [
    ("no_json", lambda: "not json"), ("an_array", lambda: "[]"), ("a_string", lambda: '"policy"'), ("nothing_in_it", lambda: "{}"),
    ("cut_off", lambda: mine(TWO)[:-1]), ("more_after_it", lambda: mine(TWO) + "{}"),
    ("statement_in_small_letters", lambda: statement().replace("Statement", "statement")),
    ("list_for_a_statement", lambda: '{"Version":"2012-10-17","Statement":[["s","Allow","*",null,"a",null,"*",null,{}]]}'),
    ("no_statements", lambda: '{"Version":"2012-10-17","Statement":[]}'),
    ("statement_that_is_a_number", lambda: '{"Version":"2012-10-17","Statement":1}'),
    ("unknown_version", lambda: statement().replace("2012-10-17", "2013-10-17")),
    ("no_effect", lambda: statement(Effect=None)), ("unknown_effect", lambda: statement(Effect="allow")),
    ("no_principal", lambda: statement(Principal=None)),
    ("both_actions", lambda: statement(NotAction="kms:Get*")), ("both_principals", lambda: statement(NotPrincipal="*")),
    ("unknown_operator", lambda: statement(Condition={"StringIs": {"kms:CallerAccount": "1"}})),
    ("unknown_member", lambda: statement(Effects="Allow")),
]


@each(MALFORMED)
def a_malformed_policy_is_refused_and_the_old_one_stays(_name, text):
    key = new_key()
    refused(kms().put_key_policy, "MalformedPolicyDocumentException", KeyId=key["KeyId"], Policy=text())
    same(policy(key), mine(DEFAULT), "the policy")
    refused(kms().create_key, "MalformedPolicyDocumentException", Policy=text())


@each([("2008", lambda: statement().replace("2012-10-17", "2008-10-17")), ("one_statement_without_a_list", lambda: json.dumps(
           {**json.loads(statement()), "Statement": json.loads(statement())["Statement"][0]})),
       ("condition", lambda: statement(Condition={"StringEqualsIfExists": {"kms:ViaService": ["s3.us-east-1.amazonaws.com"]}})),
       ("everybody", lambda: statement(Principal="*")), ("sid_with_spaces", lambda: statement(Sid="a b c")), ("not_action", lambda: statement(Action=None, NotAction="kms:Put*"))])
def a_policy_may_have(_name, text):
    key = new_key()
    kms().put_key_policy(KeyId=key["KeyId"], Policy=text(), BypassPolicyLockoutSafetyCheck=True)
    same(json.loads(policy(key)), json.loads(text()), "the policy")


def long(length):
    """A policy of this many bytes."""
    text = json.dumps({**json.loads(statement()), "Id": "X"})
    return text.replace('"X"', '"' + "i" * (length - len(text) + 1) + '"')


@claim
def a_policy_has_at_most_32768_bytes():
    key = new_key()
    kms().put_key_policy(KeyId=key["KeyId"], Policy=long(32_768))
    before = policy(key)
    refused(kms().put_key_policy, "LimitExceededException", KeyId=key["KeyId"], Policy=long(32_769))
    same(policy(key), before, "the policy")


@each([("none", {}, at("policy", "not be null", None)),
       ("too_long", {"Policy": "x" * 131_073}, at("policy", "have length less than or equal to 131072", "x" * 131_073)),
       ("outside_latin_1", {"Policy": "ключ"}, at("policy", r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+", "ключ")),
       ("bad_name", {"Policy": "{}", "PolicyName": "invalid-name"}, at("policyName", r"satisfy regular expression pattern: [\w]+", "invalid-name"))])
def a_broken_constraint_is_told(_name, parameters, item):
    key = new_key()
    refused(kms().put_key_policy, "ValidationException", violated(item), KeyId=key["KeyId"], **parameters)
    same(policy(key), mine(DEFAULT), "the policy")


@claim
def the_policy_of_aws_ram_is_nobodys_to_put():
    key = new_key()
    refused(kms().put_key_policy, "ValidationException", "The AWS_RAM policy can only be managed by the RAM service.", KeyId=key["KeyId"],
            PolicyName="AWS_RAM", Policy=mine(TWO))
    refused(kms().get_key_policy, "NotFoundException", KeyId=key["KeyId"], PolicyName="AWS_RAM")


@claim
def no_policy_has_another_name():
    key = new_key()
    code = failure(kms().put_key_policy, KeyId=key["KeyId"], PolicyName="other", Policy=mine(TWO))["Error"]["Code"]
    one_of(code, ["ValidationException", "NotFoundException"], "PutKeyPolicy's code")
    refused(kms().get_key_policy, "NotFoundException", KeyId=key["KeyId"], PolicyName="other")
    holds(policy(key) == mine(DEFAULT), "the policy was changed")
