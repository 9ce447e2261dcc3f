package images

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
)

// cleanTimeout is how long it may take to remove what a build has left, after
// the build's own context has ended.
const cleanTimeout = 30 * time.Second

// Ensure makes the images that are not there, side by side. It leaves nothing
// but finished images, also when it fails or ctx ends. Where another labcheck
// of this user makes images, it waits for that one.
func (s *Store) Ensure(ctx context.Context) error {
	missing, err := s.Missing(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	b, err := s.builder(ctx)
	if err != nil {
		return err
	}
	err = b.ensure(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return errors.Join(err, b.close())
}

func (b *builder) ensure(ctx context.Context) error {
	missing, err := b.Missing(ctx) // the one that we waited for may have made some
	if err != nil || len(missing) == 0 {
		return err
	}
	if _, err := b.sweep(ctx); err != nil {
		return err
	}
	err = b.makeAll(ctx, missing)
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	_, swept := b.sweep(clean)
	return errors.Join(err, swept)
}

// makeAll makes Swarm while the others' base is made, and then them. A
// registry that was asked for by name is asked first: while it has not
// answered, nothing is begun that would have to be stopped.
func (b *builder) makeAll(ctx context.Context, missing []Name) error {
	onBase := slices.DeleteFunc(slices.Clone(missing), func(n Name) bool { return n == Swarm })
	if b.opts.Registry != "" && len(onBase) > 0 {
		if _, err := b.findBase(ctx); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	if len(onBase) < len(missing) {
		group.Go(func() error { return b.makeSwarm(ctx) })
	}
	if len(onBase) == 0 {
		return group.Wait()
	}
	group.Go(func() error {
		ref, err := b.makeBase(ctx)
		if err != nil {
			return err
		}
		for _, n := range onBase {
			group.Go(func() error { return b.build(ctx, n, ref, nil) })
		}
		return nil
	})
	return group.Wait()
}

// lockGrace is how long a killed labcheck may seem to make images still: the
// kernel closes a process's files one after another, so who outlives it can learn
// of its end before the lock is free.
const lockGrace = 3 * time.Second

// Sweep removes what builds of this user that were cut off have left on the
// engine. It is for whoever outlives a killed labcheck; Ensure does the same
// by itself. Where another build is going on there is nothing for it to do.
func (s *Store) Sweep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanTimeout)
	defer cancel()
	grace, end := context.WithTimeout(ctx, lockGrace)
	defer end()
	var b *builder
	err := harness.Until(grace, 100*time.Millisecond, func(context.Context) (err error) {
		b, err = s.tryBuilder()
		return err
	})
	if errors.Is(err, errLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(b.sweepDeadBuild(ctx), b.close())
}

// quiet is how long nothing new may come up before what a killed labcheck built
// counts as swept: the engine first ends the step that it is at.
const quiet = 3 * time.Second

// sweepDeadBuild sweeps until nothing more comes up.
func (b *builder) sweepDeadBuild(ctx context.Context) error {
	last := time.Now()
	return harness.Until(ctx, 500*time.Millisecond, func(ctx context.Context) error {
		found, err := b.sweep(ctx)
		if found > 0 || err != nil {
			last = time.Now()
		}
		if err == nil && time.Since(last) < quiet {
			err = harness.Errorf("the engine may still be at a build", "Engine がまだ作成中の可能性がある")
		}
		return err
	})
}
