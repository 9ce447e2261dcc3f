package images

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"labcheck/harness/pace"

	dockertypes "github.com/docker/docker/api/types"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"labcheck/sim/images/oci"
)

// witness is in place of an engine, and tells what was sent to it.
type witness struct {
	client.APIClient
	sent  int64
	there []string // names of images
}

func (*witness) ServerVersion(context.Context) (dockertypes.Version, error) {
	return dockertypes.Version{Os: "linux", Arch: "amd64"}, nil
}

func (w *witness) ImageLoad(
	_ context.Context, in io.Reader, _ ...client.ImageLoadOption,
) (dockerimage.LoadResponse, error) {
	content, err := io.ReadAll(in)
	w.sent += int64(len(content))
	w.there = slices.Clone(w.there)
	for _, m := range regexp.MustCompile(`"labcheck/[^"]*"`).FindAll(content, -1) {
		w.there = append(w.there, strings.Trim(string(m), `"`))
	}
	return dockerimage.LoadResponse{Body: io.NopCloser(strings.NewReader(""))}, err
}

func (w *witness) ImageList(context.Context, dockerimage.ListOptions) ([]dockerimage.Summary, error) {
	return []dockerimage.Summary{{RepoTags: w.there}}, nil
}

// savedImages are tiny images with the labels of ours.
func savedImages(t *testing.T, arch string, which ...Name) (all []namedImage) {
	t.Helper()
	for _, n := range which {
		i := imageOf(t, n, arch, tinyLayer(t, string(n)))
		all = append(all, namedImage{oci.NamedImage{Image: i, Refs: []string{New(nil, Options{}).ref(n, arch)}}, n})
	}
	return all
}

// loadInto returns what an engine was sent of a file.
func loadInto(dir string, content []byte) (sent int64, err error) {
	w := &witness{}
	s := New(w, Options{})
	s.dir = dir
	err = s.Load(context.Background(), bytes.NewReader(content))
	return w.sent, err
}

// TestSaveIntoLoad has one labcheck read what another one saves, as in
// `labcheck images save - | labcheck images load -`: both use the same cache.
func TestSaveIntoLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := loadInto(dir, archiveOf(t, savedImages(t, "amd64", names()...)...)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(20*time.Second))
	defer cancel()
	from, to := New(&witness{}, Options{}), New(&witness{}, Options{})
	from.dir, to.dir = dir, dir
	out, in := io.Pipe()
	started := make(chan struct{})
	saved := make(chan error)
	go func() {
		<-started
		err := from.Save(ctx, in)
		saved <- errors.Join(err, in.CloseWithError(err))
	}()
	err := to.Load(ctx, &firstRead{out, started})
	if err := errors.Join(err, out.CloseWithError(err), <-saved); err != nil {
		t.Error(err)
	}
}

// firstRead closes a channel when it is read for the first time: Load has the lock
// then.
type firstRead struct {
	io.Reader
	begins chan struct{}
}

func (r *firstRead) Read(p []byte) (int, error) {
	if r.begins != nil {
		close(r.begins)
		r.begins = nil
	}
	return r.Reader.Read(p)
}

func TestLoadRefusesOtherFiles(t *testing.T) {
	ours := savedImages(t, "amd64", names()...)
	good := archiveOf(t, ours...)
	dir, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	if sent, err := loadInto(dir, good); err != nil || sent != int64(len(good)) {
		t.Fatalf("%d of %d bytes were sent, %v", sent, len(good), err)
	}
	older := savedImages(t, "amd64", names()...)
	config, err := older[2].ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.Config.Labels[labelRecipe] = "0" + config.Config.Labels[labelRecipe]
	if older[2].Image, err = mutate.ConfigFile(older[2].Image, config); err != nil {
		t.Fatal(err)
	}
	somebodys, err := mutate.AppendLayers(empty.Image, tinyLayer(t, "text"))
	if err != nil {
		t.Fatal(err)
	}
	// changed is the file with another image in a place, of other layers.
	changed := func(at int, l v1.Layer, ids ...v1.Hash) []byte {
		all := slices.Clone(ours)
		other, err := mutate.AppendLayers(imageOf(t, all[at].name, "amd64"), l)
		if err != nil {
			t.Fatal(err)
		}
		all[at].Image = withIDs(t, other, ids...)
		return archiveOf(t, all...)
	}
	one := tinyLayer(t, "one")
	idOne, errOne := one.DiffID()
	idTwo, errTwo := tinyLayer(t, "two").DiffID()
	stream, errStream := one.Compressed()
	if err := errors.Join(errOne, errTwo, errStream); err != nil {
		t.Fatal(err)
	}
	head, err := io.ReadAll(io.LimitReader(stream, 40))
	if err != nil {
		t.Fatal(err)
	}
	half := static.NewLayer(head, types.OCILayer)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"another layer":        {changed(1, one, idTwo), "not a whole file of labcheck images save: validating layers: unknown diffID"},
		"a layer less":         {changed(2, one, idOne, idTwo), "mismatched fs layers (1) and diff ids (2)"},
		"half a gzip":          {changed(3, half, idOne), "undersized layer[0]"},
		"nothing":              {nil, "not a whole file of labcheck images save"},
		"text":                 {[]byte("hello\n"), "not a whole file"},
		"half":                 {good[:len(good)/2], "not a whole file"},
		"an image less":        {archiveOf(t, ours[1:]...), "the file has no image node"},
		"somebody's":           {archiveOf(t, namedImage{oci.NamedImage{Image: somebodys, Refs: []string{"labcheck/node:1"}}, Node}), "they are for , and the engine is amd64"},
		"another architecture": {archiveOf(t, savedImages(t, "arm64", names()...)...), "for arm64, and the engine is amd64"},
		"another labcheck":     {archiveOf(t, older...), `image "consul" has the tag "0`},
	} {
		sent, err := loadInto(dir, c.content)
		if !errors.Is(err, ErrArchive) || !strings.Contains(err.Error(), c.want) || sent > 0 {
			t.Errorf("%s: %d bytes were sent; got %v, want ErrArchive: %s", name, sent, err, c.want)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%s: left is %v, %v", name, left, err)
		}
	}
}

// TestLoadRefusesDamage changes bytes all over a file. What is neither refused
// nor part of an image, such as a time, does not reach the engine.
func TestLoadRefusesDamage(t *testing.T) {
	good := archiveOf(t, savedImages(t, "amd64", names()...)...)
	dir := t.TempDir()
	whole, err := loadInto(dir, good)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 61 {
		damaged := bytes.Clone(good)
		damaged[at] ^= 1
		switch sent, err := loadInto(dir, damaged); {
		case err == nil && sent != whole:
			t.Fatalf("byte %d: %d bytes were sent, want %d", at, sent, whole)
		case err != nil && (!errors.Is(err, ErrArchive) || sent > 0):
			t.Fatalf("byte %d: %d bytes were sent, and %v", at, sent, err)
		}
	}
	const end = 1024 + 512 // the archive's, and what fills the last file's block
	for cut := 0; cut < len(good)-end; cut += 331 {
		if sent, err := loadInto(dir, good[:cut]); !errors.Is(err, ErrArchive) || sent > 0 {
			t.Errorf("cut at %d: %d bytes were sent, and %v", cut, sent, err)
		}
	}
}
