"""May a web page use the keys? Only one whose origin `--cors` names, and never the control endpoints."""
from harness import raw
from harness.claims import claim, each, holds, same
from harness.server import shared

APP = "https://app.example"
PREFLIGHT = [("Access-Control-Request-Method", "POST"),
             ("Access-Control-Request-Headers", "authorization,content-type,x-amz-date,x-amz-target,amz-sdk-request")]


def closed():
    return shared("dev")


def opened():
    return shared("dev", "--cors", APP)


def _allows(answer):
    return answer is not None and answer.header("Access-Control-Allow-Origin") is not None


def _refused(answer):
    holds(answer is None or 400 <= answer.status < 500, f"the answer is {answer}")
    holds(not _allows(answer), "a refusal allows the origin")


ORIGINS = [
    ("another_site", "https://evil.example"), ("null", "null"), ("this_very_server", "{self}"),
    ("localhost", "http://localhost:3000"), ("loopback", "http://127.0.0.1"), ("empty", ""), ("extension", "chrome-extension://abc"),
]


@each(ORIGINS)
def without_cors_no_origin_is_answered(_name, origin):
    origin = origin.replace("{self}", closed().url)
    before = len(raw.done(closed(), "ListKeys")["Keys"])
    _refused(raw.unsigned(closed(), "CreateKey", more=[("Origin", origin)]))
    same(len(raw.done(closed(), "ListKeys")["Keys"]), before, "the number of keys")


@each([("get_page", "GET", "/"), ("health", "GET", "/healthz"), ("ready", "GET", "/readyz"), ("clock", "GET", "/_trent/clock"),
       ("turn_the_clock", "POST", "/_trent/clock"), ("faults", "GET", "/_trent/faults"), ("plan_a_fault", "POST", "/_trent/faults"), ("preflight", "OPTIONS", "/"), ("nowhere", "GET", "/nowhere")])
def an_unnamed_origin_is_refused_before_routing(_name, method, path):
    for host in (None, "evil.example", "localhost"):
        headers = [("Host", host or raw.host(closed())), ("Origin", "https://evil.example"), *PREFLIGHT, ("Content-Length", "2")]
        _refused(raw.send(closed(), raw.written(headers, b"{}", method, path)))


@claim
def a_named_origin_gets_its_preflight_answered_unsigned():
    headers = [("Host", raw.host(opened())), ("Origin", APP), *PREFLIGHT]
    answer = raw.send(opened(), raw.written(headers, b"", "OPTIONS"))
    same(answer.status, 200, "the status")
    holds(answer.header("Access-Control-Allow-Origin") in (APP, "*"), f"the answer is {answer}")
    holds("POST" in answer.header("Access-Control-Allow-Methods"), "POST is not allowed")
    allowed = {h.strip().lower() for h in answer.header("Access-Control-Allow-Headers").split(",")}
    asked = set(PREFLIGHT[1][1].split(","))
    holds(asked <= allowed, f"not allowed: {sorted(asked - allowed)}")
    holds(answer.header("Access-Control-Max-Age"), "no Access-Control-Max-Age")


@claim
def a_named_origin_may_read_the_answer_and_its_request_id():
    answer = raw.unsigned(opened(), "ListKeys", more=[("Origin", APP)])
    same(answer.status, 200, "the status")
    holds(answer.header("Access-Control-Allow-Origin") in (APP, "*"), f"the answer is {answer}")
    holds("x-amzn-requestid" in answer.header("Access-Control-Expose-Headers").lower(), "the request id is not exposed")


@claim
def a_named_origin_may_read_an_error():
    answer = raw.unsigned(opened(), "DescribeKey", {"KeyId": "nope"}, more=[("Origin", APP)])
    same((answer.status, answer.type), (400, "NotFoundException"), "the answer")
    holds(_allows(answer), "an error does not allow the origin")


@each([("another", "https://evil.example"), ("null", "null"), ("prefix", APP + ".evil.example"), ("scheme", APP.replace("https", "http")),
       ("port", APP + ":8443"), ("slash", APP + "/"), ("two", f"{APP} https://evil.example")])
def with_cors_other_origins_stay_refused(_name, origin):
    _refused(raw.unsigned(opened(), "ListKeys", more=[("Origin", origin)]))


@claim
def two_origin_headers_are_refused():
    _refused(raw.unsigned(opened(), "ListKeys", more=[("Origin", APP), ("Origin", "https://evil.example")]))


@each([("read", "GET"), ("turn", "POST"), ("preflight", "OPTIONS")])
def the_control_endpoints_answer_no_origin_not_even_a_named_one(_name, method):
    headers = [("Host", raw.host(opened())), ("Origin", APP), *PREFLIGHT, ("Content-Length", "2")]
    _refused(raw.send(opened(), raw.written(headers, b"{}", method, "/_trent/clock")))


@claim
def without_an_origin_nothing_of_cors_is_said():
    answer = raw.unsigned(opened(), "ListKeys")
    same([n for n, _ in answer.headers if n.lower().startswith("access-control")], [], "the CORS headers")
