package harness

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestLimit(t *testing.T) {
	for _, c := range []struct{ total, d, want time.Duration }{
		{0, time.Minute, time.Minute},
		{DefaultTimeout, time.Minute, time.Minute},
		{20 * time.Second, time.Minute, time.Minute},
		{6 * DefaultTimeout, time.Minute, 6 * time.Minute},
		{DefaultTimeout * 3 / 2, time.Second, 1500 * time.Millisecond},
	} {
		ctx := t.Context()
		if c.total > 0 {
			total, cancel := WithTotal(ctx, c.total, nil)
			defer cancel()
			ctx = total
		}
		if got := Limit(ctx, c.d); got != c.want {
			t.Errorf("of %s in %s: %s, want %s", c.d, c.total, got, c.want)
		}
		if got := Limit(context.WithoutCancel(ctx), c.d); got != c.want {
			t.Errorf("of %s for cleaning up after %s: %s, want %s", c.d, c.total, got, c.want)
		}
	}
}

// TestWithLimitInShorterTotal checks that a wait never outlasts the command.
func TestWithLimitInShorterTotal(t *testing.T) {
	over := errors.New("over")
	total, cancel := WithTotal(t.Context(), time.Millisecond, over)
	defer cancel()
	wait, end := WithLimit(total, time.Minute)
	defer end()
	<-wait.Done()
	if cause := context.Cause(wait); !errors.Is(cause, over) {
		t.Errorf("it ended with %v, want %v", cause, over)
	}
}
