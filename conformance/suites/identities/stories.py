"""The story through a role: SDKs that find a role in a profile, assume it, and sign with its session."""
import shutil

from harness import house, places, programs, story
from harness.claims import Skipped, claim, each, same


def _there(*tools):
    return all(shutil.which(tool) for tool in tools)


def _missing(client, tool):
    def told():
        raise Skipped(f"{client} was not tried: {tool} is not installed")
    return [(step, told) for step in story.steps()]


JAVASCRIPT = programs.by_profile(["node", places.javascript() / "client-kms.mjs"], house.as_worker) if _there("node", "npm") else \
    _missing("the AWS SDK for JavaScript", "node or npm")
GO = programs.by_profile([places.go("go", "story")], house.as_worker) if _there("go") else _missing("aws-sdk-go-v2", "go")


@each(JAVASCRIPT)
def in_javascript_it_holds_at(_step, told):
    told()


@each(GO)
def in_go_it_holds_at(_step, told):
    told()


@claim
def the_audit_records_name_the_session_that_told_them():
    tellers = {client for client, there in [("aws-sdk-js", _there("node", "npm")), ("aws-sdk-go-v2", _there("go"))] if there}
    session = f"arn:aws:sts::{house.here().id}:assumed-role/worker/by-profile"
    sealed = [record for record in house.trent().audit() if record.get("eventName") == "Encrypt" and "by-profile" in str(record["userIdentity"])]
    same({client for client in tellers for record in sealed if client in record.get("userAgent", "")}, tellers, "who encrypted")
    same({(record["userIdentity"]["type"], record["userIdentity"]["arn"]) for record in sealed}, {("AssumedRole", session)}, "whose calls they were")
