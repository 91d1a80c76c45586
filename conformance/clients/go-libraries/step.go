package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"go.step.sm/crypto/kms/apiv1"
	"go.step.sm/crypto/kms/awskms"
)

// How long the certificate is valid; nothing is judged by it.
const stepValidity = 24 * time.Hour

func stepKMS(ctx context.Context) (*awskms.KMS, error) {
	// docs: step
	kms, err := awskms.New(ctx, apiv1.Options{Type: apiv1.AmazonKMS, URI: "awskms:region=us-east-1"})
	// docs: end
	return kms, err
}

// A key of this name, and the name that it goes by from now on.
func stepCreate(ctx context.Context, asked question) (answer, error) {
	kms, err := stepKMS(ctx)
	if err != nil {
		return answer{}, err
	}
	algorithm, err := stepAlgorithm(asked.Algorithm)
	if err != nil {
		return answer{}, err
	}
	made, err := kms.CreateKey(&apiv1.CreateKeyRequest{Name: asked.Key, SignatureAlgorithm: algorithm, Bits: asked.Bits})
	if err != nil {
		return answer{}, err
	}
	public, err := spki(made.PublicKey, nil)
	return answer{Data: public.Data, Key: made.Name}, err
}

func stepPublic(ctx context.Context, asked question) (answer, error) {
	kms, err := stepKMS(ctx)
	if err != nil {
		return answer{}, err
	}
	return spki(kms.GetPublicKey(&apiv1.GetPublicKeyRequest{Name: asked.Key}))
}

func stepSigner(ctx context.Context, key string) (crypto.Signer, error) {
	kms, err := stepKMS(ctx)
	if err != nil {
		return nil, err
	}
	return kms.CreateSigner(&apiv1.CreateSignerRequest{SigningKey: key})
}

// With the scheme that the algorithm's name says, of a digest that is made here.
func stepSign(ctx context.Context, asked question) (answer, error) {
	signer, err := stepSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	algorithm, err := stepAlgorithm(asked.Algorithm)
	if err != nil {
		return answer{}, err
	}
	options := stepOptions(algorithm)
	hash := options.HashFunc().New()
	hash.Write(asked.Data)
	signature, err := signer.Sign(rand.Reader, hash.Sum(nil), options)
	return answer{Data: signature}, err
}

// The certificate of an authority, signed by its own key.
func stepCertificate(ctx context.Context, asked question) (answer, error) {
	signer, err := stepSigner(ctx, asked.Key)
	if err != nil {
		return answer{}, err
	}
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now, NotAfter: now.Add(stepValidity),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, signer.Public(), signer)
	return answer{Data: der}, err
}

// What was encrypted offline with the key's public half.
func stepDecrypt(ctx context.Context, asked question) (answer, error) {
	kms, err := stepKMS(ctx)
	if err != nil {
		return answer{}, err
	}
	decrypter, err := kms.CreateDecrypter(&apiv1.CreateDecrypterRequest{DecryptionKey: asked.Key})
	if err != nil {
		return answer{}, err
	}
	public, ok := decrypter.Public().(*rsa.PublicKey)
	if !ok {
		return answer{}, fmt.Errorf("the key is of type %T", decrypter.Public())
	}
	encrypted, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public, asked.Data, nil)
	if err != nil {
		return answer{}, err
	}
	plaintext, err := decrypter.Decrypt(rand.Reader, encrypted, &rsa.OAEPOptions{Hash: crypto.SHA256})
	return answer{Data: plaintext}, err
}

func stepAlgorithm(name string) (apiv1.SignatureAlgorithm, error) {
	for algorithm := apiv1.UnspecifiedSignAlgorithm; algorithm <= apiv1.PureEd25519; algorithm++ {
		if algorithm.String() == name {
			return algorithm, nil
		}
	}
	return 0, fmt.Errorf("no algorithm is called %s", name)
}

func stepOptions(algorithm apiv1.SignatureAlgorithm) crypto.SignerOpts {
	switch algorithm {
	case apiv1.SHA384WithRSA, apiv1.ECDSAWithSHA384:
		return crypto.SHA384
	case apiv1.SHA512WithRSA, apiv1.ECDSAWithSHA512:
		return crypto.SHA512
	case apiv1.SHA256WithRSAPSS:
		return &rsa.PSSOptions{Hash: crypto.SHA256}
	case apiv1.SHA384WithRSAPSS:
		return &rsa.PSSOptions{Hash: crypto.SHA384}
	case apiv1.SHA512WithRSAPSS:
		return &rsa.PSSOptions{Hash: crypto.SHA512}
	default:
		return crypto.SHA256
	}
}
