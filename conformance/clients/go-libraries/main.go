// The KMS code of programs in Go, as libraries: answers lines as harness/go_libraries.py asks them. A line asks one thing
// of one library, which starts anew for it, as the program that it is from would.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"
)

// What is asked; each library takes what it needs. Bytes are base64.
type question struct {
	Library   string `json:"library"`
	Do        string `json:"do"`
	Key       string `json:"key"` // as this library writes it
	Data      []byte `json:"data"`
	Signature []byte `json:"signature"`
	Algorithm string `json:"algorithm"`
	Bits      int    `json:"bits"`
	Remote    bool   `json:"remote"` // whether KMS verifies
	Endpoint  string `json:"endpoint"`
}

type answer struct {
	Data  []byte `json:"data,omitempty"`
	Key   string `json:"key,omitempty"`
	Error string `json:"error,omitempty"` // what a user of the library would meet
	Code  string `json:"code,omitempty"`  // the library's own word for the error, where it has one
}

type verb func(context.Context, question) (answer, error)

var libraries = map[string]map[string]verb{
	"sigstore": {"create": sigstoreCreate, "public": sigstorePublic, "sign": sigstoreSign, "verify": sigstoreVerify},
	"vault":    {"seal": vaultSeal, "unseal": vaultUnseal},
	"step":     {"create": stepCreate, "public": stepPublic, "sign": stepSign, "certificate": stepCertificate, "decrypt": stepDecrypt},
	"gocloud":  {"encrypt": goCloudEncrypt, "decrypt": goCloudDecrypt},
}

func main() {
	lines, answers := json.NewDecoder(bufio.NewReader(os.Stdin)), json.NewEncoder(os.Stdout)
	for lines.More() {
		var asked question
		if err := lines.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(answered(asked)); err != nil {
			log.Fatal(err)
		}
	}
}

func answered(asked question) answer {
	told, err := libraries[asked.Library][asked.Do](context.Background(), asked)
	if err != nil {
		told.Error = err.Error()
	}
	return told
}
