"""What is at the other paths? A page for people, two for probes, and nothing else."""
from harness import raw
from harness.claims import claim, each, holds, same
from harness.server import shared


def get(trent, path, method="GET"):
    return raw.send(trent, raw.written([("Host", raw.host(trent))], b"", method, path))


@each([("serve", "serve"), ("dev", "dev")])
def a_browser_gets_a_page_that_says_what_this_is(_name, mode):
    answer = get(shared(mode), "/")
    same(answer.status, 200, "the status")
    holds(answer.header("Content-Type").startswith("text/"), f"the content type is {answer.header('Content-Type')}")
    holds(b"Trent" in answer.body and b"KMS" in answer.body, f"the page says {answer.body[:200]!r}")


@each([(f"{mode}{path}", mode, path) for mode in ("serve", "dev") for path in ("/healthz", "/readyz")])
def a_probe_is_answered_without_a_signature(_name, mode, path):
    same(get(shared(mode), path).status, 200, "the status")
    same(get(shared(mode), path + "?probe=1").status, 200, "the status with a query")


@each([("unknown", "GET", "/nowhere"), ("deeper", "GET", "/healthz/deep"), ("dots", "GET", "/../etc/passwd"), ("clock_in_serve", "GET", "/_trent/clock"),
       ("turn_in_serve", "POST", "/_trent/clock"), ("faults_in_serve", "GET", "/_trent/faults"), ("plan_in_serve", "POST", "/_trent/faults"),
       ("take_back_in_serve", "DELETE", "/_trent/faults"), ("favicon", "GET", "/favicon.ico"), ("delete", "DELETE", "/"), ("put", "PUT", "/"),
       ("patch", "PATCH", "/"), ("trace", "TRACE", "/"), ("post_to_health", "POST", "/healthz"), ("options_without_origin", "OPTIONS", "/"),
       ("post_elsewhere", "POST", "/kms"), ("double_slash", "POST", "//"), ("encoded_slash", "POST", "/%2f")])
def there_is_nothing_else(_name, method, path):
    answer = get(shared("serve"), path, method)
    holds(400 <= answer.status < 500, f"the answer is {answer}")


@claim
def a_signed_call_to_another_path_is_no_kms_call():
    answer = raw.call(shared("serve"), "ListKeys", path="/kms")
    holds(400 <= answer.status < 500, f"the answer is {answer}")


@claim
def head_of_a_probe_has_no_body():
    answer = get(shared("serve"), "/healthz", "HEAD")
    holds(answer.status in (200, 405), f"the status is {answer.status}")


@claim
def only_the_ready_line_stands_on_standard_output_last():
    for mode in ("serve", "dev"):
        trent = shared(mode)
        same(trent.said[-1], f"trent: listening on {trent.url}", "the last line of standard output")
