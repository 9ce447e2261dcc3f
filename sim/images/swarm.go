package images

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
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
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
)

const (
	swarmModule  = "github.com/docker/swarm"
	swarmVersion = "v1.2.9"
	// swarmSum is the source's checksum, in go.sum's form. The build replaces
	// the module by a changed copy, which go.sum does not watch over.
	swarmSum = "h1:qol0zAuyJDGW18amWhFCjAkjYnihLWeE8Csnr7JfiYk="
	// swarmToolchain is the Go that compiles it, so that the binary is the same
	// everywhere. Another Go downloads it as a module.
	swarmToolchain = "go1.26.8"
	// swarmPublished is the image that the binary is taken from where there is no
	// Go.
	swarmPublished = "swarm:1.2.9"
)

var swarmFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}

// swarmBinary compiles Swarm from its source, or takes it from the published
// image if there is no Go.
func (m *maker) swarmBinary(ctx context.Context) ([]byte, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return m.pullSwarm(ctx)
	}
	dir, err := m.inCache("swarm")
	if err != nil {
		return nil, err
	}
	// What go leaves of its temporary files when it is interrupted is there.
	temp := filepath.Join(dir, "tmp")
	defer os.RemoveAll(temp) //nolint:errcheck // the next build removes it
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o700)); err != nil {
		return nil, err
	}
	if err := m.writeSource(ctx, dir); err != nil {
		return nil, err
	}
	m.say(Swarm, "compiling")
	name := "swarm-" + m.arch
	args := slices.Concat([]string{"build", "-o", name}, swarmFlags, []string{swarmModule})
	if _, err := m.runGo(ctx, dir, args...); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, name))
}

// ErrNoSwarm reports that Swarm can neither be compiled nor pulled. The text
// says what to do.
var ErrNoSwarm = lang.Errorf("there is no Go to compile Swarm with, and %s can't be pulled: "+
	"install Go, or name a registry that has the images (--registry), "+
	"or load the images from a file of another machine (labcheck images load FILE)", swarmPublished)

// pullSwarm takes the binary from the published image.
func (m *maker) pullSwarm(ctx context.Context) ([]byte, error) {
	ref, err := atRegistry(m.opts.Registry, "library/"+swarmPublished)
	if err != nil {
		return nil, err
	}
	m.say(Swarm, "pulling %s", ref)
	published, err := remote.Image(ref, remoteOptions(ctx, m.arch)...)
	if err != nil {
		return nil, lang.Errorf("%w: %w", ErrNoSwarm, err)
	}
	root := mutate.Extract(published)
	defer root.Close()
	var binary []byte
	err = debian.WalkTar(root, func(h *tar.Header, content io.Reader) (err error) {
		if h.Name == "swarm" && h.Typeflag == tar.TypeReg {
			binary, err = io.ReadAll(content)
		}
		return err
	})
	if err != nil || binary == nil {
		return nil, lang.Errorf("%w: %s: %w", ErrNoSwarm, ref, cmp.Or(err, fs.ErrNotExist))
	}
	return binary, nil
}

// writeSource lays out dir for the build: the module, with a changed copy of
// Swarm in src.
func (m *maker) writeSource(ctx context.Context, dir string) error {
	m.say(Swarm, "fetching the source")
	out, err := m.runGo(ctx, dir, "mod", "download", "-C", "..", "-json", swarmModule+"@"+swarmVersion)
	if err != nil {
		return err
	}
	var original struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &original); err != nil {
		return lang.Errorf("go mod download: %w", err)
	}
	if original.Sum != swarmSum {
		return lang.Errorf("the source of %s has the checksum %s, want %s", swarmModule, original.Sum, swarmSum)
	}
	return errors.Join(
		writeFile(filepath.Join(dir, "go.mod"), embedded("swarm/swarm.mod")),
		writeFile(filepath.Join(dir, "go.sum"), embedded("swarm/swarm.sum")),
		copySwarm(filepath.Join(dir, "src"), os.DirFS(original.Dir)),
	)
}

// copySwarm copies the source and spells one import as its dependencies do:
// Go takes two spellings of a path for two modules, and refuses them.
func copySwarm(dir string, original fs.FS) error {
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
		writeFile(filepath.Join(dir, "go.mod"), []byte("module "+swarmModule+"\n")),
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
func (m *maker) runGo(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endTimeout
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &out, &said
	cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=readonly", "GOTOOLCHAIN="+swarmToolchain,
		"GOTMPDIR="+filepath.Join(dir, "tmp"), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+m.arch)
	if err := cmd.Run(); err != nil {
		return nil, lang.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return out.Bytes(), nil
}
