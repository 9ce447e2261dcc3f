package harness

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestUntil: a wait that fails tells what was seen last, and of a probe that hung what was
// seen before it.
func TestUntil(t *testing.T) {
	cause := errors.New("a person interrupts")
	for name, test := range map[string]struct {
		isMet   int // the attempt that succeeds
		hangs   int // the attempt that hangs
		cancels bool
		want    string
	}{
		"is met":                   {isMet: 3, want: "<nil> after 2s"},
		"is not met":               {want: "after 5.2s still: attempt 6 after 5.24s"},
		"hangs":                    {hangs: 3, want: "after 5.2s still: attempt 2 after 5.24s"},
		"hangs at once":            {hangs: 1, want: "after 5.2s still: context deadline exceeded after 5.24s"},
		"is met, and ctx is ended": {isMet: 1, cancels: true, want: "<nil> after 0s"},
		"is cancelled":             {cancels: true, want: "a person interrupts after 0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5240*time.Millisecond)
			defer cancel()
			ctx, interrupt := context.WithCancelCause(ctx)
			defer interrupt(nil)
			if test.cancels {
				interrupt(cause)
			}
			start, attempt := time.Now(), 0
			err := Until(ctx, time.Second, func(ctx context.Context) error {
				switch attempt++; attempt {
				case test.isMet:
					return nil
				case test.hangs:
					<-ctx.Done()
					return ctx.Err()
				}
				return fmt.Errorf("attempt %d", attempt)
			})
			if got := fmt.Sprintf("%v after %s", err, time.Since(start)); got != test.want {
				t.Errorf("%s: %s, want %s", name, got, test.want)
			}
		})
	}
}
