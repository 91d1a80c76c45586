"""The bytes of the Query protocol: what is no form is refused in XML that any reader reads, and nothing is overlooked."""
import xml.etree.ElementTree as xml

from harness import house, raw, sigv4
from harness.claims import claim, each, holds, same

STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
WHO = "Action=GetCallerIdentity&Version=2011-06-15"
ASSUME = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fx&RoleSessionName=work"


def _sent(body, service="sts", content_type=FORM):
    body = body if isinstance(body, bytes) else body.encode()
    headers = raw.head(house.trent(), None, body, [("X-Amz-Date", sigv4.stamp(sigv4.now()))], content_type=content_type)
    date = dict(headers)["X-Amz-Date"]
    keys = house.ann()
    signed = sigv4.authorization(headers, body, sigv4.Credentials(keys.id, keys.secret), amz_date=date, service=service)
    return raw.send(house.trent(), raw.written([*headers, ("Authorization", signed)], body))


def _error(answer):
    """The code and the message of an error in XML."""
    same(answer.header("Content-Type"), "text/xml", "the content type")
    read = xml.fromstring(answer.body)
    same((read.tag, [one.tag for one in read]), (f"{STS}ErrorResponse", [f"{STS}Error", f"{STS}RequestId"]), "the elements")
    same(read.find(f"{STS}RequestId").text, answer.header("x-amzn-RequestId"), "the request id")
    return read.find(f"{STS}Error/{STS}Code").text, read.find(f"{STS}Error/{STS}Message").text


@claim
def an_answer_is_xml_with_its_request_id():
    answer = _sent(WHO)
    same((answer.status, answer.header("Content-Type")), (200, "text/xml"), "the status and the content type")
    read = xml.fromstring(answer.body)
    same(read.find(f"{STS}GetCallerIdentityResult/{STS}Arn").text, house.arn(house.here(), "ann"), "the ARN")
    same(read.find(f"{STS}ResponseMetadata/{STS}RequestId").text, answer.header("x-amzn-RequestId"), "the request id")


REFUSED = [
    ("a_parameter_twice", f"{WHO}&Action=GetCallerIdentity", "MalformedQueryString"),
    ("a_parameter_twice_once_encoded", f"{WHO}&%41ction=GetCallerIdentity", "MalformedQueryString"),
    ("half_an_escape", f"{WHO}&a=%4", "MalformedQueryString"),
    ("no_utf8", WHO.encode() + b"&a=\xff", "MalformedQueryString"),
    ("no_utf8_encoded", f"{WHO}&a=%FF", "MalformedQueryString"),
    ("a_gap_in_a_list", f"{ASSUME}&TransitiveTagKeys.member.2=a", "MalformedQueryString"),
    ("json", '{"Action":"GetCallerIdentity"}', "MissingAction"),
    ("nothing", "", "MissingAction"),
    ("no_action", "Version=2011-06-15", "MissingAction"),
    ("another_version", "Action=GetCallerIdentity&Version=2010-05-08", "InvalidAction"),
    ("an_action_of_iam", "Action=ListUsers&Version=2010-05-08", "InvalidAction"),
    ("an_unknown_parameter", f"{ASSUME}&Narrower=1", "ValidationError"),
    ("a_name_for_a_tag", f"{ASSUME}&Tags.member.1.Key=%3Ca%3E&Tags.member.1.Value=", "ValidationError"),
    ("characters_that_xml_cannot_hold", "Action=%00%0B%1B%3C%26%5D%5D%3E&Version=2011-06-15", "InvalidAction"),
]


@each(REFUSED)
def what_is_no_call_is_refused_in_xml(_name, body, code):
    answer = _sent(body)
    same((answer.status, _error(answer)[0]), (400, code), "the status and the code")


@claim
def a_text_cannot_leave_its_element():
    code, message = _error(_sent("Action=%3C%2FMessage%3E%3CCode%3Ex&Version=2011-06-15"))
    same(code, "InvalidAction", "the code")
    holds("operation </Message><Code>x for version" in message, message)


@claim
def a_form_that_is_signed_for_kms_is_refused():
    answer = _sent(WHO, service="kms")
    same((answer.status, _error(answer)), (403, ("SignatureDoesNotMatch", "Credential should be scoped to correct service: 'sts'. ")), "the answer")


@claim
def a_form_of_two_mebibytes_is_refused():
    answer = _sent(f"{WHO}&a=" + "b" * (2 << 20))
    holds(answer is None or answer.status == 413, f"the answer is {answer}")
