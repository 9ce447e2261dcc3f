package debian

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/blakesmith/ar"
	"github.com/google/go-cmp/cmp"
)

// unpacked is what a package installs, a line for each file.
func unpacked(r io.Reader) (files []string, err error) {
	err = Unpack(r, func(h *tar.Header, content io.Reader) error {
		text, err := io.ReadAll(content)
		files = append(files, fmt.Sprintf("%c %o %s %s %q", h.Typeflag, h.Mode, h.Name, h.Linkname, text))
		return err
	})
	return files, err
}

func tinyDeb(t *testing.T) []byte {
	content, err := os.ReadFile("testdata/tiny.deb")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestUnpack(t *testing.T) {
	got, err := unpacked(bytes.NewReader(append(tinyDeb(t), "and what follows"...)))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`5 755 usr  ""`,
		`5 755 usr/bin  ""`,
		`0 4755 usr/bin/tiny  "#!/bin/sh\necho tiny\n"`,
		`1 4755 usr/bin/tiny2 ./usr/bin/tiny ""`,
		`5 755 usr/share  ""`,
		`5 755 usr/share/tiny  ""`,
		`0 644 usr/share/tiny/text  "text\n"`,
		`2 777 usr/bin/link tiny ""`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestUnpackRefuses(t *testing.T) {
	var empty bytes.Buffer
	members := ar.NewWriter(&empty)
	if err := errors.Join(members.WriteGlobalHeader(), members.WriteHeader(&ar.Header{Name: "debian-binary"})); err != nil {
		t.Fatal(err)
	}
	tiny := tinyDeb(t)
	damaged := bytes.Clone(tiny)
	damaged[len(damaged)-100] ^= 1
	for name, content := range map[string][]byte{
		"nothing":  nil,
		"text":     []byte(strings.Repeat("text ", 100)),
		"no files": empty.Bytes(),
		"cut off":  tiny[:len(tiny)-50],
		"damaged":  damaged,
	} {
		if files, err := unpacked(bytes.NewReader(content)); err == nil {
			t.Errorf("%s: got %v, want an error", name, files)
		}
	}
	stop := errors.New("stop")
	if err := Unpack(bytes.NewReader(tiny), func(*tar.Header, io.Reader) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the visitor's error is lost: %v", err)
	}
}
