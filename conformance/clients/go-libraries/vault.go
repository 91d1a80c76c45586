package main

import (
	"context"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
	"github.com/hashicorp/go-kms-wrapping/wrappers/awskms/v2"
	"google.golang.org/protobuf/proto"
)

// The seal of Vault, as its configuration's stanza `seal "awskms"` makes it.
func vaultWrapper(ctx context.Context, key, endpoint string) (*awskms.Wrapper, error) {
	// docs: vault
	wrapper := awskms.NewWrapper()
	_, err := wrapper.SetConfig(ctx, wrapping.WithConfigMap(map[string]string{
		"kms_key_id": key, "region": "us-east-1", "endpoint": endpoint}))
	// docs: end
	return wrapper, err
}

// What is stored of it, and the key that it tells.
func vaultSeal(ctx context.Context, asked question) (answer, error) {
	wrapper, err := vaultWrapper(ctx, asked.Key, asked.Endpoint)
	if err != nil {
		return answer{}, err
	}
	sealed, err := wrapper.Encrypt(ctx, asked.Data)
	if err != nil {
		return answer{}, err
	}
	stored, err := proto.Marshal(sealed)
	return answer{Data: stored, Key: sealed.KeyInfo.KeyId}, err
}

func vaultUnseal(ctx context.Context, asked question) (answer, error) {
	wrapper, err := vaultWrapper(ctx, asked.Key, asked.Endpoint)
	if err != nil {
		return answer{}, err
	}
	var sealed wrapping.BlobInfo
	if err := proto.Unmarshal(asked.Data, &sealed); err != nil {
		return answer{}, err
	}
	plaintext, err := wrapper.Decrypt(ctx, &sealed)
	return answer{Data: plaintext}, err
}
