package images

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"labcheck/sim/images/oci"
)

// layerOf is a layer of some files.
func layerOf(t testing.TB, files map[string]string) *oci.Layer {
	t.Helper()
	w := oci.NewLayerWriter()
	for _, name := range inOrder(files) {
		w.AddFile(name, 0o755, []byte(files[name]))
	}
	l, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tinyLayer(t testing.TB, text string) *oci.Layer {
	t.Helper()
	return layerOf(t, map[string]string{"usr/bin/tiny": text})
}

// imageOf is an image of layers with the labels of ours.
func imageOf(t testing.TB, n Name, arch string, layers ...*oci.Layer) v1.Image {
	t.Helper()
	i, err := newImage(n, arch, layers)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// withIDs is an image whose configuration has other layers.
func withIDs(t *testing.T, base v1.Image, ids ...v1.Hash) v1.Image {
	t.Helper()
	config, err := base.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config.RootFS.DiffIDs = ids
	i, err := mutate.ConfigFile(base, config)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func digestOf(t testing.TB, i v1.Image) v1.Hash {
	t.Helper()
	digest, err := i.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func archiveOf(t testing.TB, all ...namedImage) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := writeArchive(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCache(t *testing.T) {
	s := New(nil, Options{})
	s.dir = t.TempDir()
	c, err := s.openCache("amd64")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []Name{Swarm, Workload} {
		if err := c.put(n, imageOf(t, n, "amd64", tinyLayer(t, string(n)))); err != nil {
			t.Fatal(err)
		}
	}
	arm, err := s.openCache("arm64")
	if err != nil || c.find(Swarm) == nil || c.find(Consul) != nil || arm.find(Swarm) != nil {
		t.Errorf("swarm %v, consul %v, another architecture's swarm %v, %v", c.find(Swarm), c.find(Consul), arm.find(Swarm), err)
	}
	if diff := cmp.Diff([]Name{Node, SSHD}, c.lacking([]Name{SSHD, Swarm, Node})); diff != "" {
		t.Errorf("lacking: %s", diff)
	}
	// A node with Consul is made of Consul.
	if diff := cmp.Diff([]Name{Consul, NodeWithConsul}, c.lacking([]Name{NodeWithConsul})); diff != "" {
		t.Errorf("lacking: %s", diff)
	}
}
