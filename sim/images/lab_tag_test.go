//go:build lab

package images

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// TestNameAtOnce has two labchecks name their images in the same moment: all that
// the one does falls between two requests of the other's, whichever these are, and
// whosever image was made first.
func TestNameAtOnce(t *testing.T) {
	l := newLab(t, Options{})
	for mine := range 2 {
		others := 1 - mine
		requests := 0
		for at := 0; at <= requests; at++ {
			ids := l.madeAtOnce(2)
			between := &between{APIClient: l.engine, at: at, do: func() { l.names(l.engine, ids[others]) }}
			l.names(between, ids[mine])
			l.namedOnly(ids[0])
			requests = len(between.seen)
			if t.Failed() {
				t.Fatalf("the other came before request %d of %v", at, between.seen)
			}
		}
		if requests < 4 {
			t.Errorf("%d requests: this tests nothing", requests)
		}
	}
}

// TestNameManyAtOnce has more of them do it, as it happens.
func TestNameManyAtOnce(t *testing.T) {
	l := newLab(t, Options{})
	for range 10 {
		ids := l.madeAtOnce(6)
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { l.names(l.engine, id) })
		}
		all.Wait()
		l.namedOnly(ids[0])
	}
}

// TestNameUsed: what something uses stays, without the name.
func TestNameUsed(t *testing.T) {
	l := newLab(t, Options{})
	ids := l.madeAtOnce(2)
	user, err := l.engine.ContainerCreate(t.Context(), &container.Config{Image: ids[1], Cmd: []string{"/used"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	l.names(l.engine, ids[1])
	if n := l.danglingWith(labelRecipe + "=" + hashOf(l.ref(Workload))); n != 1 || l.ids()[Workload] != ids[0] {
		t.Errorf("%d have no name, and %v do", n, l.ids())
	}
	if err := l.engine.ContainerRemove(t.Context(), user.ID, container.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	l.names(l.engine, ids[1])
	l.namedOnly(ids[0])
}

// TestNameLater: an image that has its name keeps it from those made later.
func TestNameLater(t *testing.T) {
	l := newLab(t, Options{})
	first := l.madeAtOnce(1)[0]
	l.names(l.engine, first)
	l.nextSecond()
	later := ""
	for range 8 {
		later = l.nameless(rand.Text(), hashOf(l.ref(Workload)))
	}
	l.names(l.engine, later)
	l.namedOnly(first)
}

// TestNameRemoved: what was removed meanwhile is not called named.
func TestNameRemoved(t *testing.T) {
	l := newLab(t, Options{})
	b := &builder{Store: l.Store}
	ids := l.madeAtOnce(2)
	remove := func() {
		if err := b.removeImage(t.Context(), ids[0]); err != nil {
			t.Error(err)
		}
	}
	l.names(&between{APIClient: l.engine, at: 1, do: remove}, ids[1])
	l.namedOnly(ids[1])
	if err := b.remove(t.Context(), l.ref(Workload)); err != nil {
		t.Fatal(err)
	}
	if err := b.name(t.Context(), ids[1], l.ref(Workload)); err == nil || !strings.Contains(err.Error(), "it was removed meanwhile") {
		t.Errorf("of an image that is gone: %v", err)
	}
}

// nextSecond waits until the engine's clock shows another second: of when an image
// was made engines list no more.
func (l *lab) nextSecond() {
	l.t.Helper()
	second := func(ctx context.Context) (int64, error) {
		info, err := l.engine.Info(ctx)
		if err != nil {
			return 0, err
		}
		now, err := time.Parse(time.RFC3339Nano, info.SystemTime)
		return now.Unix(), err
	}
	before, err := second(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), pace.Limit(5*time.Second))
	defer cancel()
	if err := harness.Until(ctx, 50*time.Millisecond, func(ctx context.Context) error {
		now, err := second(ctx)
		if err == nil && now == before {
			err = fmt.Errorf("the engine's clock shows second %d", now)
		}
		return err
	}); err != nil {
		l.t.Fatal(err)
	}
}

// madeAtOnce are images of a new recipe, finished and not named yet, in the order in
// which they were made.
func (l *lab) madeAtOnce(n int) []string {
	l.t.Helper()
	l.with(quick(l.t, "FROM scratch\n# "+rand.Text()+"\n"))
	ref := l.ref(Workload)
	b := &builder{Store: l.Store}
	l.t.Cleanup(func() {
		if _, err := b.sweepImages(context.Background(), time.Now(), labelRecipe+"="+hashOf(ref)); err != nil {
			l.t.Error(err)
		}
	})
	for range n {
		l.nameless(rand.Text(), hashOf(ref))
	}
	made, err := b.rivals(l.t.Context(), "", ref)
	if err != nil || len(made) != n {
		l.t.Fatalf("%d images, %v", len(made), err)
	}
	var ids []string
	for _, i := range made {
		ids = append(ids, i.ID)
	}
	return ids
}

// names is a labcheck that has built an image and names it.
func (l *lab) names(engine client.APIClient, id string) {
	l.t.Helper()
	b := &builder{Store: &Store{engine: engine, opts: l.opts}}
	if err := b.name(l.t.Context(), id, l.ref(Workload)); err != nil {
		l.t.Error(err)
	}
}

// namedOnly wants that image to have the name and no other to be left.
func (l *lab) namedOnly(id string) {
	l.t.Helper()
	if n := l.danglingWith(labelRecipe + "=" + hashOf(l.ref(Workload))); n > 0 {
		l.t.Errorf("%d images have no name", n)
	}
	if there := l.ids()[Workload]; there != id {
		l.t.Errorf("the name has %q, not %s", there, id)
	}
}

// between does something before one of the requests that name an image.
type between struct {
	client.APIClient
	at   int
	do   func()
	seen []string
}

func (b *between) note(what string) {
	if len(b.seen) == b.at {
		b.do()
	}
	b.seen = append(b.seen, what)
}

func (b *between) ImageList(ctx context.Context, o image.ListOptions) ([]image.Summary, error) {
	b.note("list")
	return b.APIClient.ImageList(ctx, o)
}

func (b *between) ImageTag(ctx context.Context, id, ref string) error {
	b.note("tag " + id)
	return b.APIClient.ImageTag(ctx, id, ref)
}

func (b *between) ImageRemove(ctx context.Context, id string, o image.RemoveOptions) ([]image.DeleteResponse, error) {
	b.note("remove " + id)
	return b.APIClient.ImageRemove(ctx, id, o)
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
