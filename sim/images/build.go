package images

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/filters"

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

// name gives a new image its name, unless another user's labcheck was quicker.
func (b *builder) name(ctx context.Context, id, ref string) error {
	there, err := b.has(ctx, ref)
	switch {
	case err != nil:
		return err
	case there:
		if err = b.removeImage(ctx, id); isNotFound(err) {
			err = nil
		}
	default:
		err = b.tag(ctx, id, ref)
	}
	if err != nil {
		return harness.Errorf("name image %s: %w", "イメージ %s への名前付け: %w", ref, err)
	}
	return nil
}

// tag is name where both of two labchecks find that the name is free. The image
// that loses it to the other is removed, and with it one that was not named yet:
// its labcheck does not miss it, for there is the other.
func (b *builder) tag(ctx context.Context, id, ref string) error {
	err := b.engine.ImageTag(ctx, id, ref)
	if isNotFound(err) {
		if there, _ := b.has(ctx, ref); there {
			return nil
		}
	}
	if err != nil {
		return err
	}
	_, err = b.sweepImages(ctx, time.Now(), labelRecipe+"="+hashOf(ref), labelBuilder+"=")
	return err
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
