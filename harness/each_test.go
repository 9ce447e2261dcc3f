package harness_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"labcheck/harness"
)

func TestEach(t *testing.T) {
	double := func(_ context.Context, n int) (int, error) { return 2 * n, nil }
	if got, err := harness.Each(t.Context(), []int{1, 2, 3}, double); err != nil || !slices.Equal(got, []int{2, 4, 6}) {
		t.Errorf("%v, %v", got, err)
	}
	failed := errors.New("failed")
	_, err := harness.Each(t.Context(), []int{1, 2}, func(ctx context.Context, n int) (int, error) {
		if n == 1 {
			return 0, failed
		}
		<-ctx.Done() // the other's error ends it
		return 0, ctx.Err()
	})
	if !errors.Is(err, failed) {
		t.Errorf("%v is not the first error", err)
	}
}
