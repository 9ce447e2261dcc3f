package images

import (
	"encoding/json"

	"labcheck/harness/lang"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// image is an OCI image in memory. It implements go-containerregistry's
// partial.CompressedImageCore.
type image struct {
	config, manifest []byte
	layers           []*layer
}

// newImage makes an image from its configuration, as JSON, and its layers.
func newImage(config []byte, layers []*layer) (*image, error) {
	m := v1.Manifest{
		SchemaVersion: 2,
		MediaType:     types.OCIManifestSchema1,
		Config:        v1.Descriptor{MediaType: types.OCIConfigJSON, Size: int64(len(config)), Digest: hashOf(config)},
	}
	for _, l := range layers {
		m.Layers = append(m.Layers, v1.Descriptor{MediaType: types.OCILayer, Size: int64(len(l.compressed)), Digest: l.digest})
	}
	manifest, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	i := &image{config, manifest, layers}
	return i, i.check()
}

// check compares the layers with what the configuration says they are.
func (i *image) check() error {
	config, err := i.configFile()
	if err != nil {
		return err
	}
	if len(config.RootFS.DiffIDs) != len(i.layers) {
		return lang.Errorf("the image has %d layers, want %d", len(i.layers), len(config.RootFS.DiffIDs))
	}
	for n, want := range config.RootFS.DiffIDs {
		if got := i.layers[n].diffID; got != want {
			return lang.Errorf("layer %d of the image is %s, want %s", n, got, want)
		}
	}
	return nil
}

func (i *image) configFile() (v1.ConfigFile, error) {
	var config v1.ConfigFile
	err := json.Unmarshal(i.config, &config)
	return config, err
}

func (i *image) digest() v1.Hash { return hashOf(i.manifest) }

// oci is the image as go-containerregistry knows images.
func (i *image) oci() (v1.Image, error) { return partial.CompressedToImage(i) }

func (i *image) RawConfigFile() ([]byte, error)      { return i.config, nil }
func (i *image) RawManifest() ([]byte, error)        { return i.manifest, nil }
func (i *image) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// LayerByDigest finds a layer, as go-containerregistry wants it.
func (i *image) LayerByDigest(digest v1.Hash) (partial.CompressedLayer, error) {
	for _, l := range i.layers {
		if l.digest == digest {
			return l, nil
		}
	}
	return nil, lang.Errorf("the image has no layer %s", digest)
}
