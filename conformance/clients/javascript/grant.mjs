// A grant that somebody else made, used: `node grant.mjs URL KEY TOKEN CONTEXT`. Prints what it sealed, and what it was told
// with another context.
import { DecryptCommand, EncryptCommand, KMSClient } from "@aws-sdk/client-kms";

const [endpoint, KeyId, token, context] = process.argv.slice(2);
const kms = new KMSClient({ endpoint, region: "us-east-1", maxAttempts: 1 });
const Plaintext = new TextEncoder().encode("from JavaScript");
const granted = { KeyId, GrantTokens: [token] };

const { CiphertextBlob } = await kms.send(new EncryptCommand({ ...granted, Plaintext, EncryptionContext: JSON.parse(context) }));
await kms.send(new DecryptCommand({ ...granted, CiphertextBlob, EncryptionContext: JSON.parse(context) }));
let without = "no error";
try {
  await kms.send(new EncryptCommand({ ...granted, Plaintext, EncryptionContext: { other: "context" } }));
} catch (error) {
  without = error.name;
}
console.log(JSON.stringify({ sealed: Buffer.from(CiphertextBlob).toString("base64"), without }));
