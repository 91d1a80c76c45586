"""step-ca: an authority whose intermediate key is in KMS. It starts, proves who it is over https, and certifies others."""
import atexit
import base64
import datetime
import json
import socket
import ssl
import urllib.error
import urllib.request
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from harness import places
from harness.ambient import Recorded
from harness.claims import Broken, claim, each, holds, same
from harness.sdk import kms, new_key
from harness.server import eventually
from harness.tool import Tool

STEP = Tool(places.go_tool("github.com/smallstep/certificates/cmd/step-ca", "v0.30.2", 6))
DAY = datetime.timedelta(days=1)
SPECS = [("RSA_2048",), ("RSA_4096",), ("ECC_NIST_P256",), ("ECC_NIST_P384",), ("ECC_NIST_P521",)]
# Who may ask the authority for certificates, and the root that certifies the authority: keys of the test's own.
PROVISIONER, ROOT = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def certified(subject, key):
    """An authority's certificate from the root."""
    now, usage = datetime.datetime.now(datetime.UTC), x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = x509.CertificateBuilder().subject_name(named(subject)).issuer_name(named("root")).public_key(key)
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)
    for extension, critical in ((x509.BasicConstraints(True, None), True), (usage, True), (x509.SubjectKeyIdentifier.from_public_key(key), False),
                                (x509.AuthorityKeyIdentifier.from_issuer_public_key(ROOT.public_key()), False)):
        made = made.add_extension(extension, critical)
    return made.sign(ROOT, hashes.SHA256())


def named(name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def written(data):
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk():
    numbers = PROVISIONER.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "provisioner",
            "x": written(numbers.x.to_bytes(32)), "y": written(numbers.y.to_bytes(32))}


def token(audience, subject):
    """What lets its bearer have a certificate of that name, once."""
    now = int(datetime.datetime.now().timestamp())
    claims = {"aud": audience, "iss": "test", "sub": subject, "sans": [subject], "nbf": now - 60, "iat": now, "exp": now + 240, "jti": uuid.uuid4().hex}
    text = ".".join(written(json.dumps(part).encode()) for part in ({"alg": "ES256", "kid": "provisioner", "typ": "JWT"}, claims))
    r, s = utils.decode_dss_signature(PROVISIONER.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{written(r.to_bytes(32) + s.to_bytes(32))}"


class Authority:
    def __init__(self, key):
        """Starts it with this key in KMS, on a port that was free, and waits until it answers or has ended."""
        with socket.create_server(("127.0.0.1", 0)) as found:
            self.url = f"https://localhost:{found.getsockname()[1]}"
        self.intermediate = certified("intermediate", load_der_public_key(kms().get_public_key(KeyId=key)["PublicKey"]))
        STEP.write("root.crt", certified("root", ROOT.public_key()).public_bytes(Encoding.PEM).decode())
        STEP.write("intermediate.crt", self.intermediate.public_bytes(Encoding.PEM).decode())
        STEP.write("ca.json", json.dumps({
            "root": "root.crt", "crt": "intermediate.crt", "key": f"awskms:key-id={key}", "kms": {"type": "awskms", "uri": "awskms:region=us-east-1"},
            "address": self.url.removeprefix("https://"), "dnsNames": ["localhost"], "logger": {"format": "text"},
            "authority": {"provisioners": [{"type": "JWK", "name": "test", "key": jwk()}]}}))
        self.process = STEP.started("ca.json")
        atexit.register(self.process.kill)
        self.tls = ssl.create_default_context(cafile=f"{STEP.folder}/root.crt")
        eventually(lambda: self.process.poll() is not None or self.answers(), "step-ca neither answers nor ends")

    def answers(self):
        try:
            return self.asked("/health")
        except urllib.error.URLError:
            return None

    def asked(self, path, body=None):
        data = body and json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}), context=self.tls) as answer:
            return json.load(answer)

    def certifies(self, subject):
        """A certificate of that name for a new key."""
        csr = x509.CertificateSigningRequestBuilder().subject_name(named(subject)).add_extension(
            x509.SubjectAlternativeName([x509.DNSName(subject)]), False).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        answer = self.asked("/1.0/sign", {"csr": csr.public_bytes(Encoding.PEM).decode(), "ott": token(f"{self.url}/1.0/sign", subject)})
        return x509.load_pem_x509_certificate(answer["crt"].encode())

    def ended(self):
        self.process.kill()
        return self.process.communicate()[0]


@each(SPECS)
def an_authority_is_who_kms_says_and_certifies_others(spec):
    key = new_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyId"]
    with Recorded() as starting:
        authority = Authority(key)
    holds(authority.process.poll() is None, "it ended")
    same(starting.calls, [("GetPublicKey", None), ("GetPublicKey", None), ("Sign", None)],
         "what KMS was asked: by the test, to certify the key, then by step-ca, which signs the certificate of its own door")
    same(authority.asked("/health"), {"status": "ok"}, "its health, over a connection that the root certifies")
    with Recorded() as signing:
        leaf = authority.certifies("shop.example.com")
    leaf.verify_directly_issued_by(authority.intermediate)
    same(signing.calls, [("Sign", None)], "what KMS was asked")
    authority.ended()


@claim
def a_disabled_key_certifies_nothing_until_it_is_enabled():
    key = new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
    authority = Authority(key)
    kms().disable_key(KeyId=key)
    with Recorded() as recorded:
        try:
            authority.certifies("shop.example.com")
        except urllib.error.HTTPError as refused:
            same(refused.code, 500, "the status")
        else:
            raise Broken("it made a certificate")
    same(recorded.calls, [("Sign", "DisabledException")], "what KMS was asked, and its error")
    kms().enable_key(KeyId=key)
    authority.certifies("shop.example.com").verify_directly_issued_by(authority.intermediate)
    authority.ended()


@claim
def it_does_not_start_with_a_key_that_is_disabled():
    key = new_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
    kms().disable_key(KeyId=key)
    authority = Authority(key)
    text = authority.ended()
    holds("DisabledException" in text, text[-1000:])
