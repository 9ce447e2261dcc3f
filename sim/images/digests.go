package images

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Architectures are those that images can be made for, as Go spells them.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Digests computes all images for an architecture, without an engine, and
// returns the lines of digests.lock: architecture, image, tag, digest, and bytes
// of its files.
func Digests(ctx context.Context, arch string, o Options) (lines []string, err error) {
	s := New(nil, o)
	s.arch = arch
	dir, err := os.MkdirTemp("", "labcheck-digests-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = s.withMaker(ctx, func(m *maker) error {
		m.cache = openCache(dir, arch) // empty, so that all are computed
		if err := m.obtain(ctx, names()); err != nil {
			return err
		}
		for _, i := range m.cached(names()) {
			config, errConfig := i.ConfigFile()
			digest, errDigest := i.Digest()
			if err := errors.Join(errConfig, errDigest); err != nil {
				return err
			}
			labels := config.Config.Labels
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", arch, i.name, labels[labelRecipe], digest, labels[labelSize]))
		}
		return nil
	})
	return lines, err
}

// knownImage looks up in digests.lock which digest an image has, and how many
// bytes its files. A recipe that was changed since is not there.
func knownImage(n Name, arch string) (digest string, size int64, ok bool) {
	for line := range strings.Lines(string(embedded("digests.lock"))) {
		f := strings.Fields(line)
		if len(f) == 5 && f[0] == arch && f[1] == string(n) && f[2] == tag(n, arch) {
			size, err := strconv.ParseInt(f[4], 10, 64)
			return f[3], size, err == nil
		}
	}
	return "", 0, false
}
