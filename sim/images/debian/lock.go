// Package debian downloads the Debian packages that a lock file pins, and
// unpacks them. It needs neither Debian's tools nor root, on any system.
package debian

import (
	"bufio"
	"encoding/hex"
	"io"
	"path"
	"strconv"
	"strings"

	"labcheck/harness/lang"
)

// Package is a package as a lock file pins it.
type Package struct {
	Arch   string // "amd64", as Go and Debian both spell it
	Name   string
	Path   string // on a mirror: pool/main/d/docker.io/docker.io_…_amd64.deb
	Size   int64  // bytes
	SHA256 string // hexadecimal
	SHA1   string // hexadecimal; Debian's snapshot service finds files by it
}

// Line is the package as a line of a lock file, without its end.
func (p Package) Line() string {
	return strings.Join([]string{p.Arch, p.Name, p.Path, strconv.FormatInt(p.Size, 10), p.SHA256, p.SHA1}, " ")
}

// ParseLock reads a lock file: a line for each package with the fields of
// Package in their order, separated by spaces. Empty lines and those that begin
// with # are comments. An error names the line.
func ParseLock(r io.Reader) ([]Package, error) {
	var all []Package
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		p, err := parseLine(line)
		if err != nil {
			return nil, lang.Errorf("line %d: %w", n, err)
		}
		all = append(all, p)
	}
	return all, lines.Err()
}

func parseLine(line string) (Package, error) {
	f := strings.Fields(line)
	if len(f) != 6 {
		return Package{}, lang.Errorf("%d fields, want 6", len(f))
	}
	size, err := strconv.ParseInt(f[3], 10, 64)
	if err != nil || size <= 0 {
		return Package{}, lang.Errorf("size %q is not a positive number", f[3])
	}
	if path.Clean(f[2]) != f[2] || !strings.HasPrefix(f[2], "pool/") {
		return Package{}, lang.Errorf("path %q is not a clean path below pool/", f[2])
	}
	if !isHash(f[4], 32) || !isHash(f[5], 20) {
		return Package{}, lang.Errorf("want a SHA-256 and a SHA-1 checksum")
	}
	return Package{Arch: f[0], Name: f[1], Path: f[2], Size: size, SHA256: f[4], SHA1: f[5]}, nil
}

func isHash(s string, bytes int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == bytes && s == strings.ToLower(s)
}
