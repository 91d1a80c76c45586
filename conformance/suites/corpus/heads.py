"""Heads that are wrong, as bytes. A row: name, the whole request, what may answer it.

`{host}` stands for the server's address, `{many:N}` for N letters. The answer may be CLOSED where HTTP itself is broken: then nobody
can know where a next request would begin. Otherwise it is a 4xx with a JSON 1.1 body, of the type named if one is named.
"""
import itertools

CLOSED = "closed"
UNKNOWN = "UnknownOperationException"
ANY = None

TARGET = "X-Amz-Target: TrentService.ListKeys"
FIRST = "POST / HTTP/1.1"
HOST = "Host: {host}"


def request(*lines, body="{}", length=True):
    """A request of these lines; the body's length is right unless a row says its own."""
    more = [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, *more, "", body])


def call(*lines, **how):
    """An ordinary call of ListKeys with these header lines added."""
    return request(FIRST, HOST, TARGET, *lines, **how)


class Unfinished(str):
    """A request that ends before HTTP says that it may: the client closes its side, or the server would wait for the rest."""


def create(*lines, **how):
    """A call that would leave a key behind, if it were obeyed."""
    return request(FIRST, HOST, "X-Amz-Target: TrentService.CreateKey", *lines, **how)


TARGETS = [("missing", None), ("empty", ""), ("prefix_alone", "TrentService"), ("dot_alone", "TrentService."), ("no_prefix", "ListKeys"),
           ("leading_dot", ".ListKeys"), ("lower_case_prefix", "trentservice.ListKeys"), ("lower_case_name", "TrentService.listkeys"),
           ("other_service", "DynamoDB_20120810.ListTables"), ("versioned", "TrentService_20141101.ListKeys"), ("longer", "TrentService.ListKeysX"),
           ("shorter", "TrentService.ListKey"), ("three_parts", "TrentService.ListKeys.Now"), ("slash", "TrentService/ListKeys"),
           ("comma", "TrentService.ListKeys,TrentService.ListKeys"), ("space_inside", "TrentService. ListKeys"), ("quotes", '"TrentService.ListKeys"'),
           ("accent", "TrentService.ListKeys\u00e9"), ("percent", "TrentService.List%4beys"), ("long", "TrentService.{many:4000}")]

BROKEN_LINES = [
    ("lower_case_method", "post / HTTP/1.1"), ("method_with_a_space", "PO ST / HTTP/1.1"), ("no_path", "POST HTTP/1.1"), ("no_version", "POST /"),
    ("version_1_2", "POST / HTTP/1.2"), ("version_9", "POST / HTTP/9.9"), ("version_lower_case", "POST / http/1.1"), ("more_after", "POST / HTTP/1.1 x"),
    ("path_with_a_space", "POST / / HTTP/1.1"), ("path_without_slash", "POST x HTTP/1.1"), ("asterisk", "POST * HTTP/1.1"),
    ("nul_in_the_path", "POST /\0 HTTP/1.1"), ("accent_in_the_path", "POST /\u00e9 HTTP/1.1"),
    ("connect", "CONNECT example.com:443 HTTP/1.1"), ("method_of_controls", "PO\x01ST / HTTP/1.1"), ("long_path", "POST /{many:20000} HTTP/1.1"),
    ("long_method", "{many:20000} / HTTP/1.1"), ("another_path", "POST /kms HTTP/1.1"), ("path_above", "POST /../ HTTP/1.1"),
    ("encoded_slash", "POST /%2f HTTP/1.1"), ("two_slashes", "POST // HTTP/1.1"),
]

BROKEN_HEADERS = [
    ("no_colon", "Nonsense"), ("space_before_the_colon", "X-A : b"), ("empty_name", ": b"), ("space_in_the_name", "X A: b"), ("bracket_in_the_name", "X(A: b"),
    ("accent_in_the_name", "X\u00e9: b"), ("nul_in_the_value", "X-A: b\0c"), ("control_in_the_value", "X-A: b\x01c"), ("carriage_return_in_the_value", "X-A: b\rc"),
    ("folded", "X-A: b\r\n c"), ("folded_target", "X-B:\r\n\tTrentService.ListKeys"), ("name_too_long", "{many:70000}: b"), ("value_too_long", "X-A: {many:70000}"),
]

LENGTHS = [("negative", "-1"), ("plus", "+2"), ("word", "two"), ("hex", "0x2"), ("fraction", "2.0"), ("two_in_one", "2, 3"), ("space", "2 2"), ("empty", ""),
           ("of_65_bits", "18446744073709551618"), ("of_64_bits", "18446744073709551615"), ("a_terabyte", "1099511627776"), ("two_mebibytes", "2097152")]

ENCODINGS = [("unknown", "zip"), ("gzip_first", "gzip, chunked"), ("gzip_last", "chunked, gzip"), ("chunked_twice", "chunked, chunked"), ("lookalike", "xchunked"),
             ("vertical_tab", "\x0bchunked"), ("identity", "identity")]

