package images

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/docker/docker/api/types"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// witness is in place of an engine, and tells whether anything was sent to it.
type witness struct {
	client.APIClient
	sent int64
}

func (*witness) ServerVersion(context.Context) (types.Version, error) {
	return types.Version{Os: "linux", Arch: "amd64"}, nil
}

func (w *witness) ImageLoad(
	_ context.Context, in io.Reader, _ ...client.ImageLoadOption,
) (dockerimage.LoadResponse, error) {
	n, err := io.Copy(io.Discard, in)
	w.sent += n
	return dockerimage.LoadResponse{Body: io.NopCloser(strings.NewReader(""))}, err
}

func (*witness) ImageInspect(
	context.Context, string, ...client.ImageInspectOption,
) (dockerimage.InspectResponse, error) {
	return dockerimage.InspectResponse{}, nil
}

// savedImages are tiny images with the labels of ours.
func savedImages(t *testing.T, arch string, which ...Name) (all []named) {
	t.Helper()
	for _, n := range which {
		hash, err := tag(n, arch)
		if err != nil {
			t.Fatal(err)
		}
		l := tinyLayer(t, string(n), epoch)
		config, err := json.Marshal(v1.ConfigFile{
			Architecture: arch, OS: "linux", RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{l.diffID}},
			Config: v1.Config{Labels: map[string]string{labelImage: string(n), labelRecipe: hash}},
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, named{imageOf(t, string(config), l), []string{"labcheck/" + string(n) + ":" + hash}})
	}
	return all
}

// loadInto returns what an engine was sent of a file.
func loadInto(content []byte) (sent int64, err error) {
	w := &witness{}
	err = New(w, Options{}).Load(context.Background(), bytes.NewReader(content))
	return w.sent, err
}

func TestLoadRefusesOtherFiles(t *testing.T) {
	ours := savedImages(t, "amd64", names()...)
	good := archiveOf(t, ours...)
	if sent, err := loadInto(good); err != nil || sent != int64(len(good)) {
		t.Fatalf("%d of %d bytes were sent, %v", sent, len(good), err)
	}
	older := savedImages(t, "amd64", names()...)
	config := strings.Replace(string(older[2].config), `"labcheck.recipe":"`, `"labcheck.recipe":"0`, 1)
	older[2] = named{imageOf(t, config, older[2].layers...), nil}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":              {nil, "not a whole file of labcheck images save"},
		"text":                 {[]byte("hello\n"), "not a whole file"},
		"half":                 {good[:len(good)/2], "not a whole file"},
		"an image less":        {archiveOf(t, ours[1:]...), "the file has no image node"},
		"somebody's":           {archiveOf(t, named{tinyImage(t), []string{"labcheck/node:1"}}), "they are for "},
		"another architecture": {archiveOf(t, savedImages(t, "arm64", names()...)...), "for arm64, and the engine is amd64"},
		"another labcheck":     {archiveOf(t, older...), `image "consul" has the tag "0`},
	} {
		sent, err := loadInto(c.content)
		if !errors.Is(err, ErrArchive) || !strings.Contains(err.Error(), c.want) || sent > 0 {
			t.Errorf("%s: %d bytes were sent; got %v, want ErrArchive: %s", name, sent, err, c.want)
		}
	}
}

// TestLoadRefusesDamage changes bytes all over a file. What is neither refused
// nor part of an image, such as a time, does not reach the engine.
func TestLoadRefusesDamage(t *testing.T) {
	good := archiveOf(t, savedImages(t, "amd64", names()...)...)
	whole, err := loadInto(good)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(good); at += 61 {
		damaged := bytes.Clone(good)
		damaged[at] ^= 1
		switch sent, err := loadInto(damaged); {
		case err == nil && sent != whole:
			t.Fatalf("byte %d: %d bytes were sent, want %d", at, sent, whole)
		case err != nil && (!errors.Is(err, ErrArchive) || sent > 0):
			t.Fatalf("byte %d: %d bytes were sent, and %v", at, sent, err)
		}
	}
	const end = 1024 + 512 // the archive's, and what fills the last file's block
	for cut := 0; cut < len(good)-end; cut += 331 {
		if sent, err := loadInto(good[:cut]); !errors.Is(err, ErrArchive) || sent > 0 {
			t.Errorf("cut at %d: %d bytes were sent, and %v", cut, sent, err)
		}
	}
}
