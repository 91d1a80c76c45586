"""Bodies that are wrong in themselves, under a head that is right. A row: name, operation, body, the type that answers it.

None for the type means any 4xx with a JSON 1.1 body.
"""
import gzip

BROKEN, INVALID = "SerializationException", "ValidationException"
KEY = b'"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab"'


def known(value):
    """A string member that DescribeKey reads."""
    return b'{"KeyId":' + value + b"}"


def unknown(value):
    """A member that nobody reads; the text around it is JSON or is not all the same."""
    return b'{"Nobody":' + value + b"}"


NOT_JSON = [
    ("brace", b"{"), ("closing_brace", b"}"), ("bracket", b"["), ("list", b"[]"), ("list_of_object", b"[{}]"), ("string", b'"x"'),
    ("number", b"1"), ("true", b"true"), ("word", b"hello"), ("name_alone", b'{"a"}'), ("no_value", b'{"a":}'), ("bare_name", b"{a:1}"),
    ("single_quotes", b"{'a':1}"), ("trailing_comma", b'{"a":1,}'), ("leading_comma", b'{,"a":1}'), ("no_comma", b'{"a":1 "b":2}'),
    ("two_objects", b"{}{}"), ("text_after", b"{} x"), ("nul_after", b"{}\0"), ("byte_order_mark", b"\xef\xbb\xbf{}"),
    ("comment", b"/* */{}"), ("line_comment", b"{} // x"), ("utf16", "{}".encode("utf-16")), ("utf32", "{}".encode("utf-32")),
    ("gzip", gzip.compress(b"{}", mtime=0)), ("xml", b"<ListKeys/>"), ("form", b"KeyId=x&Limit=1"), ("yaml", b"KeyId: x"),
    ("multipart", b"--x\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--x--"), ("nul", b"\0"), ("bytes", bytes(range(256))),
    ("nested_lists", b"[" * 100_000), ("nested_objects", b'{"a":' * 100_000), ("nested_and_closed", unknown(b"[" * 5000 + b"]" * 5000)),
    ("leading_zero", unknown(b"01")), ("plus", unknown(b"+1")), ("no_integer_part", unknown(b".5")), ("no_fraction", unknown(b"1.")),
    ("no_exponent", unknown(b"1e")), ("minus_alone", unknown(b"-")), ("nan", unknown(b"NaN")), ("infinity", unknown(b"Infinity")),
    ("undefined", unknown(b"undefined")), ("hex", unknown(b"0x10")), ("half_a_word", unknown(b"tru")), ("upper_case_word", unknown(b"True")),
    ("trailing_comma_in_a_list", unknown(b"[1,]")), ("unclosed_list", unknown(b"[1")), ("unclosed_string", b'{"KeyId":"x'),
    ("mismatched", unknown(b"[1}")), ("raw_newline", known(b'"a\nb"')), ("raw_control", known(b'"\x01"')), ("raw_nul", known(b'"\0"')),
    ("unknown_escape", known(rb'"\x41"')), ("short_escape", known(rb'"\u12"')), ("lone_surrogate", known(rb'"\ud800"')),
    ("lone_low_surrogate", known(rb'"\udc00"')), ("broken_pair", known(rb'"\ud83d\u0041"')), ("escape_at_the_end", b'{"KeyId":"\\'),
    ("bad_utf8", known(b'"\xff"')), ("overlong_utf8", known(b'"\xc0\x80"')), ("utf8_surrogate", known(b'"\xed\xa0\x80"')),
    ("cut_utf8", known(b'"\xf0\x9f\x98"')), ("bad_utf8_in_an_unknown_member", unknown(b'"\xff"')), ("bad_utf8_in_a_name", b'{"\xff":1}'),
]

