// Package debian downloads the Debian packages that a lock file pins, and
// unpacks them. It needs neither Debian's tools nor root, on any system.
package debian

import (
	"fmt"
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

// Line returns the package as a line of a lock file, without its end.
func (p Package) Line() string {
	return fmt.Sprintf("%s %s %s %d %s %s", p.Arch, p.Name, p.Path, p.Size, p.SHA256, p.SHA1)
}

// ParseLock reads a lock file: a line for each package with the fields of
// Package in their order, separated by spaces. Empty lines and those that begin
// with # are comments. An error quotes the line.
func ParseLock(text string) ([]Package, error) {
	var all []Package
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var p Package
		_, err := fmt.Sscan(line, &p.Arch, &p.Name, &p.Path, &p.Size, &p.SHA256, &p.SHA1)
		if err != nil || p.Line() != line {
			return nil, lang.Errorf("%q does not describe a package", line)
		}
		all = append(all, p)
	}
	return all, nil
}
