// Command image makes labcheck's container image of the binaries that goreleaser built. It
// needs no Docker engine:
//
//	go run ./.ci/image build/release
//	go run ./.ci/image -push ghcr.io/OWNER/labcheck build/release
//
// The first writes an archive for `docker load` for each architecture. The second pushes one
// image for all architectures, with the credentials of the docker CLI. Its tags are the
// version and, unless this is a prerelease, "latest".
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("image: ")
	push := flag.String("push", "", "`repository` that the image is pushed to, instead of writing archives")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("want one argument, the folder that goreleaser wrote")
	}
	r, err := readRelease(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	if *push != "" {
		err = r.pushImage(*push)
	} else {
		err = r.writeArchives()
	}
	if err != nil {
		log.Fatal(err)
	}
}

// release is what goreleaser wrote into a folder.
type release struct {
	dir      string
	Version  string
	Commit   string
	binaries []binary // for Linux
}

// binary is an element of goreleaser's artifacts.json.
type binary struct {
	Type, Path, Goos, Goarch string
}

func readRelease(dir string) (release, error) {
	r := release{dir: dir}
	var all []binary
	err := cmp.Or(readJSON(filepath.Join(dir, "metadata.json"), &r), readJSON(filepath.Join(dir, "artifacts.json"), &all))
	for _, b := range all {
		if b.Type == "Binary" && b.Goos == "linux" {
			r.binaries = append(r.binaries, b)
		}
	}
	if err == nil && len(r.binaries) == 0 {
		err = fmt.Errorf("%s has no binary for Linux", dir)
	}
	return r, err
}

func readJSON(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

// writeArchives writes an archive for each architecture.
func (r release) writeArchives() error {
	tag, err := name.NewTag("labcheck:" + r.Version)
	if err != nil {
		return err
	}
	for _, b := range r.binaries {
		image, err := r.makeImage(b)
		if err != nil {
			return err
		}
		file := filepath.Join(r.dir, "labcheck-image-"+b.Goarch+".tar")
		if err := tarball.WriteToFile(file, tag, image); err != nil {
			return err
		}
		fmt.Println(file)
	}
	return nil
}

// pushImage pushes one image for all architectures.
func (r release) pushImage(repository string) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range r.binaries {
		image, err := r.makeImage(b)
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: b.Goos, Architecture: b.Goarch}},
		})
	}
	for _, tag := range r.tags() {
		ref, err := name.NewTag(strings.ToLower(repository) + ":" + tag)
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(ref, index, remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("push %s: %w", ref, err)
		}
		fmt.Println(ref)
	}
	return nil
}

// tags returns the tags of the image. A prerelease is 1.2.3-rc.1.
func (r release) tags() []string {
	if strings.Contains(r.Version, "-") {
		return []string{r.Version}
	}
	return []string{r.Version, "latest"}
}

// makeImage makes the image of a binary. The image has the time of the commit, as the
// binary has.
func (r release) makeImage(b binary) (v1.Image, error) {
	found, err := os.Stat(b.Path)
	if err != nil {
		return nil, err
	}
	layer, err := makeLayer(b.Path, found.ModTime())
	if err != nil {
		return nil, err
	}
	created := v1.Time{Time: found.ModTime().UTC()}
	typed := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	base, err := mutate.ConfigFile(typed, &v1.ConfigFile{
		Architecture: b.Goarch, OS: b.Goos, Created: created, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/usr/bin/labcheck"},
			Env:        []string{"PATH=/usr/bin", "HOME=/tmp", "XDG_CACHE_HOME=/var/cache"},
			WorkingDir: "/work",
			Labels:     r.labels(),
		},
	})
	if err != nil {
		return nil, err
	}
	history := v1.History{Created: created, CreatedBy: ".ci/image"}
	return mutate.Append(base, mutate.Addendum{Layer: layer, History: history})
}

// labels returns the image's labels. By one of them GitHub finds the source.
func (r release) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":    "labcheck",
		"org.opencontainers.image.version":  r.Version,
		"org.opencontainers.image.revision": r.Commit,
		"org.opencontainers.image.licenses": "Apache-2.0",
	}
	if repository := os.Getenv("GITHUB_REPOSITORY"); repository != "" {
		labels["org.opencontainers.image.source"] = os.Getenv("GITHUB_SERVER_URL") + "/" + repository
	}
	return labels
}

// makeLayer makes the image's only layer: the binary, and the folders that it writes to,
// which everybody may (docker run --user).
func makeLayer(binary string, modified time.Time) (v1.Layer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, h := range []*tar.Header{
		{Name: "tmp/", Mode: 0o1777},
		{Name: "work/", Mode: 0o1777},
		{Name: "var/", Mode: 0o755},
		{Name: "var/cache/", Mode: 0o1777},
		{Name: "usr/", Mode: 0o755},
		{Name: "usr/bin/", Mode: 0o755},
		{Name: "usr/bin/labcheck", Mode: 0o755, Size: int64(len(content))},
	} {
		h.ModTime = modified
		err = errors.Join(err, w.WriteHeader(h))
	}
	if err == nil {
		_, err = w.Write(content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return nil, err
	}
	opener := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(all.Bytes())), nil }
	return tarball.LayerFromOpener(opener, tarball.WithMediaType(types.OCILayer))
}
