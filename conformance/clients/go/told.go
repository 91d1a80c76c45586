package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go/middleware"
)

// step is one step of the story; it panics with what differed.
type step struct {
	name string
	run  func()
}

// tell runs every step, whatever became of the one before.
func tell(steps []step) {
	for _, s := range steps {
		if why := outcome(s.run); why == "" {
			fmt.Println("ok", s.name)
		} else {
			fmt.Printf("FAIL %s: %s\n", s.name, strings.Join(strings.Fields(why+last), " "))
		}
	}
}

// last is the last call, for the line of a step that breaks next.
var last string

// remember makes a client whose calls are remembered.
func remember(client *kms.Client) *kms.Client {
	call := middleware.InitializeMiddlewareFunc("remember", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleInitialize(ctx, in)
		last = fmt.Sprintf("; after %T %s answered %s", in.Parameters, shown(in.Parameters), shown(out.Result))
		if err != nil {
			last = fmt.Sprintf("; after %T %s answered %s", in.Parameters, shown(in.Parameters), err)
		}
		return out, metadata, err
	})
	return kms.New(client.Options(), kms.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Initialize.Add(call, middleware.Before)
	}))
}

func shown(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text[:min(len(text), 600)])
}

func outcome(run func()) (why string) {
	defer func() {
		if broken := recover(); broken != nil {
			why = fmt.Sprint(broken)
		}
	}()
	run()
	return ""
}

func must[T any](answer T, err error) T {
	if err != nil {
		panic("the call failed: " + err.Error())
	}
	return answer
}

func same[T comparable](what string, got, want T) {
	if got != want {
		panic(fmt.Sprintf("%s: %v, not %v", what, got, want))
	}
}

func holds(what string, condition bool) {
	if !condition {
		panic(what)
	}
}

// ahead holds if a moment is so far from now, give or take a minute.
func ahead(what string, at *time.Time, wanted time.Duration) {
	holds(what+" is absent", at != nil)
	holds(fmt.Sprintf("%s: %s, not %s ahead", what, at, wanted), (time.Until(*at)-wanted).Abs() < time.Minute)
}
