package images

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/sim/images/debian"
)

// recipe says what an image is: its layers, the lowest first, and how it runs.
type recipe struct {
	Layers []part
	Config v1.Config
}

// part says what is in a layer. All names are relative to the root.
type part struct {
	// Packages are unpacked one after another; of their files only those that
	// match a pattern of Only are taken, or all if there are none, and not those
	// that match one of Not. A pattern is one of path.Match, and matches all that
	// is in a folder, too.
	Packages  []string
	Only, Not []string
	Renamed   map[string]string // files of packages that have another name in the image
	// Joined are files that consist of all files matching a pattern, in the order
	// of their names.
	Joined  map[string]string
	Files   map[string]string // from files of this package: "node/node"
	Texts   map[string]string
	Links   map[string]string // symbolic ones, and their targets
	Folders map[string]int64  // and their modes
	Swarm   bool              // with the Swarm binary
	Stored  []Name            // images that are put into the store of the node's engine
}

// format is the version of how recipes become images. TestDigests tells when it
// has to be raised.
const format = 1

// tagLength is how many hexadecimal digits of a recipe's hash are in a tag.
const tagLength = 12

// tag is the tag of an image: the hash of all that decides what the image is.
func tag(n Name, arch string) (string, error) {
	h := sha256.New()
	if err := describe(json.NewEncoder(h), n, arch); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:tagLength], nil
}

func describe(to *json.Encoder, n Name, arch string) error {
	r := recipes()[n]
	all := []any{format, n, arch, r}
	for _, p := range r.Layers {
		packages, err := pinned(p.Packages, arch)
		if err != nil {
			return err
		}
		all = append(all, packages)
		for _, name := range slices.Sorted(maps.Values(p.Files)) {
			all = append(all, embedded(name))
		}
		if p.Swarm {
			all = append(all, swarmToolchain, swarmVersion, swarmSum, swarmFlags(), embedded("swarm/swarm.mod"), embedded("swarm/swarm.sum"))
		}
	}
	if err := to.Encode(all); err != nil {
		return err
	}
	for _, p := range r.Layers {
		for _, stored := range p.Stored {
			if err := describe(to, stored, arch); err != nil {
				return err
			}
		}
	}
	return nil
}

// compute makes the layer of a part.
func (m *maker) compute(ctx context.Context, p part) (*layer, error) {
	w := newLayerWriter()
	joined := map[string]map[string][]byte{}
	packages, err := pinned(p.Packages, m.arch)
	if err != nil {
		return nil, err
	}
	if len(packages) > 0 {
		if err := m.download(); err != nil {
			return nil, err
		}
	}
	for _, one := range packages {
		if err := m.unpack(ctx, w, p, one, joined); err != nil {
			return nil, err
		}
	}
	if err := p.addOwn(w, joined); err != nil {
		return nil, err
	}
	if p.Swarm {
		binary, err := m.swarmBinary(ctx)
		if err != nil {
			return nil, err
		}
		if err := w.addFile("swarm", 0o755, binary); err != nil {
			return nil, err
		}
	}
	if len(p.Stored) > 0 {
		if err := m.addEngineStore(ctx, w, p.Stored); err != nil {
			return nil, err
		}
	}
	return w.layer()
}

// unpack writes what a part takes of a package, and keeps what is to be joined.
func (m *maker) unpack(ctx context.Context, w *layerWriter, p part, one debian.Package, joined map[string]map[string][]byte) error {
	file, err := m.packages.Open(one)
	if err != nil {
		return err
	}
	defer file.Close()
	return debian.Unpack(file, func(h *tar.Header, content io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		for name, pattern := range p.Joined {
			if matches(pattern, h.Name) && h.Typeflag == tar.TypeReg {
				if joined[name] == nil {
					joined[name] = map[string][]byte{}
				}
				kept, err := io.ReadAll(content)
				joined[name][h.Name] = kept
				return err
			}
		}
		if !p.takes(h) {
			return nil
		}
		if renamed, ok := p.Renamed[h.Name]; ok {
			h.Name = renamed
		}
		return w.add(*h, content)
	})
}

func (p part) takes(h *tar.Header) bool {
	match := func(pattern string) bool { return matches(pattern, h.Name) }
	if slices.ContainsFunc(p.Not, match) {
		return false
	}
	return len(p.Only) == 0 || h.Typeflag != tar.TypeDir && slices.ContainsFunc(p.Only, match)
}

// matches says whether a name, or a folder that it is in, matches a pattern.
func matches(pattern, name string) bool {
	segments := strings.Split(name, "/")
	n := strings.Count(pattern, "/") + 1
	if len(segments) < n {
		return false
	}
	ok, err := path.Match(pattern, strings.Join(segments[:n], "/"))
	return ok && err == nil
}

// addOwn writes what comes from no package, or from several.
func (p part) addOwn(w *layerWriter, joined map[string]map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(joined)) {
		var all bytes.Buffer
		for _, from := range slices.Sorted(maps.Keys(joined[name])) {
			all.Write(joined[name][from])
		}
		if err := w.addFile(name, 0o644, all.Bytes()); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Folders)) {
		if err := w.add(tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: p.Folders[name]}, empty()); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if err := w.addFile(name, modeOf(embedded(p.Files[name])), embedded(p.Files[name])); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Texts)) {
		if err := w.addFile(name, 0o644, []byte(p.Texts[name])); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Links)) {
		if err := w.addLink(name, p.Links[name]); err != nil {
			return err
		}
	}
	return nil
}

// modeOf is the mode of an embedded file, which has lost it: scripts are
// executable.
func modeOf(content []byte) int64 {
	if bytes.HasPrefix(content, []byte("#!")) {
		return 0o755
	}
	return 0o644
}
