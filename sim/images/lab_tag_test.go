//go:build lab

package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"golang.org/x/sync/errgroup"
)

// TestTagAtOnce has two labchecks name their images in the same moment, and a
// third too late.
func TestTagAtOnce(t *testing.T) {
	l := newLab(t, Options{})
	b := l.aBuilder()
	ref := l.ref(Workload)
	made := func(content string) string { return l.nameless(content, hashOf(ref)) }
	first, second, third := made("first"), made("second"), made("third")
	if err := l.engine.ImageTag(t.Context(), first, ref); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{second, third} {
		if err := b.tag(t.Context(), id, ref); err != nil {
			t.Error(err)
		}
	}
	if n := l.danglingWith(labelRecipe + "=" + hashOf(ref)); n > 0 {
		t.Errorf("%d images lost their name", n)
	}
	if there, err := b.has(t.Context(), ref); !there || err != nil {
		t.Errorf("the image is not there: %v", err)
	}
}

// aBuilder is one for the time of the test.
func (l *lab) aBuilder() *builder {
	l.t.Helper()
	b, err := l.builder(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := b.close(); err != nil {
			l.t.Error(err)
		}
	})
	return b
}

// nameless imports an image as a build leaves it that has ended.
func (l *lab) nameless(content, hash string, labels ...string) string {
	l.t.Helper()
	var root bytes.Buffer
	w := tar.NewWriter(&root)
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: content, Mode: 0o644}), w.Close()); err != nil {
		l.t.Fatal(err)
	}
	answer, err := l.engine.ImageImport(l.t.Context(), image.ImportSource{Source: &root, SourceName: "-"}, "", image.ImportOptions{
		Changes: []string{"LABEL " + labelRecipe + "=" + hash + " " + labelBuilder + "= " + strings.Join(labels, " ")},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	defer answer.Close()
	var said struct{ Status string }
	if err := json.NewDecoder(answer).Decode(&said); err != nil {
		l.t.Fatal(err)
	}
	return said.Status
}

// TestSweepUnnamed has a labcheck killed when its image was finished and had no
// name yet.
func TestSweepUnnamed(t *testing.T) {
	l := newLab(t, Options{})
	b := l.aBuilder()
	id := l.nameless("unnamed", hashOf(l.ref(Workload)), labelMaker+"="+b.id)
	step, err := l.engine.ContainerCreate(t.Context(), &container.Config{Image: id, Cmd: []string{"/last"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	other := l.nameless("another's", hashOf(l.ref(Workload)), labelMaker+"=another")
	if found, err := b.sweep(t.Context()); found != 2 || err != nil {
		t.Errorf("%d things were swept, %v", found, err)
	}
	if _, err := l.engine.ImageInspect(t.Context(), id); !isNotFound(err) {
		t.Errorf("the image: %v", err)
	}
	if _, err := l.engine.ContainerInspect(t.Context(), step.ID); !isNotFound(err) {
		t.Errorf("the container of its last step: %v", err)
	}
	if err := b.removeImage(t.Context(), other); err != nil {
		t.Errorf("the image of another labcheck: %v", err)
	}
}

// TestSweepBesideTheEngine sweeps while the engine is at removing the container of
// a step itself, as after a build that failed.
func TestSweepBesideTheEngine(t *testing.T) {
	l := newLab(t, Options{})
	b := l.aBuilder()
	for round := range 20 {
		id := l.nameless(fmt.Sprint("round ", round), hashOf(l.ref(Workload)), labelBuilder+"="+b.id, labelMaker+"="+b.id)
		step, err := l.engine.ContainerCreate(t.Context(), &container.Config{Image: id, Cmd: []string{"/step"}}, nil, nil, nil, "")
		if err != nil {
			t.Fatal(err)
		}
		var engine errgroup.Group
		engine.Go(func() error {
			err := l.engine.ContainerRemove(t.Context(), step.ID, container.RemoveOptions{Force: true})
			if isNotFound(err) || cerrdefs.IsConflict(err) {
				return nil
			}
			return err
		})
		if _, err := b.sweep(t.Context()); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if _, err := l.engine.ImageInspect(t.Context(), id); !isNotFound(err) {
			t.Errorf("round %d: the step's image: %v", round, err)
			_ = b.removeImage(t.Context(), id)
		}
		if err := engine.Wait(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

// TestSweepBeforeTheLockIsFree sweeps after a builder whose lock is let go of only
// some time after its end was told.
func TestSweepBeforeTheLockIsFree(t *testing.T) {
	l := newLab(t, Options{})
	b, err := l.tryBuilder()
	if err != nil {
		t.Fatal(err)
	}
	id := l.nameless("lock", hashOf(l.ref(Workload)), labelMaker+"="+b.id)
	time.AfterFunc(500*time.Millisecond, func() { b.lock.Close() })
	defer b.lock.Close()
	if err := l.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := l.engine.ImageInspect(t.Context(), id); !isNotFound(err) {
		t.Errorf("the image of the one that ended: %v", err)
		_ = b.removeImage(t.Context(), id)
	}
}

// TestRemoveAtOnce has several labchecks remove one image in the same moment.
func TestRemoveAtOnce(t *testing.T) {
	l := newLab(t, Options{})
	b := l.aBuilder()
	for round := range 10 {
		id := l.nameless(fmt.Sprint("round ", round), hashOf(l.ref(Workload)))
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				if err := b.removeImage(t.Context(), id); !isNotFound(err) {
					return err
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if _, err := l.engine.ImageInspect(t.Context(), id); !isNotFound(err) {
			t.Errorf("round %d: the image is still there: %v", round, err)
		}
	}
}
