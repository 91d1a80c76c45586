package main

import (
	"context"

	"gocloud.dev/gcerrors"
	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/awskms"
)

// The key is a URL, whose parameters name the Region and the encryption context.
func goCloudKeeper(ctx context.Context, url string) (*secrets.Keeper, error) {
	// docs: gocloud
	keeper, err := secrets.OpenKeeper(ctx, url) // as awskms:///alias/name?region=us-east-1&context_shop=anns
	// docs: end
	return keeper, err
}

func goCloudEncrypt(ctx context.Context, asked question) (answer, error) {
	keeper, err := goCloudKeeper(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	defer keeper.Close()
	ciphertext, err := keeper.Encrypt(ctx, asked.Data)
	return goCloudAnswer(ciphertext, err)
}

func goCloudDecrypt(ctx context.Context, asked question) (answer, error) {
	keeper, err := goCloudKeeper(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	defer keeper.Close()
	plaintext, err := keeper.Decrypt(ctx, asked.Data)
	return goCloudAnswer(plaintext, err)
}

func goCloudAnswer(data []byte, err error) (answer, error) {
	if err != nil {
		return answer{Code: gcerrors.Code(err).String()}, err
	}
	return answer{Data: data}, nil
}
