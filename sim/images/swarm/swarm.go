// Package swarm compiles Swarm 1.2.9 from its Go module: the same binary on every
// machine.
package swarm

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"

	"labcheck/harness/lang"
	"labcheck/sim/images/oci"
)

const (
	module  = "github.com/docker/swarm"
	version = "v1.2.9"
	// sourceSum is the source's checksum, in go.sum's form. The build replaces
	// the module by a changed copy, which go.sum does not watch over.
	sourceSum = "h1:qol0zAuyJDGW18amWhFCjAkjYnihLWeE8Csnr7JfiYk="
	// toolchain is the Go that compiles it, so that the binary is the same
	// everywhere. Another Go downloads it as a module.
	toolchain = "go1.26.8"
	// published is the image that the binary is taken from where there is no Go.
	published = "swarm:1.2.9"
)

var buildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// The versions of what Swarm is compiled with.
var (
	//go:embed swarm.mod
	goMod []byte
	//go:embed swarm.sum
	goSum []byte
)

// Recipe returns all that decides what the binary is.
func Recipe() []any { return []any{toolchain, version, sourceSum, buildFlags, goMod, goSum} }

// Options say for whom Swarm is compiled, and where.
type Options struct {
	Arch     string // as Go spells it
	Dir      string // for the source and the binary. Nobody else may use it meanwhile
	Registry string // has the published image, if there is no Go; empty is Docker Hub
	// Say tells what is being done.
	Say func(format string, args ...any)
}

// Binary compiles Swarm from its source, or takes it from the published image if
// there is no Go. The error is then ErrUnavailable if the image can't be pulled.
func Binary(ctx context.Context, o Options) ([]byte, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return o.pull(ctx)
	}
	// What go leaves of its temporary files when it is interrupted is there.
	temp := filepath.Join(o.Dir, "tmp")
	defer os.RemoveAll(temp) //nolint:errcheck // the next build removes it
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o700)); err != nil {
		return nil, err
	}
	if err := o.writeSource(ctx); err != nil {
		return nil, err
	}
	o.Say("compiling")
	name := "swarm-" + o.Arch
	args := slices.Concat([]string{"build", "-o", name}, buildFlags, []string{module})
	if _, err := o.runGo(ctx, args...); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(o.Dir, name))
}

// ErrUnavailable reports that Swarm can neither be compiled nor pulled. The text
// says what to do.
var ErrUnavailable = lang.Errorf("there is no Go to compile Swarm with, and %s can't be pulled: "+
	"install Go, or name a registry that has the images (--registry), "+
	"or load the images from a file of another machine (labcheck images load FILE)", published)

// pull takes the binary from the published image.
func (o Options) pull(ctx context.Context) ([]byte, error) {
	ref, err := oci.AtRegistry(o.Registry, "library/"+published)
	if err != nil {
		return nil, err
	}
	o.Say("pulling %s", ref)
	pulled, err := oci.Pull(ctx, ref, o.Arch)
	if err != nil {
		return nil, lang.Errorf("%w: %w", ErrUnavailable, err)
	}
	root := mutate.Extract(pulled)
	defer root.Close()
	var binary []byte
	err = oci.WalkTar(root, func(h *tar.Header, content io.Reader) (err error) {
		if h.Name == "swarm" && h.Typeflag == tar.TypeReg {
			binary, err = io.ReadAll(content)
		}
		return err
	})
	if err != nil || binary == nil {
		return nil, lang.Errorf("%w: %s: %w", ErrUnavailable, ref, cmp.Or(err, fs.ErrNotExist))
	}
	return binary, nil
}

// writeSource writes what is built: the module, with a changed copy of Swarm in
// src.
func (o Options) writeSource(ctx context.Context) error {
	o.Say("fetching the source")
	out, err := o.runGo(ctx, "mod", "download", "-C", "..", "-json", module+"@"+version)
	if err != nil {
		return err
	}
	var original struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &original); err != nil {
		return lang.Errorf("go mod download: %w", err)
	}
	if original.Sum != sourceSum {
		return lang.Errorf("the source of %s has the checksum %s, want %s", module, original.Sum, sourceSum)
	}
	return errors.Join(
		writeFile(filepath.Join(o.Dir, "go.mod"), goMod),
		writeFile(filepath.Join(o.Dir, "go.sum"), goSum),
		copySource(filepath.Join(o.Dir, "src"), os.DirFS(original.Dir)),
	)
}

// copySource copies the source and spells one import as its dependencies do:
// Go takes two spellings of a path for two modules, and refuses them.
func copySource(dir string, original fs.FS) error {
	return errors.Join(
		fs.WalkDir(original, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			content, err := fs.ReadFile(original, name)
			if err != nil {
				return err
			}
			content = bytes.ReplaceAll(content, []byte("github.com/Sirupsen/logrus"), []byte("github.com/sirupsen/logrus"))
			return writeFile(filepath.Join(dir, filepath.FromSlash(name)), content)
		}),
		writeFile(filepath.Join(dir, "go.mod"), []byte("module "+module+"\n")),
	)
}

func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, content, 0o600)
}

// endTimeout is how long go may clean up after it was interrupted.
const endTimeout = 5 * time.Second

// runGo runs the go command for the engine's architecture, and returns its
// standard output. What the user has set for other modules, in the environment
// or with `go env -w`, does not count here; where modules come from does.
func (o Options) runGo(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endTimeout
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Dir, &out, &said
	cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN="+toolchain,
		"GOTMPDIR="+filepath.Join(o.Dir, "tmp"), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+o.Arch)
	if err := cmd.Run(); err != nil {
		return nil, lang.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), nil
}
