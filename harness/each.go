package harness

import (
	"cmp"
	"context"
	"sync"
)

// Each does something with all items at once and returns what came of each, in
// their order. The first error cancels the others' ctx and is returned.
func Each[T, R any](ctx context.Context, all []T, do func(context.Context, T) (R, error)) ([]R, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]R, len(all))
	var group sync.WaitGroup
	var first error
	var once sync.Once
	for i, item := range all {
		group.Go(func() {
			var err error
			if results[i], err = do(ctx, item); err != nil {
				once.Do(func() { first = err })
				cancel(err)
			}
		})
	}
	group.Wait()
	return results, first
}

// DoAll does something with all items, so many at once, or all of them if atOnce is 0. It
// returns the error of each, in their order.
func DoAll[T any](all []T, atOnce int, do func(int, T) error) []error {
	failed := make([]error, len(all))
	slots := make(chan struct{}, cmp.Or(atOnce, len(all)))
	var group sync.WaitGroup
	for i, item := range all {
		slots <- struct{}{}
		group.Go(func() {
			failed[i] = do(i, item)
			<-slots
		})
	}
	group.Wait()
	return failed
}
