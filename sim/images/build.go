package images

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/filters"
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
	b.tell(n, "building")
	if err := b.run(ctx, n, content, build.ImageBuildOptions{
		Version:     build.BuilderV1,
		Tags:        []string{ref},
		BuildArgs:   map[string]*string{"BASE": &baseRef, "DEBIAN_MIRROR": &b.opts.DebianMirror},
		NoCache:     true, // what is cut off is swept, so there is nothing to find
		Remove:      true,
		ForceRemove: true,
	}); err != nil {
		return err
	}
	b.done(n, "built")
	return nil
}

// hashOf is the tag of a reference of ours.
func hashOf(ref string) string { return ref[strings.LastIndexByte(ref, ':')+1:] }

func (b *builder) buildContext(n Name, hash string, extra []file) (*bytes.Buffer, error) {
	files, err := recipeFiles(b.recipes, n)
	if err != nil {
		return nil, fmt.Errorf("read the recipe of %s: %w", n, err)
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
// containers are taken away, and the engine ends it as failed.
func (b *builder) run(ctx context.Context, n Name, content *bytes.Buffer, o build.ImageBuildOptions) error {
	whole, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	ended := make(chan struct{})
	defer close(ended)
	defer context.AfterFunc(ctx, func() {
		b.spoil(whole, hashOf(o.Tags[0]), ended)
		cut()
	})()
	said := &transcript{onStep: func(step string) { b.tell(n, "step "+shorten(step, 60)) }}
	answer, err := b.engine.ImageBuild(whole, content, o)
	if err != nil {
		return said.failure(n, err)
	}
	defer answer.Body.Close()
	if err := readMessages(answer.Body, func(m message) { said.add(m.Stream) }); err != nil {
		return said.failure(n, err)
	}
	return ctx.Err()
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
