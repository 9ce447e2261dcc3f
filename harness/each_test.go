package harness_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

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

func TestDoAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		odd := errors.New("odd")
		for atOnce, want := range map[int]time.Duration{0: time.Second, 2: 2 * time.Second, 9: time.Second} {
			start := time.Now()
			failed := harness.DoAll([]int{10, 11, 12}, atOnce, func(i, n int) error {
				time.Sleep(time.Second)
				if n != 10+i {
					t.Errorf("item %d is %d", i, n)
				}
				if n%2 == 1 {
					return odd
				}
				return nil
			})
			if took := time.Since(start); took != want || !slices.Equal(failed, []error{nil, odd, nil}) {
				t.Errorf("%d at once: %v after %s, want %s", atOnce, failed, took, want)
			}
		}
		harness.DoAll(nil, 0, func(int, string) error { return odd })
	})
}
