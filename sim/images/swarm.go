package images

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"labcheck/harness"
)

const (
	swarmModule  = "github.com/docker/swarm"
	swarmVersion = "v1.2.9"
	// swarmSum is the source's checksum, in go.sum's form. The build replaces
	// the module by a changed copy, which go.sum does not watch over.
	swarmSum = "h1:qol0zAuyJDGW18amWhFCjAkjYnihLWeE8Csnr7JfiYk="
	// swarmPublished is the image that is pulled where there is no Go.
	swarmPublished = "swarm:1.2.9"
)

// swarmFlags make a small binary that is the same wherever it is built.
func swarmFlags() []string {
	return []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="}
}

// makeSwarm builds Swarm from its source, or pulls it where there is no Go.
func (b *builder) makeSwarm(ctx context.Context) error {
	if _, err := exec.LookPath("go"); err != nil {
		return b.pullSwarm(ctx)
	}
	dir := filepath.Join(b.temp, "swarm")
	if err := b.swarmSource(ctx, dir); err != nil {
		return harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", Swarm, err)
	}
	b.say(Swarm, "compiling", "コンパイル中")
	args := slices.Concat([]string{"build", "-o", "swarm"}, swarmFlags(), []string{swarmModule})
	if _, err := b.goTool(ctx, dir, args...); err != nil {
		return harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", Swarm, err)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "swarm"))
	if err != nil {
		return err
	}
	return b.build(ctx, Swarm, "", []file{{"swarm", binary}})
}

func (b *builder) pullSwarm(ctx context.Context) error {
	ours, err := b.Ref(ctx, Swarm)
	if err != nil {
		return err
	}
	for _, ref := range b.published([]string{swarmPublished}) {
		if ok, err := b.usable(ctx, ref); err != nil {
			return err
		} else if ok {
			b.done(Swarm, "is there: %s", "作成済み: %s", ref)
			return b.engine.ImageTag(ctx, ref, ours)
		}
	}
	if pulled, err := b.pullFirst(ctx, Swarm, ours, b.atRegistry(swarmPublished)); pulled || err != nil {
		return err
	}
	return ErrNoSwarm
}

// ErrNoSwarm is that Swarm can neither be built nor pulled. The text says what
// to do.
var ErrNoSwarm = harness.Errorf("there is no Go here to build Swarm with, and it can't be pulled: "+
	"install Go, or name a registry that has %s (--registry), "+
	"or load the images from a file of another machine (labcheck images load FILE)",
	"Swarm をビルドする Go がなく、プルもできない: Go をインストールするか、%s のあるレジストリを指定するか(--registry)、"+
		"別のマシンで保存したファイルからイメージを読み込む(labcheck images load FILE)", swarmPublished)

// swarmSource lays out dir for the build: the module, with its changed copy of
// Swarm in src.
func (b *builder) swarmSource(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for from, to := range map[string]string{"swarm.mod": "go.mod", "swarm.sum": "go.sum"} {
		content, err := fs.ReadFile(b.recipes, string(Swarm)+"/"+from)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, to), content, 0o600); err != nil {
			return err
		}
	}
	b.say(Swarm, "fetching the source", "ソースを取得中")
	original, err := b.download(ctx)
	if err != nil {
		return err
	}
	return copySwarm(filepath.Join(dir, "src"), os.DirFS(original))
}

// download has Go fetch Swarm's module, and returns where it is.
func (b *builder) download(ctx context.Context) (string, error) {
	out, err := b.goTool(ctx, b.temp, "mod", "download", "-json", swarmModule+"@"+swarmVersion)
	if err != nil {
		return "", err
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("go mod download: %w", err)
	}
	if module.Sum != swarmSum {
		return "", harness.Errorf("the source of %s has checksum %s, not %s", "%s のソースのチェックサムは %s で、%s ではない", swarmModule, module.Sum, swarmSum)
	}
	return module.Dir, nil
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

// goTool runs the go command for the engine's architecture. What the user has
// set for other modules, in the environment or with `go env -w`, does not
// count here; where modules come from does.
func (b *builder) goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	arch, err := b.architecture(ctx)
	if err != nil {
		return nil, err
	}
	p := newProgram(ctx, func(line string) { b.tell(Swarm, shorten(line, 60)) }, append([]string{"go"}, args...)...)
	var out bytes.Buffer
	p.cmd.Dir, p.cmd.Stdout = dir, &out
	p.cmd.Env = append(os.Environ(), "GO111MODULE=on", "GOWORK=off", "GOFLAGS=-mod=readonly",
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOTMPDIR="+b.temp)
	err = p.run()
	return out.Bytes(), err
}
