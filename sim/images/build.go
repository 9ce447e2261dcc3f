package images

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"labcheck/harness"
)

// stopTimeout is how long a build that is stopped may take to end: the engine
// may just be storing some hundred megabytes.
const stopTimeout = 20 * time.Second

// build makes an image from its recipe, with the engine's classic builder,
// which every engine has. Extra files are put beside the recipe's.
func (b *builder) build(ctx context.Context, n Name, baseRef string, extra []file) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ref, err := b.Ref(ctx, n)
	if err != nil {
		return err
	}
	content, err := b.buildContext(n, hashOf(ref), extra)
	if err != nil {
		return err
	}
	b.say(n, "building", "ビルド中")
	id, err := b.run(ctx, n, hashOf(ref), content, build.ImageBuildOptions{
		Version:     build.BuilderV1,
		BuildArgs:   map[string]*string{"BASE": &baseRef, "DEBIAN_MIRROR": &b.opts.DebianMirror},
		NoCache:     true, // what is cut off is swept, so there is nothing to find
		Remove:      true,
		ForceRemove: true,
	})
	if err != nil {
		return err
	}
	if err := b.name(context.WithoutCancel(ctx), id, ref); err != nil {
		return err
	}
	b.done(n, "built", "ビルド済み")
	return ctx.Err()
}

// name gives a new image its name. Other users' labchecks may have made the same
// image meanwhile and be at this, too. Which image is to have the name is then not a
// matter of who comes first: an engine can't remove an image only if it has no
// name, and what was seen without one may have got it when it is removed. It is the
// one that was made first, as all of them see it, and that one nobody removes.
func (b *builder) name(ctx context.Context, id, ref string) error {
	ctx, cancel := context.WithTimeout(ctx, cleanTimeout)
	defer cancel()
	for settled := false; !settled; {
		rivals, err := b.rivals(ctx, id, ref)
		if err == nil {
			settled, err = b.nameFirst(ctx, rivals, ref)
		}
		if err != nil {
			return harness.Errorf("name image %s: %w", "イメージ %s への名前付け: %w", ref, err)
		}
	}
	return nil
}

// rivals are the images of which one is to have the name, in the order in which they
// were made: the new one, the one that has the name, and those of the same recipe
// that are finished and have none.
func (b *builder) rivals(ctx context.Context, id, ref string) ([]image.Summary, error) {
	all, err := b.engine.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(
		filters.Arg("label", labelRecipe+"="+hashOf(ref)), filters.Arg("label", labelBuilder+"="),
	)})
	rivals := slices.DeleteFunc(all, func(i image.Summary) bool {
		return i.ID != id && !slices.Contains(i.RepoTags, ref) && !nameless(i)
	})
	slices.SortFunc(rivals, func(x, y image.Summary) int {
		return cmp.Or(cmp.Compare(x.Created, y.Created), strings.Compare(x.ID, y.ID))
	})
	return rivals, err
}

// nameless tells of an image as engines list it. Older ones show a name in angle
// brackets where there is none.
func nameless(i image.Summary) bool {
	return !slices.ContainsFunc(i.RepoTags, func(tag string) bool { return tag != "<none>:<none>" })
}

// nameFirst names the first of rivals and removes the others. It is settled where
// there was nothing of this to do.
func (b *builder) nameFirst(ctx context.Context, rivals []image.Summary, ref string) (settled bool, err error) {
	if len(rivals) == 0 {
		return false, harness.Errorf("it was removed meanwhile", "その間に削除された")
	}
	settled = true
	if first := rivals[0]; !slices.Contains(first.RepoTags, ref) {
		settled = false
		if err := b.engine.ImageTag(ctx, first.ID, ref); isNotFound(err) {
			return false, nil // who removed it has seen one that was made before it
		} else if err != nil {
			return false, err
		}
	}
	for _, r := range rivals[1:] {
		switch err := b.removeImage(ctx, r.ID); {
		case err == nil, isNotFound(err):
			settled = false
		case !cerrdefs.IsConflict(err): // conflict: something uses it
			return false, err
		}
	}
	return settled, nil
}

// hashOf is the tag of a reference of ours.
func hashOf(ref string) string { return ref[strings.LastIndexByte(ref, ':')+1:] }

func (b *builder) buildContext(n Name, hash string, extra []file) (*bytes.Buffer, error) {
	files, err := recipeFiles(b.recipes, n)
	if err != nil {
		return nil, harness.Errorf("read the recipe of %s: %w", "%s のレシピの読み取り: %w", n, err)
	}
	for i, f := range files {
		if f.name == "Dockerfile" {
			files[i].content = stamp(f.content, n, hash, b.id)
		}
	}
	var content bytes.Buffer
	return &content, writeContext(&content, append(files, extra...))
}

// run follows a build to its end. One that is no longer wanted is not cut off,
// for then nobody could tell when the engine has let go of what it made: its
// containers are taken away, and the engine ends it as failed. It returns the
// image's id.
func (b *builder) run(ctx context.Context, n Name, hash string, content *bytes.Buffer, o build.ImageBuildOptions) (string, error) {
	whole, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() {
		b.spoil(whole, hash, ended)
		cut()
	})()
	said := &transcript{onStep: func(step string) { b.say(n, "step %s", "ステップ %s", shorten(step, 60)) }}
	answer, err := b.engine.ImageBuild(whole, content, o)
	if err != nil {
		return "", said.failure(n, err)
	}
	defer answer.Body.Close()
	id := ""
	err = readMessages(answer.Body, func(m message) {
		said.add(m.Stream)
		if m.Aux.ID != "" {
			id = m.Aux.ID
		}
	})
	if err != nil {
		return "", said.failure(n, err)
	}
	if id == "" {
		return "", said.failure(n, harness.Errorf("the engine does not say which image it made", "Engine が、作成したイメージを示さない"))
	}
	return id, nil
}

// spoil removes a build's containers, of which each step but COPY needs one,
// until the build has ended.
func (b *builder) spoil(ctx context.Context, hash string, ended <-chan struct{}) {
	which := filters.NewArgs(
		filters.Arg("label", labelRecipe+"="+hash),
		filters.Arg("label", labelBuilder+"="+b.id),
	)
	for deadline := time.After(stopTimeout); ; {
		// What fails here, the build's end or the sweep after it will show.
		_, _ = b.removeContainers(ctx, which)
		select {
		case <-ended:
			return
		case <-deadline:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
