// Wrapping key material for ImportKeyMaterial, with Node's own cryptography.
// docs: wrap
import { constants, createPublicKey, publicEncrypt } from "node:crypto";

/** RSAES_OAEP_SHA_256: `oaepHash` is the mask's hash too, and without it Node takes SHA-1. */
export function wrap(publicKey, material) {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, material);
}
// docs: end

/** Without `oaepHash`, as one forgets it: SHA-1. */
export function wrapByDefault(publicKey, material) {
  return publicEncrypt({ key: createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" }) }, material);
}

export const bitsOf = (publicKey) =>
  createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" }).asymmetricKeyDetails.modulusLength;
