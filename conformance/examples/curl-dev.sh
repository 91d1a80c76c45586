# The code of docs/clients/curl.md for `dev`. Run by the suite `curl` with bash -euo pipefail.

# docs: bare
curl --silent --show-error "$TRENT_URL" --header "X-Amz-Target: TrentService.CreateKey" \
  --header "Content-Type: application/json" --data '{"Description": "by hand"}'
# docs: end

# docs: blob
key=$(curl --silent "$TRENT_URL" --header "X-Amz-Target: TrentService.CreateKey" --data '{}' |
  sed 's/.*"KeyId":"\([^"]*\)".*/\1/')
plaintext=$(printf 'the secret' | base64)
curl --silent "$TRENT_URL" --header "X-Amz-Target: TrentService.Encrypt" \
  --data "{\"KeyId\": \"$key\", \"Plaintext\": \"$plaintext\"}"
# docs: end

# docs: clock
curl --silent "$TRENT_URL/_trent/clock" --data '{"advance": 86400}'
# docs: end

# docs: faults
curl --silent "$TRENT_URL/_trent/faults" --data '{"Operation": "Sign", "Error": "KMSInternalException", "Times": 2}'
curl --silent "$TRENT_URL/_trent/faults" --request DELETE
# docs: end
echo
echo done
