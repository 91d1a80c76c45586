"""Every case that a client can bring about comes out as it says; and how many there are of the others, for which reason."""
from harness.claims import claim, each, holds, same

from .corpus import sorted_out

ASKED, UNREACHED = sorted_out()
PUT = [asked for asked in ASKED if asked.question]
EXPLAINED = [asked for asked in ASKED if asked.explanation]
AT_LEAST, EXPLAINED_AT_LEAST = 940, 1210  # a corpus that grows may have more

NO_SERVICE = "no AWS service calls on anybody's behalf"
NO_NETWORK = "there are no VPCs, no organization, no enclave and no certificate here"
NO_CLOCK = "the clock of a server that runs is nobody's to set"
NO_SECOND_FACTOR = "nobody has a second factor here"
CLAIMED = "what a client says of itself is no fact"
ANOTHER = "what the call says itself, or the key is, is another value, or is there where the case wants none"
REFUSED = "the request is refused whoever sends it"
NOT_BUILT = "Trent does not have it yet"
# Which fact keeps how many cases from a client at most, and why. A reason that is not here, or has become more frequent,
# is a case that could be put and is not.
REASONS = {
    "the operation is not built": (1, NOT_BUILT),
    "kms:multiregionkeytype": (4, "the keys of the cases are in one Region each, and none of them is a replica"),
    "kms:trailingdayswithoutkeyusage": (8, "every key was made today"),
    "kms:viaservice": (17, NO_SERVICE),
    "kms:grantisforawsresource": (10, NO_SERVICE),
    "a grant to a service principal is refused as it is": (12, NO_SERVICE),
    "aws:sourcearn": (27, NO_SERVICE),
    "aws:sourceaccount": (9, NO_SERVICE),
    "aws:calledvia": (6, NO_SERVICE),
    "aws:viaawsservice": (6, NO_SERVICE),
    "kms:recipientattestation": (15, NO_NETWORK),
    "aws:sourcevpc": (6, NO_NETWORK),
    "aws:sourcevpce": (8, NO_NETWORK),
    "aws:principalorgid": (8, NO_NETWORK),
    "aws:securetransport": (9, NO_NETWORK),
    "aws:sourceip": (15, "from this machine only IPv4 addresses of the loopback network call, and each call has one"),
    "aws:currenttime": (35, NO_CLOCK),
    "aws:epochtime": (9, NO_CLOCK),
    "aws:tokenissuetime": (10, NO_CLOCK),
    "aws:multifactorauthpresent": (11, NO_SECOND_FACTOR),
    "aws:multifactorauthage": (6, NO_SECOND_FACTOR),
    "aws:useragent": (6, CLAIMED),
    "aws:referer": (6, CLAIMED),
    "aws:username": (16, ANOTHER),
    "aws:userid": (5, ANOTHER),
    "aws:principalarn": (5, ANOTHER),
    "aws:principalaccount": (5, ANOTHER),
    "aws:principaltype": (5, ANOTHER),
    "aws:requestedregion": (5, ANOTHER),
    "aws:tagkeys": (2, ANOTHER),
    "kms:calleraccount": (5, ANOTHER),
    "kms:customermasterkeyspec": (2, ANOTHER),
    "kms:customermasterkeyusage": (2, ANOTHER),
    "kms:datakeypairspec": (2, ANOTHER),
    "kms:encryptionalgorithm": (2, ANOTHER),
    "kms:keyagreementalgorithm": (2, ANOTHER),
    "kms:keyspec": (2, ANOTHER),
    "kms:keyusage": (2, ANOTHER),
    "kms:macalgorithm": (2, ANOTHER),
    "kms:messagetype": (2, ANOTHER),
    "kms:multiregion": (2, ANOTHER),
    "kms:primaryregion": (2, ANOTHER),
    "kms:replicaregion": (2, ANOTHER),
    "kms:signingalgorithm": (2, ANOTHER),
    "kms:bypasspolicylockoutsafetycheck": (3, "false counts as unsaid"),
    "kms:rotationperiodindays": (3, ANOTHER),
    "kms:granteeprincipal": (2, ANOTHER),
    "kms:keyorigin": (2, ANOTHER),
    "kms:policyname": (2, ANOTHER),
    "kms:reencryptonsamekey": (2, ANOTHER),
    "kms:schedulekeydeletionpendingwindowindays": (2, ANOTHER),
    "kms:wrappingalgorithm": (2, ANOTHER),
    "kms:wrappingkeyspec": (2, ANOTHER),
    "kms:RotationPeriodInDays is 90 to 2560, or the request is refused as it is": (8, REFUSED),
    "a grant's source ARN has an account, or the request is refused as it is": (11, REFUSED),
    "a tag cannot have the value": (6, REFUSED),
    "no key agreement has another algorithm, or the request is refused as it is": (3, REFUSED),
    "an alias of another account cannot be named": (2, REFUSED),
    "RSAES_PKCS1_V1_5 wraps no longer": (1, REFUSED),
    "kms:RetireGrant is allowed by no key policy: whose grant it is decides": (1, "the engine alone does not know that"),
}


@each([(f"{file}: {name}", question, explanation) for file, name, question, explanation in PUT if not file.startswith("published/")])
def a_case_comes_out_as_it_says(_name, question, explanation):
    question.put(explanation)


@each([(f"{file}: {name}", explanation) for file, name, question, explanation in EXPLAINED if not question])
def a_case_that_no_client_can_bring_about_is_explained_as_it_says(_name, explanation):
    explanation.put()


@claim
def nearly_all_cases_are_put_and_the_others_are_counted_by_their_reasons():
    holds(len(PUT) >= AT_LEAST, f"only {len(PUT)} cases were put")
    holds(len(EXPLAINED) >= EXPLAINED_AT_LEAST, f"only {len(EXPLAINED)} were explained")
    for reason, count in UNREACHED.items():
        most = REASONS.get(reason, (0, ""))[0]
        holds(count <= most, f"{count} cases are not put because of {reason}; it should keep {most} from it at most")


@claim
def every_reason_still_keeps_a_case_from_being_put():
    same(sorted(set(REASONS) - set(UNREACHED)), [], "reasons that no case has any longer")


@claim
def cases_of_every_verdict_and_every_voice_are_put():
    verdicts = {asked.question.because for asked in PUT}
    same(sorted(verdicts), sorted(["resource", "identity", "root", "grant", "deny:resource", "deny:identity", "deny:session",
                                   "nothing:resource", "nothing:identity", "nothing:session", "another-account"]), "the verdicts")
