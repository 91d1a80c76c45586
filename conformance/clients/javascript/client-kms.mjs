// The story from today's @aws-sdk/client-kms: `node client-kms.mjs [URL]`. Without a URL the SDK finds the endpoint itself.
import * as sdk from "@aws-sdk/client-kms";
import { story } from "./story.mjs";
import { same, tell } from "./told.mjs";
// docs: client
import { KMSClient } from "@aws-sdk/client-kms";

const pointed = (endpoint) => new KMSClient({ endpoint, region: "us-east-1" });
const found = () => new KMSClient(); // AWS_ENDPOINT_URL_KMS and AWS_REGION, or the shared files
// docs: end

// docs: exceptions
import { DescribeKeyCommand, NotFoundException } from "@aws-sdk/client-kms";

async function exists(kms, KeyId) {
  try {
    await kms.send(new DescribeKeyCommand({ KeyId }));
    return true;
  } catch (error) {
    if (error instanceof NotFoundException) return false; // error.$metadata.requestId leads to the audit record
    throw error;
  }
}
// docs: end

const url = process.argv[2];
const kms = url ? pointed(url) : found();
const steps = story({
  sdk, kms, client: "javascript",
  expected: { typed: true, materialIds: true, windows: true, nameless: () => "UnknownError" },
});
const { not_found } = steps;
steps.not_found = async () => {
  await not_found();
  same("does it exist", await exists(kms, "1234abcd-12ab-34cd-56ef-1234567890ab"), false);
};
await tell(steps);
