package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"

	"github.com/sigstore/sigstore/pkg/signature/kms"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/aws"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

func sigstoreSigner(ctx context.Context, key string) (kms.SignerVerifier, error) {
	// docs: sigstore
	signer, err := kms.Get(ctx, "awskms:///"+key, crypto.SHA256) // an id, an alias, or the ARN of either
	// docs: end
	return signer, err
}

// The key under the alias, which is made if there is none: what `cosign generate-key-pair` does.
func sigstoreCreate(ctx context.Context, asked question) (answer, error) {
	signer, err := sigstoreSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	algorithm := asked.Algorithm
	if algorithm == "" {
		algorithm = signer.DefaultAlgorithm()
	}
	return spki(signer.CreateKey(ctx, algorithm))
}

func sigstorePublic(ctx context.Context, asked question) (answer, error) {
	signer, err := sigstoreSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	return spki(signer.PublicKey(options.WithContext(ctx)))
}

func sigstoreSign(ctx context.Context, asked question) (answer, error) {
	signer, err := sigstoreSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	signature, err := signer.SignMessage(bytes.NewReader(asked.Data), options.WithContext(ctx))
	return answer{Data: signature}, err
}

func sigstoreVerify(ctx context.Context, asked question) (answer, error) {
	signer, err := sigstoreSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	return answer{}, signer.VerifySignature(bytes.NewReader(asked.Signature), bytes.NewReader(asked.Data),
		options.WithContext(ctx), options.WithRemoteVerification(asked.Remote))
}

func spki(key crypto.PublicKey, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	return answer{Data: der}, err
}
