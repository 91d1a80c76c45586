# The code of docs/clients/aws-cli.md. Run by the suites `awscli` and `awscli2` with bash -euo pipefail.

# docs: first
key=$(aws kms create-key --endpoint-url "$TRENT_URL" --description "by hand" --query KeyMetadata.KeyId --output text)
aws kms describe-key --endpoint-url "$TRENT_URL" --key-id "$key"
# docs: end

kms() { aws kms "$@" --endpoint-url "$TRENT_URL"; }

# docs: blobs
printf 'the secret' >plain.bin
kms encrypt --key-id "$key" --plaintext fileb://plain.bin --encryption-context app=web \
  --query CiphertextBlob --output text | base64 --decode >sealed.bin
kms decrypt --ciphertext-blob fileb://sealed.bin --encryption-context app=web \
  --query Plaintext --output text | base64 --decode >opened.bin
# docs: end
cmp plain.bin opened.bin

# docs: import
key=$(kms create-key --origin EXTERNAL --query KeyMetadata.KeyId --output text)
openssl rand -out material.bin 32

parameters=$(kms get-parameters-for-import --key-id "$key" --query '[PublicKey,ImportToken]' --output text \
  --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096)
cut -f 1 <<<"$parameters" | base64 --decode >public.der
cut -f 2 <<<"$parameters" | base64 --decode >token.bin

openssl pkeyutl -encrypt -in material.bin -out wrapped.bin -inkey public.der -keyform DER -pubin \
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256

kms import-key-material --key-id "$key" --import-token fileb://token.bin \
  --encrypted-key-material fileb://wrapped.bin --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
# docs: end
test "$(kms describe-key --key-id "$key" --query KeyMetadata.KeyState --output text)" = Enabled

# docs: errors
if ! kms describe-key --key-id alias/nobody 2>error.txt; then
  grep '(NotFoundException)' error.txt
fi
# docs: end
echo done
