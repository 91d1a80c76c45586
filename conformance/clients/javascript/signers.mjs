// Libraries for JavaScript whose keys are in KMS: `node signers.mjs URL`. Ethers recovers the address that signed, Solana's
// keychain signs with Ed25519, and jose verifies Trent's signatures as JWS and encrypts for an RSA key.
import { createDecipheriv, createHash, createPublicKey, verify } from "node:crypto";
import { AwsKmsSigner } from "@solana/keychain-aws-kms";
import { KmsEthersSigner } from "aws-kms-ethers-signer";
import * as ethers from "ethers";
import * as jose from "jose";
import { getAddressDecoder } from "@solana/addresses";
import {
  CreateKeyCommand, DecryptCommand, DisableKeyCommand, EnableKeyCommand, GetPublicKeyCommand, KMSClient, SignCommand,
} from "@aws-sdk/client-kms";
import { failure, holds, same, tell } from "./told.mjs";

const endpoint = process.argv[2];
const region = "us-east-1";
const kms = new KMSClient({ endpoint, region });
const keys = new Map();
const MANY = 16; // enough that signatures with high and low halves, and short numbers, are among them

/** The id of the key of this spec that is made once; more of them by other names. */
async function key(KeySpec, KeyUsage = "SIGN_VERIFY", name = "one") {
  const known = [KeySpec, KeyUsage, name].join();
  if (!keys.has(known)) keys.set(known, (await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage }))).KeyMetadata.KeyId);
  return keys.get(known);
}

async function publicKey(KeyId) {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
}

/** Whatever fails while the key is disabled; then it is enabled again. */
async function disabled(KeyId, call) {
  await kms.send(new DisableKeyCommand({ KeyId }));
  const error = await failure(call);
  await kms.send(new EnableKeyCommand({ KeyId }));
  return error;
}

const steps = {};

// Ethers

async function ethersSigner(name) {
  const keyId = await key("ECC_SECG_P256K1", "SIGN_VERIFY", name);
  // docs: ethers
  const signer = new KmsEthersSigner({ keyId, kmsClientConfig: { endpoint, region } });
  // docs: end
  return { keyId, signer };
}

/** The address of a key by ethers' own reckoning, from the point that Node finds in the public key. */
async function addressOf(keyId) {
  const { x, y } = (await publicKey(keyId)).export({ format: "jwk" });
  const point = Buffer.concat([Buffer.from([4]), ...[x, y].map((part) => Buffer.from(part, "base64url"))]);
  return ethers.computeAddress(`0x${point.toString("hex")}`);
}

steps.ethers_address = async () => {
  const { keyId, signer } = await ethersSigner();
  same("the address", await signer.getAddress(), await addressOf(keyId));
};

steps.ethers_messages = async () => {
  const { keyId, signer } = await ethersSigner();
  for (let n = 0; n < MANY; n += 1) {
    const signature = `0x${await signer.signMessage(`message ${n}`)}`; // it leaves out what ethers asks for
    same("the address that signed", ethers.verifyMessage(`message ${n}`, signature), await addressOf(keyId));
    holds("another message has the same signer", ethers.verifyMessage("another", signature) !== await addressOf(keyId));
  }
};

steps.ethers_transaction = async () => {
  const { keyId, signer } = await ethersSigner();
  const sent = { to: ethers.ZeroAddress, nonce: 7, gasLimit: 21_000, gasPrice: 1_000_000_000, value: 12_345, chainId: 1 };
  const read = ethers.Transaction.from(await signer.signTransaction(sent));
  same("who sends, and what", [read.from, read.nonce, read.value], [await addressOf(keyId), 7, 12_345n]);
};

steps.ethers_another_key = async () => {
  const [one, other] = [await ethersSigner(), await ethersSigner("another")];
  const signature = `0x${await other.signer.signMessage("message")}`;
  same("the address that signed", ethers.verifyMessage("message", signature), await other.signer.getAddress());
  holds("two keys have one address", await one.signer.getAddress() !== await other.signer.getAddress());
};

