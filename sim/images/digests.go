package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// Architectures are those that images can be made for, as Go spells them.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Digests computes all images for an architecture, without an engine, and
// returns the lines of digests.lock: architecture, image, tag, digest, and bytes
// of its files.
func Digests(ctx context.Context, arch string, o Options) (lines []string, err error) {
	s := New(nil, o)
	s.arch = arch
	if s.layout, err = os.MkdirTemp("", "labcheck-digests-"); err != nil { // empty, so that nothing is taken from it
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(s.layout)) }()
	err = s.withMaker(ctx, func(m *maker) error {
		all, err := m.obtain(ctx, names())
		for _, i := range all {
			config, errConfig := i.ConfigFile()
			digest, errDigest := i.Digest()
			if err := errors.Join(errConfig, errDigest); err != nil {
				return err
			}
			labels := config.Config.Labels
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s", arch, i.name, labels[labelRecipe], digest, labels[labelSize]))
		}
		return err
	})
	return lines, err
}

// known is what digests.lock says of an image.
type known struct {
	digest string
	size   int64 // bytes of its files
}

// knownImage looks an image up in digests.lock. A recipe that was changed since
// is not there.
func knownImage(n Name, arch string) (known, bool) {
	hash, err := tag(n, arch)
	if err != nil {
		return known{}, false
	}
	for line := range bytes.Lines(embedded("digests.lock")) {
		f := bytes.Fields(line)
		if len(f) != 5 || string(f[0]) != arch || string(f[1]) != string(n) || string(f[2]) != hash {
			continue
		}
		size, err := strconv.ParseInt(string(f[4]), 10, 64)
		return known{string(f[3]), size}, err == nil
	}
	return known{}, false
}
