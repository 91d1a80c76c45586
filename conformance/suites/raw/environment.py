"""What does `dev` take for a caller? Any credentials and none; twelve digits are the account."""
from harness import raw, sigv4
from harness.claims import claim, each, holds, same
from harness.server import shared

ARN = "arn:aws:kms:us-east-1:{}:key/"


def dev():
    return shared("dev")


@claim
def a_target_and_a_body_are_enough():
    body = b'{"Description":"bare"}'
    request = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.CreateKey\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = raw.send(dev(), request.encode() + body)
    same(answer.status, 200, "the status")
    holds(answer.json["KeyMetadata"]["Arn"].startswith(ARN.format("000000000000")), answer.json["KeyMetadata"]["Arn"])


@each([("twelve_digits", "123456789012", "123456789012"), ("an_access_key", "AKIAIOSFODNN7EXAMPLE", "000000000000"),
       ("eleven_digits", "12345678901", "000000000000"), ("thirteen_digits", "1234567890123", "000000000000"),
       ("word", "test", "000000000000"), ("zeros", "000000000000", "000000000000")])
def the_access_key_id_is_the_account_if_it_has_twelve_digits(_name, access_key, account):
    key = raw.new_key(dev(), credentials=sigv4.Credentials(access_key, "wrong or not"))
    same(key["AWSAccountId"], account, "the account")
    holds(key["Arn"].startswith(ARN.format(account)), key["Arn"])


@claim
def no_signature_is_checked():
    sent = raw.request(dev(), "CreateKey", amz_date="20150830T123600Z", region="eu-west-1").replace(b"Signature=", b"Signature=00")
    holds(raw.send(dev(), sent).json["KeyMetadata"]["Arn"].startswith("arn:aws:kms:eu-west-1:"), "the Region is not the scope's")


@claim
def the_default_region_is_an_option():
    answer = raw.unsigned(shared("dev", "--region", "cn-north-1"), "CreateKey")
    holds(answer.json["KeyMetadata"]["Arn"].startswith("arn:aws-cn:kms:cn-north-1:000000000000:key/"), str(answer.json))


@claim
def accounts_are_separate_worlds():
    one, two = (sigv4.Credentials(a, "s") for a in ("111111111111", "222222222222"))
    key = raw.new_key(dev(), credentials=one)
    listed = raw.done(dev(), "ListKeys", credentials=two)["Keys"]
    holds(key["KeyId"] not in [k["KeyId"] for k in listed], "another account's key is listed")
    absent = raw.call(dev(), "DescribeKey", {"KeyId": key["KeyId"]}, credentials=two)
    same(absent.message, f"Key 'arn:aws:kms:us-east-1:222222222222:key/{key['KeyId']}' does not exist", "the message")
    there = raw.call(dev(), "DisableKey", {"KeyId": key["Arn"]}, credentials=two)
    nowhere = raw.call(dev(), "DisableKey", {"KeyId": key["Arn"][:-12] + "0" * 12}, credentials=two)
    same((there.type, there.body), ("AccessDeniedException", nowhere.body), "type, and body beside that of a key that is not there")
    # What AWS lets across accounts goes across, for nothing is enforced.
    same(raw.done(dev(), "DescribeKey", {"KeyId": key["Arn"]}, credentials=two)["KeyMetadata"], key, "the key by its ARN")
