package images

import (
	"context"
	"errors"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"labcheck/harness"
)

func isNotFound(err error) bool { return cerrdefs.IsNotFound(err) }

// sweep removes what this builder's builds have left, and says how much that
// was: containers, the images of steps and stages, and finished ones that have no
// name.
func (b *builder) sweep(ctx context.Context) (int, error) {
	containers, err := b.removeContainers(ctx, filters.NewArgs(filters.Arg("label", labelBuilder+"="+b.id)))
	last, errLast := b.removeLastSteps(ctx)
	images, errImages := b.sweepImages(ctx, time.Now(), labelMaker+"="+b.id)
	return containers + last + images, errors.Join(err, errLast, errImages)
}

// removeLastSteps removes the containers that builds' last steps are made in. They
// have the finished image's labels, as a lab's have; but they are never started,
// and what they are made from has no name.
func (b *builder) removeLastSteps(ctx context.Context) (int, error) {
	created, err := b.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(
		filters.Arg("label", labelMaker+"="+b.id), filters.Arg("status", "created"),
	)})
	if err != nil {
		return 0, harness.Errorf("list containers of builds: %w", "作成に使ったコンテナの一覧: %w", err)
	}
	removed := 0
	for _, c := range created {
		from, err := b.engine.ImageInspect(ctx, c.ImageID)
		if err != nil || len(from.RepoTags) > 0 {
			continue
		}
		n, err := b.removeContainers(ctx, filters.NewArgs(filters.Arg("id", c.ID)))
		if removed += n; err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// removeContainers removes containers of builds, and says how many. Until they
// are gone what they were made from can't be removed, so where the engine is at
// it already, for the build that failed, its end is waited for.
func (b *builder) removeContainers(ctx context.Context, which filters.Args) (int, error) {
	left, err := b.engine.ContainerList(ctx, container.ListOptions{All: true, Filters: which})
	if err != nil {
		return 0, harness.Errorf("list containers of builds: %w", "作成に使ったコンテナの一覧: %w", err)
	}
	var errs []error
	for _, c := range left {
		err := b.engine.ContainerRemove(ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true})
		if cerrdefs.IsConflict(err) { // it is being removed
			err = b.removed(ctx, c.ID)
		}
		if err != nil && !isNotFound(err) {
			errs = append(errs, harness.Errorf("remove a build's container: %w", "作成に使ったコンテナの削除: %w", err))
		}
	}
	return len(left), errors.Join(errs...)
}

// removed waits until a container that is being removed is gone.
func (b *builder) removed(ctx context.Context, id string) error {
	gone, failed := b.engine.ContainerWait(ctx, id, container.WaitConditionRemoved)
	select {
	case <-gone:
		return nil
	case err := <-failed:
		return err
	}
}

// sweepImages removes the images without a name which have that label and were
// made before then, and says how many. Removing one may bare another that it
// was built on.
func (b *builder) sweepImages(ctx context.Context, before time.Time, label string) (int, error) {
	which := filters.NewArgs(filters.Arg("dangling", "true"), filters.Arg("label", label))
	for total := 0; ; {
		left, err := b.engine.ImageList(ctx, image.ListOptions{Filters: which})
		if err != nil {
			return total, harness.Errorf("list what builds have left: %w", "作成後に残ったものの一覧: %w", err)
		}
		removed := 0
		for _, i := range left {
			if i.Created > before.Unix() {
				continue
			}
			err := b.removeImage(ctx, i.ID)
			switch {
			case err == nil:
				removed++
			case !isNotFound(err) && !cerrdefs.IsConflict(err): // conflict: something uses it
				return total, harness.Errorf("remove what a build has left: %w", "作成後に残ったものの削除: %w", err)
			}
		}
		if total += removed; removed == 0 {
			return total, nil
		}
	}
}

// removeImage removes an image. One that is gone already is not found; but where
// two remove it in one moment the engine tells the later, as an error of its own,
// that it does not recognize it.
func (s *Store) removeImage(ctx context.Context, ref string) error {
	_, err := s.engine.ImageRemove(ctx, ref, image.RemoveOptions{PruneChildren: true})
	if cerrdefs.IsInternal(err) {
		if _, look := s.engine.ImageInspect(ctx, ref); isNotFound(look) {
			return look
		}
	}
	return err
}

// orphanAge is after how long what the build of another user, or of another
// machine, has left counts as forgotten.
const orphanAge = time.Hour

// sweepOrphans removes what builds have left whose builder nobody is any more,
// as after the user's cache was emptied.
func (b *builder) sweepOrphans(ctx context.Context) error {
	_, err := b.sweepImages(ctx, time.Now().Add(-orphanAge), labelRecipe)
	return err
}
