package images

import (
	"context"
	"errors"
	"fmt"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"labcheck/harness"
)

// lookupTimeout is how long a registry may take to say whether it has an image.
const lookupTimeout = 3 * time.Second

// pullFirst pulls the first of refs that the registry has, and names it ours.
// It pulls nothing where the registry has none, or where the engine's default
// registry can't be reached. One that was asked for by name has to answer.
func (b *builder) pullFirst(ctx context.Context, n Name, ours string, refs ...string) (bool, error) {
	ask, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	for _, ref := range refs {
		b.say(n, "asking the registry for %s", "レジストリに %s を問い合わせ中", ref)
		_, err := b.engine.DistributionInspect(ask, ref, "")
		switch {
		case err == nil:
			return true, b.pull(ctx, n, ours, ref)
		case ctx.Err() != nil:
			return false, ctx.Err()
		case lacks(err):
			b.say(n, "the registry does not have %s", "レジストリに %s がない", ref)
		case b.opts.Registry != "":
			return false, harness.Errorf("ask registry %s for %s: %w", "レジストリ %s への %s の問い合わせ: %w", b.opts.Registry, ref, inTime(ask, err))
		default:
			b.say(n, "no registry can be reached", "レジストリに接続できない")
			return false, nil
		}
	}
	return false, nil
}

// lacks says whether a registry answered that it does not have an image. Some
// say so by refusing access.
func lacks(err error) bool {
	return isNotFound(err) || cerrdefs.IsUnauthorized(err) || cerrdefs.IsPermissionDenied(err)
}

func inTime(ask context.Context, err error) error {
	if errors.Is(ask.Err(), context.DeadlineExceeded) {
		return harness.Errorf("no answer within %s", "%s 以内に応答がない", lookupTimeout)
	}
	return err
}

// pull pulls ref as ours. The name it was pulled by goes, so that removing ours
// removes it.
func (b *builder) pull(ctx context.Context, n Name, ours, ref string) error {
	b.say(n, "pulling %s", "%s をプル中", ref)
	answer, err := b.engine.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		return harness.Errorf("pull %s: %w", "%s のプル: %w", ref, err)
	}
	defer answer.Close()
	last := ""
	err = readMessages(answer, func(m message) {
		if m.ID != "" && m.Status != last {
			last = m.Status
			b.tell(n, fmt.Sprintf("%s: %s", m.ID, m.Status))
		}
	})
	if err != nil {
		return harness.Errorf("pull %s: %w", "%s のプル: %w", ref, err)
	}
	return b.adopt(ctx, n, ours, ref)
}

// adopt gives a pulled image our name in place of those it was pulled by.
func (b *builder) adopt(ctx context.Context, n Name, ours, ref string) error {
	if ok, err := b.usable(ctx, ref); err != nil {
		return err
	} else if !ok {
		return harness.Errorf("%s is not for the engine's architecture", "%s は Engine のアーキテクチャのものではない", ref)
	}
	if err := b.engine.ImageTag(ctx, ref, ours); err != nil {
		return harness.Errorf("name %s: %w", "%s への名前付け: %w", ref, err)
	}
	found, err := b.engine.ImageInspect(ctx, ref)
	if err != nil {
		return err
	}
	for _, old := range append(found.RepoDigests, ref) {
		if _, err := b.engine.ImageRemove(ctx, old, image.RemoveOptions{}); err != nil && !isNotFound(err) {
			return harness.Errorf("remove the name %s: %w", "名前 %s の削除: %w", old, err)
		}
	}
	b.done(n, "pulled", "プル済み")
	return nil
}
