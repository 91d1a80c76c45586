# The code of docs/clients/curl.md for `serve`. Run by the suite `curl` with bash -euo pipefail.

# docs: signed
kms() {
  curl --silent --show-error "$TRENT_URL" --aws-sigv4 "aws:amz:$AWS_REGION:kms" \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    --header "X-Amz-Target: TrentService.$1" --header "Content-Type: application/x-amz-json-1.1" --data "$2"
}

kms CreateKey '{"Description": "by hand"}'
kms ListKeys '{}'
# docs: end

test "$(kms NoSuchThing '{}')" = '{"__type":"UnknownOperationException"}'
echo
echo done
