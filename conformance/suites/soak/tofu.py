"""OpenTofu: a state that is encrypted with data keys of KMS."""
import json
import os

from harness import places
from harness.ambient import Recorded
from harness.claims import claim, holds, same
from harness.sdk import kms, new_key
from harness.tool import Tool

# Some machines have a configuration file of their own, which is no business of this test.
TOFU = Tool(places.go_module("github.com/opentofu/opentofu/cmd/tofu", 8), TF_IN_AUTOMATION="1", CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=os.devnull)
SECRET = "correct horse"
# The one kind of resource that needs no provider, which would come from a registry.
CODE = """
terraform {{
  encryption {{
    key_provider "aws_kms" "own" {{
      kms_key_id                  = "{key}"
      key_spec                    = "AES_256"
      region                      = "us-east-1"
      skip_credentials_validation = true
    }}
    method "aes_gcm" "own" {{
      keys = key_provider.aws_kms.own
    }}
    state {{
      method   = method.aes_gcm.own
      enforced = true
    }}
  }}
}}

resource "terraform_data" "secret" {{
  input = "{secret}"
}}

output "secret" {{
  value = terraform_data.secret.output
}}
"""


def applied(key, secret=SECRET):
    """What the calls were, of a state that is new or was this key's."""
    TOFU.write("main.tf", CODE.format(key=key, secret=secret))
    with Recorded() as recorded:
        TOFU("init", "-no-color")
        TOFU("apply", "-auto-approve", "-no-color")
    return recorded


def fresh():
    for name in ("terraform.tfstate", "terraform.tfstate.backup"):
        if os.path.exists(f"{TOFU.folder}/{name}"):
            os.remove(f"{TOFU.folder}/{name}")
    return new_key()["Arn"]


def output():
    return json.loads(TOFU("output", "-json", "-no-color"))["secret"]["value"]


@claim
def a_state_is_encrypted_and_is_read_again():
    key = fresh()
    recorded = applied(key)
    same(set(recorded.calls), {("GenerateDataKey", None)}, "what KMS was asked")
    same({record["requestParameters"]["keySpec"] for record in recorded.records}, {"AES_256"}, "the data keys' spec")
    holds(SECRET not in TOFU.read("terraform.tfstate"), "the state is to be read")
    with Recorded() as reading:
        same(output(), SECRET, "the output")
    same(set(reading.calls), {("GenerateDataKey", None), ("Decrypt", None)}, "what KMS was asked to read it")
    same({record["requestParameters"].get("keyId") for record in reading.records if record["eventName"] == "Decrypt"}, {key}, "the key that was named")


@claim
def a_changed_state_is_encrypted_anew():
    key = fresh()
    applied(key)
    applied(key, "battery staple")
    same(output(), "battery staple", "the output")


@claim
def a_disabled_keys_state_is_not_read_until_it_is_enabled():
    key = fresh()
    applied(key)
    kms().disable_key(KeyId=key)
    holds("DisabledException" in TOFU.refused("output", "-json", "-no-color"), "the user is told something else")
    kms().enable_key(KeyId=key)
    same(output(), SECRET, "the output")


@claim
def another_key_does_not_open_the_state():
    applied(fresh())
    other = new_key()["Arn"]
    TOFU.write("main.tf", CODE.format(key=other, secret=SECRET))
    with Recorded() as recorded:
        text = TOFU.refused("output", "-json", "-no-color")
    holds(("Decrypt", "IncorrectKeyException") in recorded.calls, f"KMS was asked {recorded.calls}: {text[-800:]}")
