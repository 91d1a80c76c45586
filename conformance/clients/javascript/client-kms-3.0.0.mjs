// The story from @aws-sdk/client-kms 3.0.0, which knows neither KeyMaterialId nor AWS_ENDPOINT_URL_KMS, and whose exceptions
// have names but no classes: `node client-kms-3.0.0.mjs URL`.
import { createRequire } from "node:module";
import { story } from "./story.mjs";
import { tell } from "./told.mjs";

const sdk = createRequire(import.meta.url)("client-kms-3.0.0"); // its CommonJS form: Node cannot load its other one

await tell(story({
  sdk,
  kms: new sdk.KMSClient({ endpoint: process.argv[2], region: "us-east-1" }),
  client: "javascript-3-0-0",
  expected: { typed: false, materialIds: false, windows: false, nameless: (name) => name },
}));
