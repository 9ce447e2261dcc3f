package images

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
)

// Architectures are those that images can be made for, as Go spells them.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Digests computes all images for an architecture, without an engine, and
// returns the lines of digests.lock: architecture, image, tag, digest, and bytes
// of its files.
func Digests(ctx context.Context, arch string, o Options) ([]string, error) {
	m, err := New(nil, o).newMaker(ctx, names(), arch)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, n := range names() {
		i, err := m.image(ctx, n)
		if err != nil {
			return nil, err
		}
		config, err := i.configFile()
		if err != nil {
			return nil, err
		}
		labels := config.Config.Labels
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s", arch, n, labels[labelRecipe], i.digest(), labels[labelSize]))
	}
	return lines, nil
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
