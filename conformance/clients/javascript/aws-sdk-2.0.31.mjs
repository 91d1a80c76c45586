// The story from aws-sdk 2.0.31 (2014), whose model ends before imported material: what it has no words for, today's SDK
// does in its place, and 2.0.31 goes on with the same key. `node aws-sdk-2.0.31.mjs URL`.
import AWS from "aws-sdk";
import * as sdk from "@aws-sdk/client-kms";
import { story } from "./story.mjs";
import { called, same, tell } from "./told.mjs";

const endpoint = process.argv[2];
const region = process.env.AWS_REGION;
const today = new sdk.KMSClient({ endpoint, region });
// docs: client-v2
const kms = new AWS.KMS({ endpoint, region, maxRetries: 0 }); // the endpoint in code: v2 reads no variable for it
// docs: end

const steps = story({
  sdk,
  kms: { send, config: today.config, middlewareStack: today.middlewareStack },
  client: "javascript-2-0-31",
  expected: { typed: false, materialIds: false, windows: true, nameless: () => null },
});

/** Its model knows no KeyId in ListAliases: the Region is this story's alone, and so are all aliases in it but AWS's own 13. */
steps.paginator = async () => {
  const names = [];
  const sizes = [];
  let page = {};
  do {
    page = await v2("listAliases", { Limit: 2, Marker: page.NextMarker });
    names.push(...page.Aliases.map((alias) => alias.AliasName));
    sizes.push(page.Aliases.length);
  } while (page.Truncated);
  const own = names.filter((name) => !name.startsWith("alias/aws/"));
  same("the names", [...own].sort().map((name) => name.split("-")[4]), ["0", "1", "2", "3", "4", "5", "6"]);
  same("the sizes of the pages", sizes, Array(10).fill(2));
};

delete steps.cancelled_call; // a request that 2.0.31 aborts before it is sent never calls back

await tell(steps);

/** A command of today's SDK, carried out by 2.0.31 where its model has the operation and every member. */
async function send(command) {
  const name = command.constructor.name.replace(/Command$/, "");
  const known = kms.api.operations[name[0].toLowerCase() + name.slice(1)]?.input.members;
  if (!known || Object.keys(command.input).some((member) => !known[member])) return today.send(command);
  const answer = await v2(name[0].toLowerCase() + name.slice(1), command.input);
  if (name !== "DescribeKey") return answer;
  const { KeyMetadata } = await today.send(command); // the members that came after 2014, for the story's eyes
  return { KeyMetadata: { ...KeyMetadata, ...answer.KeyMetadata } };
}

/** One call of 2.0.31 as a promise; its error gets the names that today's SDK gives. */
function v2(operation, input) {
  return new Promise((resolve, reject) => {
    kms[operation](input, function (error, answer) {
      called(operation, input, error ? `${error.code}: ${error.message}` : answer);
      if (!error) return resolve(answer);
      const $metadata = { httpStatusCode: error.statusCode, requestId: this.httpResponse.headers["x-amzn-requestid"] };
      reject(Object.assign(error, { name: error.code, $metadata }));
    });
  });
}