WRONG_TYPES = [
    ("key_number", "DescribeKey", known(b"1")), ("key_true", "DescribeKey", known(b"true")), ("key_list", "DescribeKey", known(b'["x"]')),
    ("key_object", "DescribeKey", known(b'{"Ref":"x"}')), ("limit_text", "ListKeys", b'{"Limit":"1"}'), ("limit_true", "ListKeys", b'{"Limit":true}'),
    ("limit_list", "ListKeys", b'{"Limit":[1]}'), ("limit_fraction", "ListKeys", b'{"Limit":1.5}'), ("limit_of_33_bits", "ListKeys", b'{"Limit":4294967297}'),
    ("limit_of_65_bits", "ListKeys", b'{"Limit":18446744073709551617}'), ("limit_endless", "ListKeys", b'{"Limit":1e999}'),
    ("marker_number", "ListKeys", b'{"Marker":7}'), ("tokens_text", "DescribeKey", b"{" + KEY + b',"GrantTokens":"x"}'),
    ("tokens_object", "DescribeKey", b"{" + KEY + b',"GrantTokens":{}}'), ("tokens_of_numbers", "DescribeKey", b"{" + KEY + b',"GrantTokens":[1]}'),
    ("tokens_nested", "DescribeKey", b"{" + KEY + b',"GrantTokens":[["x"]]}'),
    ("context_list", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","EncryptionContext":[]}'),
    ("context_text", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","EncryptionContext":"a=b"}'),
    ("context_of_numbers", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","EncryptionContext":{"a":1}}'),
    ("context_nested", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","EncryptionContext":{"a":{"b":"c"}}}'),
    ("plaintext_number", "Encrypt", b"{" + KEY + b',"Plaintext":1}'), ("plaintext_bytes", "Encrypt", b"{" + KEY + b',"Plaintext":[120]}'),
    ("plaintext_object", "Encrypt", b"{" + KEY + b',"Plaintext":{}}'), ("dry_run_text", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","DryRun":"true"}'),
    ("dry_run_number", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","DryRun":1}'), ("tags_object", "CreateKey", b'{"Tags":{"k":"v"}}'),
    ("tags_of_text", "CreateKey", b'{"Tags":["k"]}'), ("tag_key_number", "CreateKey", b'{"Tags":[{"TagKey":1,"TagValue":"v"}]}'),
    ("description_object", "CreateKey", b'{"Description":{}}'), ("multi_region_text", "CreateKey", b'{"MultiRegion":"false"}'),
    ("policy_object", "CreateKey", b'{"Policy":{"Version":"2012-10-17"}}'), ("spec_number", "CreateKey", b'{"KeySpec":256}'),
    ("recipient_text", "GenerateRandom", b'{"NumberOfBytes":8,"Recipient":"x"}'), ("recipient_list", "GenerateRandom", b'{"NumberOfBytes":8,"Recipient":[]}'),
    ("valid_to_object", "ImportKeyMaterial", b"{" + KEY + b',"ImportToken":"eA==","EncryptedKeyMaterial":"eA==","ValidTo":{}}'),
    ("days_text", "ScheduleKeyDeletion", b"{" + KEY + b',"PendingWindowInDays":"7"}'),
]

BAD_BASE64 = [("one_character", b"e"), ("unpadded", b"eA"), ("half_padded", b"eA="), ("over_padded", b"eA==="), ("spaced", b"e A=="), ("url_safe", b"-_8="),
              ("padding_alone", b"===="), ("padding_inside", b"eA==eA=="), ("accent", "é".encode()), ("punctuation", b"!!!!"), ("nul", rb"eA\u0000=")]

CONSTRAINTS = [
    ("no_key", "DescribeKey", b"{}"), ("null_key", "DescribeKey", known(b"null")), ("empty_key", "DescribeKey", known(b'""')),
    ("long_key", "DescribeKey", known(b'"' + b"k" * 2049 + b'"')), ("limit_0", "ListKeys", b'{"Limit":0}'), ("limit_negative", "ListKeys", b'{"Limit":-1}'),
    ("limit_1001", "ListKeys", b'{"Limit":1001}'), ("long_marker", "ListKeys", b'{"Marker":"' + b"m" * 1025 + b'"}'),
    ("no_bytes", "GenerateRandom", b"{}"), ("zero_bytes", "GenerateRandom", b'{"NumberOfBytes":0}'), ("many_bytes", "GenerateRandom", b'{"NumberOfBytes":1025}'),
    ("most_bytes", "GenerateRandom", b'{"NumberOfBytes":2147483647}'), ("unknown_spec", "CreateKey", b'{"KeySpec":"DES"}'),
    ("empty_spec", "CreateKey", b'{"KeySpec":""}'), ("lower_case_spec", "CreateKey", b'{"KeySpec":"symmetric_default"}'),
    ("spec_with_a_nul", "CreateKey", rb'{"KeySpec":"SYMMETRIC_DEFAULT\u0000"}'), ("no_tag_key", "CreateKey", b'{"Tags":[{"TagValue":"v"}]}'),
    ("null_tag", "CreateKey", b'{"Tags":[null]}'), ("long_description", "CreateKey", b'{"Description":"' + b"d" * 8193 + b'"}'),
    ("empty_policy", "CreateKey", b'{"Policy":""}'), ("long_policy", "CreateKey", b'{"Policy":"' + b"p" * 131_073 + b'"}'),
    ("empty_token", "DescribeKey", b"{" + KEY + b',"GrantTokens":[""]}'), ("null_token", "DescribeKey", b"{" + KEY + b',"GrantTokens":[null]}'),
    ("eleven_tokens", "DescribeKey", b"{" + KEY + b',"GrantTokens":[' + b",".join([b'"t"'] * 11) + b"]}"),
    ("null_context_value", "Encrypt", b"{" + KEY + b',"Plaintext":"eA==","EncryptionContext":{"a":null}}'),
    ("empty_recipient", "GenerateRandom", b'{"NumberOfBytes":8,"Recipient":{}}'),
]

ROWS = [(f"not_json-{name}", "DescribeKey", body, BROKEN) for name, body in NOT_JSON] \
    + [(f"wrong_type-{name}", operation, body, BROKEN) for name, operation, body in WRONG_TYPES] \
    + [(f"bad_base64-{name}", "Decrypt", b'{"CiphertextBlob":"' + text + b'"}', BROKEN) for name, text in BAD_BASE64] \
    + [(f"constraint-{name}", operation, body, INVALID) for name, operation, body in CONSTRAINTS if not name.startswith("null_")] \
    + [(f"null-{name}", operation, body, None) for name, operation, body in CONSTRAINTS if name.startswith("null_")]

# What a POST to /_trent/clock may not ask for.
CLOCK = [("empty", b""), ("nothing", b"{}"), ("list", b"[]"), ("null", b"null"), ("not_json", b"{advance:1}"), ("text", b'{"advance":"1"}'),
         ("endless", b'{"advance":1e300}'), ("endless_past", b'{"advance":-1e300}'), ("overflow", b'{"advance":1e999}'), ("beyond_9999", b'{"advance":1e12}'),
         ("before_1970", b'{"set":-1}'), ("no_date", b'{"set":"tomorrow"}'), ("february_30", b'{"set":"2030-02-30T00:00:00Z"}'),
         ("two_wishes", b'{"advance":1,"reset":true}'), ("unknown_wish", b'{"stop":true}'), ("no_reset", b'{"reset":false}')]
