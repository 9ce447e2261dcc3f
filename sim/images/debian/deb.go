package debian

import (
	"archive/tar"
	"errors"
	"io"
	"strings"

	"github.com/blakesmith/ar"
	"github.com/therootcompany/xz"

	"labcheck/harness/lang"
)

// Unpack calls visit for each file and folder that a package installs, in the
// package's order. Names are clean and relative ("usr/bin/docker"). See deb(5) for
// the format.
func Unpack(r io.Reader, visit func(*tar.Header, io.Reader) error) error {
	members := ar.NewReader(r)
	for {
		m, err := members.Next()
		if errors.Is(err, io.EOF) {
			return lang.Errorf("the package has no data.tar.xz")
		}
		if err != nil {
			return err
		}
		if strings.TrimSuffix(m.Name, "/") == "data.tar.xz" {
			break
		}
	}
	data, err := xz.NewReader(members, xz.DefaultDictMax)
	if err != nil {
		return err
	}
	for in := tar.NewReader(data); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Name = strings.Trim(strings.TrimPrefix(h.Name, "."), "/"); h.Name == "" {
			continue
		}
		if err := visit(h, in); err != nil {
			return err
		}
	}
}