steps.ethers_disabled = async () => {
  const { keyId, signer } = await ethersSigner("to be disabled");
  same("the error", (await disabled(keyId, () => signer.signMessage("message"))).name, "DisabledException");
  const signature = `0x${await signer.signMessage("message")}`;
  same("the address that signed", ethers.verifyMessage("message", signature), await addressOf(keyId));
};

// Solana

async function solanaSigner(name) {
  const keyId = await key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", name);
  const jwk = (await publicKey(keyId)).export({ format: "jwk" });
  const address = getAddressDecoder().decode(Buffer.from(jwk.x, "base64url"));
  // docs: solana
  const signer = new AwsKmsSigner({ keyId, publicKey: address, region }); // AWS_ENDPOINT_URL_KMS says where Trent is
  // docs: end
  return { keyId, signer, address };
}

steps.solana_available = async () => {
  const { keyId, signer, address } = await solanaSigner("to be disabled");
  same("an Ed25519 key", await signer.isAvailable(), true);
  const wrong = new AwsKmsSigner({ keyId: await key("ECC_NIST_P256"), publicKey: address, region });
  same("another curve's key", await wrong.isAvailable(), false);
  await kms.send(new DisableKeyCommand({ KeyId: keyId }));
  same("a disabled key", await signer.isAvailable(), false);
  await kms.send(new EnableKeyCommand({ KeyId: keyId }));
};

steps.solana_messages = async () => {
  const { keyId, signer, address } = await solanaSigner();
  const judge = await publicKey(keyId);
  const contents = Array.from({ length: MANY }, (_, n) => Buffer.alloc(n * 80 + 1, n));
  const signed = await signer.signMessages(contents.map((content) => ({ content, signatures: {} })));
  for (const [n, signatures] of signed.entries()) {
    holds(`message ${n} is not signed`, verify(null, contents[n], judge, signatures[address]));
    holds(`message ${n} has another's signature`, !verify(null, Buffer.from("another"), judge, signatures[address]));
  }
};

steps.solana_transaction = async () => {
  const { keyId, signer, address } = await solanaSigner();
  const messageBytes = Buffer.alloc(1232, 1); // as long as a transaction of Solana's may be
  const [signatures] = await signer.signTransactions([{ messageBytes, signatures: {} }]);
  holds("the transaction is not signed", verify(null, messageBytes, await publicKey(keyId), signatures[address]));
};

steps.solana_another_key = async () => {
  const [one, other] = [await solanaSigner(), await solanaSigner("another")];
  const [signatures] = await other.signer.signMessages([{ content: Buffer.from("message"), signatures: {} }]);
  const isOnes = verify(null, Buffer.from("message"), await publicKey(one.keyId), signatures[other.address]);
  same("whether another key's signature is good", isOnes, false);
};

steps.solana_disabled = async () => {
  const { keyId, signer } = await solanaSigner("to be disabled");
  const error = await disabled(keyId, () => signer.signMessages([{ content: Buffer.from("message"), signatures: {} }]));
  same("the error", [error.name, error.message.endsWith(`${keyId} is disabled.`)], ["SignerError", true]);
};

// jose

// An algorithm of JWS with the key, KMS's name for it, the digest, and the length of the numbers in a signature of ECDSA.
const JWS = {
  RS256: ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "sha256"],
  RS384: ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", "sha384"],
  RS512: ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512"],
  PS256: ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256"],
  PS384: ["RSA_2048", "RSASSA_PSS_SHA_384", "sha384"],
  PS512: ["RSA_2048", "RSASSA_PSS_SHA_512", "sha512"],
  ES256: ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256", 32],
  ES384: ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384", 48],
  ES512: ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512", 66],
  EdDSA: ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512"],
};

