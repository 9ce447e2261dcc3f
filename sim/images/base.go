package images

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/image"

	"labcheck/harness"
)

// bases are the names that images of Debian 11 are published by, the smaller
// ones first.
func bases() []string {
	return []string{"debian:bullseye-slim", "debian:11-slim", "debian:bullseye", "debian:11"}
}

// makeBase finds or makes the image that the others are built on, and returns
// its name.
func (b *builder) makeBase(ctx context.Context) (string, error) {
	if ref, err := b.findBase(ctx); ref != "" || err != nil {
		return ref, err
	}
	ours, err := b.Ref(ctx, base)
	if err != nil {
		return "", err
	}
	return ours, b.importRoot(ctx, ours)
}

// findBase returns the name of an image of Debian 11 that is there or was
// pulled, or "" where there is none.
func (b *builder) findBase(ctx context.Context) (string, error) {
	ours, err := b.Ref(ctx, base)
	if err != nil {
		return "", err
	}
	for _, ref := range append([]string{ours}, b.published(bases())...) {
		if ok, err := b.usable(ctx, ref); err != nil {
			return "", err
		} else if ok {
			b.done(base, "is there: %s", "作成済み: %s", ref)
			return ref, nil
		}
	}
	// A registry that has one has the first as a rule.
	pulled, err := b.pullFirst(ctx, base, ours, b.atRegistry(bases()[0]), b.atRegistry(bases()[2]))
	if !pulled || err != nil {
		return "", err
	}
	return ours, nil
}

// published are the names with the registry's prefix, and then without.
func (b *builder) published(names []string) []string {
	if b.opts.Registry == "" {
		return names
	}
	var all []string
	for _, n := range names {
		all = append(all, b.atRegistry(n))
	}
	return slices.Concat(all, names)
}

func (b *builder) atRegistry(name string) string {
	if b.opts.Registry == "" {
		return name
	}
	return strings.TrimSuffix(b.opts.Registry, "/") + "/" + name
}

// usable says whether an image is there and for the engine's architecture: it
// may have been pulled for another.
func (b *builder) usable(ctx context.Context, ref string) (bool, error) {
	found, err := b.engine.ImageInspect(ctx, ref)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, harness.Errorf("look for image %s: %w", "イメージ %s の検索: %w", ref, err)
	}
	arch, err := b.architecture(ctx)
	return found.Architecture == arch, err
}

// importRoot makes a root file system and gives it to the engine as ref. The
// engine is asked only when there is something to give: a request that waits for
// its own content does not see that its connection broke.
func (b *builder) importRoot(ctx context.Context, ref string) error {
	arch, err := b.architecture(ctx)
	if err != nil {
		return err
	}
	root, err := b.startRoot(ctx, arch)
	if err != nil {
		return err
	}
	defer root.stop()
	content := bufio.NewReader(root)
	if _, err := content.Peek(1); err != nil {
		return harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", base, err)
	}
	answer, err := b.engine.ImageImport(ctx, image.ImportSource{Source: content, SourceName: "-"}, ref, image.ImportOptions{
		Platform: "linux/" + arch,
		Changes: []string{
			fmt.Sprintf("LABEL %s=%s", labelImage, base),
			fmt.Sprintf("LABEL %s=%s", labelRecipe, hashOf(ref)),
			`CMD ["/bin/sh"]`,
		},
	})
	if err != nil {
		return harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", base, err)
	}
	defer answer.Close()
	if err := readMessages(answer, func(message) {}); err != nil {
		return harness.Errorf("import image %s: %w", "イメージ %s の取り込み: %w", base, err)
	}
	b.done(base, "made", "作成")
	return nil
}
