package images

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
)

// cacheOf is a cache with tiny images of two recipes, which have a layer in
// common.
func cacheOf(t *testing.T) (c *cache, swarm, workload v1.Image) {
	t.Helper()
	c = openCache(filepath.Join(t.TempDir(), "images"), "amd64")
	common := tinyLayer(t, "common", epoch)
	swarm = imageOf(t, Swarm, "amd64", common, tinyLayer(t, "one", epoch))
	workload = imageOf(t, Workload, "amd64", common, tinyLayer(t, "two", epoch))
	put(t, c, Swarm, swarm)
	put(t, c, Workload, workload)
	return c, swarm, workload
}

func put(t *testing.T, c *cache, n Name, i v1.Image) {
	t.Helper()
	if err := c.put(n, i); err != nil {
		t.Fatal(err)
	}
	if digestOf(t, c.find(n)) != digestOf(t, i) {
		t.Errorf("%s is another there", n)
	}
}

// has wants a cache to have an image, or none if want is nil, also when it is
// opened again.
func has(t *testing.T, name string, c *cache, n Name, want v1.Image) {
	t.Helper()
	for _, c := range []*cache{c, openCache(string(c.Path), c.arch)} {
		got := c.find(n)
		if (got != nil) != (want != nil) || got != nil && digestOf(t, got) != digestOf(t, want) {
			t.Errorf("%s: %s is %v", name, n, got)
		}
	}
}

// blobsAre wants the blobs of some images to be there, and nothing else.
func blobsAre(t *testing.T, name string, c *cache, all ...v1.Image) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, i := range all {
		blobs, err := blobsOf(i)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blobs {
			want[b.Digest.Hex] = true
		}
	}
	there, err := filepath.Glob(filepath.Join(string(c.Path), "blobs", "sha256", "*"))
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

func TestCache(t *testing.T) {
	c, swarm, workload := cacheOf(t)
	has(t, "both", c, Swarm, swarm)
	has(t, "both", c, Workload, workload)
	has(t, "both", c, Consul, nil)
	has(t, "another architecture", openCache(string(c.Path), "arm64"), Swarm, nil)
	blobsAre(t, "both", c, swarm, workload)
	if diff := cmp.Diff([]Name{Node, SSHD}, c.lacking([]Name{SSHD, Swarm, Node})); diff != "" {
		t.Errorf("lacking: %s", diff)
	}
	// A node with Consul is made of Consul.
	if diff := cmp.Diff([]Name{Consul, NodeWithConsul}, c.lacking([]Name{NodeWithConsul})); diff != "" {
		t.Errorf("lacking: %s", diff)
	}
}

// TestCacheReplaces puts another image in an old one's place, of which nothing is
// left. One of another architecture stays.
func TestCacheReplaces(t *testing.T) {
	c, _, workload := cacheOf(t)
	other := openCache(string(c.Path), "arm64")
	arm := imageOf(t, Swarm, "arm64", tinyLayer(t, "arm", epoch))
	put(t, other, Swarm, arm)
	c = openCache(string(c.Path), "amd64")
	isSwarm := match.Annotation(refName, "amd64/swarm:"+tag(Swarm, "amd64"))
	old := layout.WithAnnotations(map[string]string{refName: "amd64/swarm:000000000000"}) // an earlier recipe's tag
	if err := c.ReplaceImage(c.find(Swarm), isSwarm, old); err != nil {
		t.Fatal(err)
	}
	c = openCache(string(c.Path), "amd64")
	has(t, "an old tag", c, Swarm, nil)
	newer := imageOf(t, Swarm, "amd64", tinyLayer(t, "newer", epoch))
	put(t, c, Swarm, newer)
	has(t, "replaced", c, Swarm, newer)
	has(t, "beside it", c, Workload, workload)
	has(t, "another architecture", openCache(string(c.Path), "arm64"), Swarm, arm)
	blobsAre(t, "replaced", c, newer, workload, arm)
}

// TestCacheCutOff has a cache as a labcheck leaves it that is killed while it
// writes, or that is damaged since. What is not whole is made again.
func TestCacheCutOff(t *testing.T) {
	file := func(c *cache, h v1.Hash) string { return filepath.Join(string(c.Path), "blobs", "sha256", h.Hex) }
	index := func(c *cache) string { return filepath.Join(string(c.Path), indexFile) }
	type blobs = []v1.Descriptor // the manifest, the configuration, the common layer, the other
	cut := func(name string) error { return os.Truncate(name, 20) }
	for name, c := range map[string]struct {
		spoil  func(c *cache, b blobs) error
		others bool // the other image is there
	}{
		"no index":        {func(c *cache, _ blobs) error { return os.Remove(index(c)) }, false},
		"half an index":   {func(c *cache, _ blobs) error { return cut(index(c)) }, false},
		"an empty index":  {func(c *cache, _ blobs) error { return os.Truncate(index(c), 0) }, false},
		"no manifest":     {func(c *cache, b blobs) error { return os.Remove(file(c, b[0].Digest)) }, true},
		"half a manifest": {func(c *cache, b blobs) error { return cut(file(c, b[0].Digest)) }, true},
		"half a config":   {func(c *cache, b blobs) error { return cut(file(c, b[1].Digest)) }, true},
		"no layer":        {func(c *cache, b blobs) error { return os.Remove(file(c, b[3].Digest)) }, true},
		"half a layer":    {func(c *cache, b blobs) error { return cut(file(c, b[3].Digest)) }, true},
		"half of both's":  {func(c *cache, b blobs) error { return cut(file(c, b[2].Digest)) }, false},
		"a damaged layer": {func(c *cache, b blobs) error {
			content, err := os.ReadFile(file(c, b[3].Digest))
			if err != nil {
				return err
			}
			return os.WriteFile(file(c, b[3].Digest), flipped(content), 0o600)
		}, true},
		"a part of an image that was to come": {func(c *cache, b blobs) error {
			part := file(c, b[3].Digest) + "123456" // as layout names it
			return os.Rename(file(c, b[3].Digest), part)
		}, true},
	} {
		before, swarm, workload := cacheOf(t)
		b, err := blobsOf(swarm)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.spoil(before, b); err != nil {
			t.Fatal(err)
		}
		after := openCache(string(before.Path), "amd64")
		has(t, name, after, Swarm, nil)
		all := []v1.Image{swarm}
		if c.others {
			has(t, name, after, Workload, workload)
			all = append(all, workload)
		}
		put(t, after, Swarm, swarm)
		has(t, name+", made again", after, Swarm, swarm)
		blobsAre(t, name+", made again", after, all...)
	}
}

// TestCacheIsALayout wants others to be able to read it.
func TestCacheIsALayout(t *testing.T) {
	c, _, _ := cacheOf(t)
	content, err := os.ReadFile(filepath.Join(string(c.Path), layoutFile))
	var version struct{ ImageLayoutVersion string }
	if err != nil || json.Unmarshal(content, &version) != nil || version.ImageLayoutVersion != "1.0.0" {
		t.Errorf("%s: %v", content, err)
	}
	index, err := c.ImageIndex()
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
