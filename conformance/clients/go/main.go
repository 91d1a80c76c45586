// The story of conformance/story.md, from aws-sdk-go-v2: `trent-conformance [URL]`. Without a URL the SDK finds the
// endpoint itself. One line per step: `ok STEP`, or `FAIL STEP: what differed`.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

func main() {
	ctx := context.Background()
	client, err := found(ctx)
	if len(os.Args) > 1 {
		client, err = pointed(ctx, os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	tell(newStory(client))
}

// docs: client
func pointed(ctx context.Context, url string) (*kms.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"))
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = aws.String(url) }), nil
}

// docs: end

// docs: environment
func found(ctx context.Context) (*kms.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx) // AWS_ENDPOINT_URL_KMS and AWS_REGION, or the shared files
	if err != nil {
		return nil, err
	}
	return kms.NewFromConfig(cfg), nil
}

// docs: end