/** A token signed in KMS, its text or the digest of it. */
async function token(alg, claims, { name, MessageType = "RAW" } = {}) {
  const [spec, SigningAlgorithm, digest, length] = JWS[alg];
  const KeyId = await key(spec, "SIGN_VERIFY", name);
  // docs: jose-sign
  const text = [{ alg }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const Message = MessageType === "RAW" ? Buffer.from(text) : createHash(digest).update(text).digest();
  const { Signature } = await kms.send(new SignCommand({ KeyId, Message, MessageType, SigningAlgorithm }));
  const signature = length ? plain(Signature, length) : Buffer.from(Signature);
  const signed = `${text}.${signature.toString("base64url")}`;
  // docs: end
  return { KeyId, signed };
}

// docs: jose-plain
/** The two numbers of ECDSA, which KMS answers in DER and JWS wants side by side, each of so many bytes. */
function plain(der, length) {
  const numbers = der.subarray(der[1] === 0x81 ? 3 : 2);
  const r = numbers.subarray(2, 2 + numbers[1]);
  const s = numbers.subarray(2 + r.length + 2);
  return Buffer.concat([r, s].map((number) => Buffer.concat([Buffer.alloc(length), number]).subarray(-length)));
}
// docs: end

for (const alg of Object.keys(JWS)) {
  steps[`jose_${alg}`] = async () => {
    const claims = { iss: "trent", exp: Math.floor(Date.now() / 1000) + 3600 };
    for (const MessageType of alg === "EdDSA" ? ["RAW"] : ["RAW", "DIGEST"]) {
      for (let n = 0; n < MANY / 2; n += 1) {
        const { KeyId, signed } = await token(alg, { ...claims, n }, { MessageType });
        const { payload, protectedHeader } = await jose.jwtVerify(signed, await publicKey(KeyId), { issuer: "trent" });
        same("the header and the payload", [protectedHeader, payload], [{ alg }, { ...claims, n }]);
      }
    }
  };

  steps[`jose_${alg}_of_another`] = async () => {
    const { KeyId, signed } = await token(alg, { iss: "trent" });
    const { signed: another } = await token(alg, { iss: "trent" }, { name: "another" });
    const [header, , signature] = signed.split(".");
    const changed = [header, Buffer.from(JSON.stringify({ iss: "mallory" })).toString("base64url"), signature].join(".");
    for (const wrong of [another, changed]) {
      const error = await failure(async () => jose.jwtVerify(wrong, await publicKey(KeyId)));
      same("the error", error.code, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }
  };
}

for (const [alg, EncryptionAlgorithm] of [["RSA-OAEP", "RSAES_OAEP_SHA_1"], ["RSA-OAEP-256", "RSAES_OAEP_SHA_256"]]) {
  steps[`jose_encrypts_with_${alg.replaceAll("-", "_")}`] = async () => {
    const KeyId = await key("RSA_2048", "ENCRYPT_DECRYPT");
    const sealing = new jose.CompactEncrypt(Buffer.from("a secret")).setProtectedHeader({ alg, enc: "A256GCM" });
    const sealed = await sealing.encrypt(await publicKey(KeyId));
    const [header, wrapped, iv, text, tag] = sealed.split(".").map((part) => Buffer.from(part, "base64url"));
    const { Plaintext } = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob: wrapped, EncryptionAlgorithm }));
    const opening = createDecipheriv("aes-256-gcm", Plaintext, iv);
    opening.setAAD(Buffer.from(header.toString("base64url"))).setAuthTag(tag);
    same("the plaintext", Buffer.concat([opening.update(text), opening.final()]).toString(), "a secret");
    const other = await key("RSA_2048", "ENCRYPT_DECRYPT", "another");
    const wrong = new DecryptCommand({ KeyId: other, CiphertextBlob: wrapped, EncryptionAlgorithm });
    const error = await failure(() => kms.send(wrong));
    same("another key's error", error.name, "InvalidCiphertextException");
  };
}

await tell(steps);