CHUNKS = [("size_is_a_word", "zz\r\n{}\r\n0\r\n\r\n"), ("size_is_negative", "-2\r\n{}\r\n0\r\n\r\n"), ("size_of_68_bits", "F" * 17 + "\r\n{}\r\n0\r\n\r\n"),
          ("size_of_64_bits", "F" * 16 + "\r\n{}\r\n0\r\n\r\n"), ("size_is_empty", "\r\n{}\r\n0\r\n\r\n"), ("size_has_a_prefix", "0x2\r\n{}\r\n0\r\n\r\n"),
          ("data_is_longer", "1\r\n{}\r\n0\r\n\r\n"), ("data_is_shorter", "3\r\n{}\r\n0\r\n\r\n"), ("last_chunk_is_missing", Unfinished("2\r\n{}\r\n")),
          ("no_line_end_after_data", "2\r\n{}0\r\n\r\n"), ("cut_inside_the_data", Unfinished("9\r\n{")), ("nul_in_the_size", "2\0\r\n{}\r\n0\r\n\r\n")]

TWICE = [("target", TARGET, UNKNOWN), ("another_target", "X-Amz-Target: TrentService.CreateKey", UNKNOWN), ("host", HOST, ANY), ("another_host", "Host: evil.example", ANY),
         ("another_length", "Content-Length: 1", CLOSED)]

ROWS = [
    *[(f"target-{name}", request(FIRST, HOST, *([] if value is None else [f"X-Amz-Target: {value}"])), UNKNOWN) for name, value in TARGETS],
    *[(f"line-{name}", request(line, HOST, TARGET), CLOSED) for name, line in BROKEN_LINES],
    *[(f"header-{name}", call(line), CLOSED) for name, line in BROKEN_HEADERS],
    *[(f"length-{name}", call(f"Content-Length: {value}", length=False), CLOSED) for name, value in LENGTHS],
    *[(f"encoding-{name}", create(f"Transfer-Encoding: {value}", length=False, body="2\r\n{}\r\n0\r\n\r\n"), CLOSED) for name, value in ENCODINGS],
    *[(f"chunk-{name}", type(body)(create("Transfer-Encoding: chunked", length=False, body=body)), CLOSED) for name, body in CHUNKS],
    *[(f"twice-{name}", call(line), CLOSED if answer is CLOSED else ANY) for name, line, answer in TWICE],
    ("no_host", request(FIRST, TARGET), ANY),
    ("body_shorter_than_its_length", Unfinished(call("Content-Length: 20", length=False)), CLOSED),
    ("body_longer_than_its_length", create("Content-Length: 1", length=False), "SerializationException"),
    ("gzip_said_but_not_done", create("Content-Encoding: gzip", body="\x1f\x8b\x08"), "SerializationException"),
    ("two_hundred_headers", call(*[f"X-{n}: v" for n in range(200)]), CLOSED),
    ("two_thousand_headers", call(*[f"X-{n}: v" for n in range(2000)]), CLOSED),
    ("head_without_end", Unfinished(f"{FIRST}\r\n{HOST}\r\n{TARGET}\r\n"), CLOSED),
    ("line_feeds_alone_and_no_end", Unfinished(f"{FIRST}\n{HOST}\n{TARGET}\n"), CLOSED),
    ("half_a_line", Unfinished("POST"), CLOSED),
    ("nothing", Unfinished(""), CLOSED),
    ("line_ends_alone", Unfinished("\r\n" * 50), CLOSED),
    ("http_0_9", Unfinished("GET /\r\n\r\n"), CLOSED),
    ("tls", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\0" * 300, CLOSED),
    ("ssh", "SSH-2.0-OpenSSH_9.2\r\n", CLOSED),
    ("smtp", "EHLO localhost\r\n", CLOSED),
    ("proxy_protocol", "PROXY TCP4 1.2.3.4 127.0.0.1 1 2\r\n" + call(), CLOSED),
    ("nuls", "\0" * 1000, CLOSED),
    ("all_bytes", "".join(map(chr, range(256))), CLOSED),
    ("json_alone", '{"KeyId":"x"}\r\n\r\n', CLOSED),
]

# Requests whose body's end can be read in two ways. `CreateKey` stands where only a misreading would find it.
HIDDEN = create()
SMUGGLED = [
    ("chunks_win_over_a_length", call("Transfer-Encoding: chunked", f"Content-Length: {7 + len(HIDDEN)}", length=False, body="2\r\n{}\r\n0\r\n\r\n" + HIDDEN)),
    ("length_wins_over_chunks", call("Content-Length: 4", "Transfer-Encoding: chunked", length=False, body="5c\r\n" + HIDDEN)),
    ("two_lengths", call("Content-Length: 2", f"Content-Length: {2 + len(HIDDEN)}", length=False, body="{}" + HIDDEN)),
    ("length_in_another_case", call("content-length: 2", f"CONTENT-LENGTH: {2 + len(HIDDEN)}", length=False, body="{}" + HIDDEN)),
    ("hidden_in_a_body", call(length=True, body=HIDDEN)),
    ("bare_line_feed_ends_a_chunk", call("Transfer-Encoding: chunked", length=False, body="2\n{}\n0\n\n" + HIDDEN)),
    ("after_a_refusal", request(FIRST, HOST, TARGET, "Host: evil.example", body="{}") + HIDDEN),
    ("after_a_foreign_origin", request(FIRST, HOST, TARGET, "Origin: https://evil.example", body="{}") + HIDDEN),
    ("after_a_body_too_large", call("Content-Length: 99999999", length=False, body="{}" + HIDDEN)),
]

assert len({name for name, *_ in itertools.chain(ROWS, SMUGGLED)}) == len(ROWS) + len(SMUGGLED), "two rows have one name"
