package oci

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// The names of tiny images.
const (
	swarmRef    = "amd64/swarm:012345"
	workloadRef = "amd64/workload:012345"
)

// layoutOf has two tiny images, which have a layer in common.
func layoutOf(t *testing.T) (l *Layout, swarm, workload v1.Image) {
	t.Helper()
	l = OpenLayout(filepath.Join(t.TempDir(), "images"))
	common := tinyLayer(t, "common", Epoch)
	swarm = imageOf(t, common, tinyLayer(t, "one", Epoch))
	workload = imageOf(t, common, tinyLayer(t, "two", Epoch))
	put(t, l, swarmRef, swarm)
	put(t, l, workloadRef, workload)
	return l, swarm, workload
}

func put(t *testing.T, l *Layout, ref string, i v1.Image) {
	t.Helper()
	if err := l.Put(ref, i); err != nil {
		t.Fatal(err)
	}
}

// has wants a layout to have an image, or none if want is nil, also when it is
// opened again.
func has(t *testing.T, name string, l *Layout, ref string, want v1.Image) {
	t.Helper()
	for _, l := range []*Layout{l, OpenLayout(string(l.path))} {
		got := l.Find(ref)
		if (got != nil) != (want != nil) || got != nil && digestOf(t, got) != digestOf(t, want) {
			t.Errorf("%s: %s is %v", name, ref, got)
		}
	}
}

// blobsAre wants the blobs of some images to be there, and nothing else.
func blobsAre(t *testing.T, name string, l *Layout, all ...v1.Image) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, i := range all {
		blobs, err := Blobs(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blobs {
			want[b.Digest.Hex] = true
		}
	}
	there, err := filepath.Glob(filepath.Join(string(l.path), "blobs", "sha256", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		got[filepath.Base(file)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: - want, + there:\n%s", name, diff)
	}
}

func TestLayout(t *testing.T) {
	l, swarm, workload := layoutOf(t)
	has(t, "both", l, swarmRef, swarm)
	has(t, "both", l, workloadRef, workload)
	has(t, "another tag", l, "amd64/swarm:000000", nil)
	has(t, "another name", l, "arm64/swarm:012345", nil)
	blobsAre(t, "both", l, swarm, workload)
}

// TestLayoutReplaces puts another image in an old one's place, of which nothing is
// left. One of another name stays, also if it begins like this one's.
func TestLayoutReplaces(t *testing.T) {
	l, _, workload := layoutOf(t)
	longer := imageOf(t, tinyLayer(t, "longer", Epoch))
	put(t, l, "amd64/swarm-two:012345", longer)
	newer := imageOf(t, tinyLayer(t, "newer", Epoch))
	put(t, l, "amd64/swarm:abcdef", newer)
	has(t, "the old tag", l, swarmRef, nil)
	has(t, "replaced", l, "amd64/swarm:abcdef", newer)
	has(t, "beside it", l, workloadRef, workload)
	has(t, "a longer name", l, "amd64/swarm-two:012345", longer)
	blobsAre(t, "replaced", l, newer, workload, longer)
	same := imageOf(t, tinyLayer(t, "same tag", Epoch))
	put(t, l, "amd64/swarm:abcdef", same)
	has(t, "of the same tag", l, "amd64/swarm:abcdef", same)
	blobsAre(t, "of the same tag", l, same, workload, longer)
}

// TestLayoutCutOff has a folder as a labcheck leaves it that is killed while it
// writes, or that is damaged since. What is not whole is made again.
func TestLayoutCutOff(t *testing.T) {
	file := func(l *Layout, h v1.Hash) string { return filepath.Join(string(l.path), "blobs", "sha256", h.Hex) }
	index := func(l *Layout) string { return filepath.Join(string(l.path), indexFile) }
	type blobs = []v1.Descriptor // the manifest, the configuration, the common layer, the other
	cut := func(name string) error { return os.Truncate(name, 20) }
	for name, c := range map[string]struct {
		spoil  func(l *Layout, b blobs) error
		others bool // the other image is there
	}{
		"no index":        {func(l *Layout, _ blobs) error { return os.Remove(index(l)) }, false},
		"half an index":   {func(l *Layout, _ blobs) error { return cut(index(l)) }, false},
		"an empty index":  {func(l *Layout, _ blobs) error { return os.Truncate(index(l), 0) }, false},
		"no manifest":     {func(l *Layout, b blobs) error { return os.Remove(file(l, b[0].Digest)) }, true},
		"half a manifest": {func(l *Layout, b blobs) error { return cut(file(l, b[0].Digest)) }, true},
		"half a config":   {func(l *Layout, b blobs) error { return cut(file(l, b[1].Digest)) }, true},
		"no layer":        {func(l *Layout, b blobs) error { return os.Remove(file(l, b[3].Digest)) }, true},
		"half a layer":    {func(l *Layout, b blobs) error { return cut(file(l, b[3].Digest)) }, true},
		"half of both's":  {func(l *Layout, b blobs) error { return cut(file(l, b[2].Digest)) }, false},
		"a damaged layer": {func(l *Layout, b blobs) error {
			content, err := os.ReadFile(file(l, b[3].Digest))
			if err != nil {
				return err
			}
			return os.WriteFile(file(l, b[3].Digest), flipped(content), 0o600)
		}, true},
		"a part of an image that was to come": {func(l *Layout, b blobs) error {
			part := file(l, b[3].Digest) + "123456" // as layout names it
			return os.Rename(file(l, b[3].Digest), part)
		}, true},
	} {
		before, swarm, workload := layoutOf(t)
		b, err := Blobs(swarm)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(before, b); err != nil {
			t.Fatal(err)
		}
		after := OpenLayout(string(before.path))
		has(t, name, after, swarmRef, nil)
		all := []v1.Image{swarm}
		if c.others {
			has(t, name, after, workloadRef, workload)
			all = append(all, workload)
		}
		put(t, after, swarmRef, swarm)
		has(t, name+", made again", after, swarmRef, swarm)
		blobsAre(t, name+", made again", after, all...)
	}
}

// TestLayoutIsOne wants others to be able to read it.
func TestLayoutIsOne(t *testing.T) {
	l, _, _ := layoutOf(t)
	content, err := os.ReadFile(filepath.Join(string(l.path), layoutFile))
	var version struct{ ImageLayoutVersion string }
	if err != nil || json.Unmarshal(content, &version) != nil || version.ImageLayoutVersion != "1.0.0" {
		t.Errorf("%s: %v", content, err)
	}
	index, err := l.path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	listed, err := index.IndexManifest()
	if err != nil || listed.SchemaVersion != 2 || len(listed.Manifests) != 2 || !listed.MediaType.IsIndex() {
		t.Errorf("%+v, %v", listed, err)
	}
}

func flipped(content []byte) []byte {
	damaged := slices.Clone(content)
	damaged[len(damaged)/2] ^= 1
	return damaged
}
