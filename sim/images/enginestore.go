package images

import (
	"archive/tar"
	"bytes"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/klauspost/compress/gzip"
	"github.com/vbatts/tar-split/tar/asm"
	"github.com/vbatts/tar-split/tar/storage"

	"labcheck/sim/images/oci"
)

// The store of an engine of 20.10 with overlay2, below /var/lib/docker. The
// engine of a node finds images there when it starts; nothing has to be loaded.
// Its formats are those of moby v20.10: image/fs.go and layer/filestore.go
// (imagedb, layerdb), reference/store.go (repositories.json), and
// daemon/graphdriver/overlay2/overlay.go.
const (
	imageRoot   = "var/lib/docker/image/overlay2"
	overlayRoot = "var/lib/docker/overlay2"
)

// repositories is repositories.json: names by repository, and the images' IDs.
type repositories struct{ Repositories map[string]map[string]string }

// addEngineStore writes images, each of one layer, as the store of a node's
// engine.
func addEngineStore(w *oci.LayerWriter, stored []namedImage) error {
	w.AddFolder("var/lib/docker", 0o710)
	w.AddFolder("var/lib/docker/image", 0o700)
	w.AddFolder(imageRoot, 0o700)
	w.AddFolder(overlayRoot, 0o710)
	w.AddFolder(overlayRoot+"/l", 0o700)
	known := repositories{map[string]map[string]string{}}
	for _, i := range stored {
		config, errConfig := i.RawConfigFile()
		id, errID := i.ConfigName()
		layers, errLayers := i.Layers()
		if err := errors.Join(errConfig, errID, errLayers); err != nil {
			return err
		}
		for _, name := range InNode(i.name) {
			repository, _, _ := strings.Cut(name, ":")
			if known.Repositories[repository] == nil {
				known.Repositories[repository] = map[string]string{}
			}
			known.Repositories[repository][name] = id.String()
		}
		w.AddFile(imageRoot+"/imagedb/content/sha256/"+id.Hex, 0o600, config)
		if err := addStoredLayer(w, layers[0]); err != nil {
			return err
		}
	}
	content, err := json.Marshal(known)
	w.AddFile(imageRoot+"/repositories.json", 0o600, content)
	return err
}

// addStoredLayer writes a layer that is its image's only one: its chain ID is
// its diff ID then.
func addStoredLayer(w *oci.LayerWriter, l v1.Layer) error {
	diffID, err := l.DiffID()
	if err != nil {
		return err
	}
	cache := diffID.Hex // any 64 hexadecimal digits
	raw, err := hex.DecodeString(cache)
	if err != nil {
		return err
	}
	link := base32.StdEncoding.EncodeToString(raw)[:26] // as long as the engine's own
	split, size, err := addDiff(w, path.Join(overlayRoot, cache, "diff"), l)
	if err != nil {
		return err
	}
	db := imageRoot + "/layerdb/sha256/" + cache
	w.AddFile(path.Join(overlayRoot, cache, "link"), 0o644, []byte(link))
	w.AddLink(path.Join(overlayRoot, "l", link), "../"+cache+"/diff")
	w.AddFile(db+"/cache-id", 0o644, []byte(cache))
	w.AddFile(db+"/diff", 0o644, []byte(diffID.String()))
	w.AddFile(db+"/size", 0o644, []byte(strconv.FormatInt(size, 10)))
	w.AddFile(db+"/tar-split.json.gz", 0o644, split)
	return nil
}

// addDiff writes the files of a layer below a folder. It returns what the
// engine needs to make the layer's stream of them again, and their size.
func addDiff(w *oci.LayerWriter, folder string, l v1.Layer) (split []byte, size int64, err error) {
	stream, err := l.Uncompressed()
	if err != nil {
		return nil, 0, err
	}
	defer stream.Close()
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, 0, err
	}
	recorded, done, err := asm.NewInputTarStreamWithDone(stream, storage.NewJSONPacker(z), storage.NewDiscardFilePutter())
	if err != nil {
		return nil, 0, err
	}
	defer recorded.Close()
	if err := oci.WalkTar(recorded, func(h *tar.Header, content io.Reader) error {
		size += h.Size
		h.Name = path.Join(folder, h.Name)
		return w.Add(*h, content)
	}); err != nil {
		return nil, 0, err
	}
	if _, err := io.Copy(io.Discard, recorded); err != nil { // what follows the last file
		return nil, 0, err
	}
	err = errors.Join(<-done, z.Close())
	return packed.Bytes(), size, err
}
