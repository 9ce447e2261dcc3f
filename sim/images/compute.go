package images

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
	"labcheck/sim/images/oci"
	"labcheck/sim/images/prelink"
	"labcheck/sim/images/swarm"
)

// computeLayer makes the layer of a part.
func (m *maker) computeLayer(ctx context.Context, p part) (*oci.Layer, error) {
	w := oci.NewLayerWriter()
	if err := m.addPackages(ctx, w, p); err != nil {
		return nil, err
	}
	p.addOwn(w)
	if p.Swarm {
		binary, err := m.compileSwarm(ctx)
		if err != nil {
			return nil, err
		}
		w.AddFile("swarm", 0o755, binary)
	}
	if p.Stored != nil {
		if err := addEngineStore(w, m.cached(p.Stored)); err != nil {
			return nil, err
		}
	}
	return w.Finish()
}

// compileSwarm returns the Swarm binary.
func (m *maker) compileSwarm(ctx context.Context) ([]byte, error) {
	dir, err := m.inCache("swarm")
	if err != nil {
		return nil, err
	}
	say := func(format string, args ...any) { m.say(Swarm, format, args...) }
	return swarm.Binary(ctx, swarm.Options{Arch: m.arch, Dir: dir, Registry: m.opts.Registry, Say: say})
}

// addPackages writes what a part takes of its packages.
func (m *maker) addPackages(ctx context.Context, w *oci.LayerWriter, p part) error {
	packages, err := pinned(p.Packages, m.arch)
	if err != nil || len(packages) == 0 {
		return err
	}
	if err := m.download(); err != nil {
		return err
	}
	joined := map[string][]byte{}
	for _, one := range packages {
		if err := m.unpack(one, func(h *tar.Header, content io.Reader) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return p.addFrom(w, h, content, joined)
		}); err != nil {
			return err
		}
	}
	for _, name := range inOrder(joined) {
		w.AddFile(name, 0o644, joined[name])
	}
	return nil
}

// unpack calls visit for each file of a package.
func (m *maker) unpack(one debian.Package, visit func(*tar.Header, io.Reader) error) error {
	file, err := m.packages.Open(one)
	if err != nil {
		return err
	}
	defer file.Close()
	return debian.Unpack(file, visit)
}

// addFrom writes a file of a package if the part takes it, and keeps one that is
// to be joined.
func (p part) addFrom(w *oci.LayerWriter, h *tar.Header, content io.Reader, joined map[string][]byte) error {
	for name, pattern := range p.Joined {
		if matchesPattern(pattern, h.Name) && h.Typeflag == tar.TypeReg {
			kept, err := io.ReadAll(content)
			joined[name] = append(joined[name], kept...)
			return err
		}
	}
	if !p.takes(h) {
		return nil
	}
	if slices.Contains(p.Prelinked, h.Name) {
		program, err := io.ReadAll(content)
		if err == nil {
			err = prelink.Move(program)
		}
		if err != nil {
			return lang.Errorf("%s: %w", h.Name, err)
		}
		content = bytes.NewReader(program)
	}
	if renamed, ok := p.Renamed[h.Name]; ok {
		h.Name = renamed
	}
	return w.Add(*h, content)
}

func (p part) takes(h *tar.Header) bool {
	match := func(pattern string) bool { return matchesPattern(pattern, h.Name) }
	if slices.ContainsFunc(p.Not, match) {
		return false
	}
	return len(p.Only) == 0 || h.Typeflag != tar.TypeDir && slices.ContainsFunc(p.Only, match)
}

// matchesPattern says whether a name, or a folder that it is in, matches a pattern.
func matchesPattern(pattern, name string) bool {
	segments := strings.Split(name, "/")
	n := strings.Count(pattern, "/") + 1
	if len(segments) < n {
		return false
	}
	ok, err := path.Match(pattern, strings.Join(segments[:n], "/"))
	return ok && err == nil
}

// addOwn writes what comes from no package.
func (p part) addOwn(w *oci.LayerWriter) {
	for _, name := range inOrder(p.Folders) {
		w.AddFolder(name, p.Folders[name])
	}
	for _, name := range inOrder(p.Files) {
		content := embedded(p.Files[name])
		w.AddFile(name, modeOf(content), content)
	}
	for _, name := range inOrder(p.Texts) {
		w.AddFile(name, 0o644, []byte(p.Texts[name]))
	}
	for _, name := range inOrder(p.Links) {
		w.AddLink(name, p.Links[name])
	}
}

// modeOf returns the mode of an embedded file, which has lost it: scripts are
// executable.
func modeOf(content []byte) int64 {
	if bytes.HasPrefix(content, []byte("#!")) {
		return 0o755
	}
	return 0o644
}
