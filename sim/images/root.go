package images

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"labcheck/harness"
)

// ErrNoBase is that there is no image of Debian 11, and nothing to make one
// with. The text says what to do.
var ErrNoBase = harness.Errorf("there is no image of Debian 11, none can be pulled, and none can be made here",
	"Debian 11 のイメージがなく、プルもできず、このマシンでは作成もできない")

// baseOptions make a root file system as small as it can be: neither
// documentation nor translations, and of packages what dpkg and apt need.
func baseOptions() []string {
	return []string{
		"--variant=apt", "--format=tar", "--components=main",
		"--dpkgopt=force-unsafe-io", // if the machine crashes, it is made again
		"--dpkgopt=path-exclude=/usr/share/man/*",
		"--dpkgopt=path-exclude=/usr/share/doc/*",
		"--dpkgopt=path-exclude=/usr/share/info/*",
		"--dpkgopt=path-exclude=/usr/share/locale/*",
	}
}

// debianArch is Debian's name for an architecture that Go calls arch.
func debianArch(arch string) string {
	switch arch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return arch
}

// startRoot starts what writes a root file system of Debian 11 as a tar stream.
func (b *builder) startRoot(ctx context.Context, arch string) (*program, error) {
	p, err := b.rootProgram(ctx, debianArch(arch))
	if err != nil {
		return nil, err
	}
	if err := p.stream(); err != nil {
		return nil, harness.Errorf("start %s: %w", "%s の起動: %w", p.name, err)
	}
	return p, nil
}

func (b *builder) rootProgram(ctx context.Context, arch string) (*program, error) {
	if path, err := exec.LookPath("mmdebstrap"); err == nil {
		argv := append([]string{path, "--architectures=" + arch}, baseOptions()...)
		p := newMounter(ctx, b.tellTool, append(argv, b.orMirror(suite, "-")...)...)
		dir, err := b.toolDir()
		p.cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		return p, err
	}
	path, err := exec.LookPath("debootstrap")
	if err != nil || os.Geteuid() != 0 {
		return nil, harness.Errorf("%w: install mmdebstrap (apt-get install mmdebstrap; the best), "+
			"or be root and have debootstrap, or name a registry that has %s (--registry), "+
			"or load the images from a file of another machine (labcheck images load FILE)",
			"%w: mmdebstrap をインストールするか(apt-get install mmdebstrap。最も確実)、"+
				"root で debootstrap を使うか、%s のあるレジストリを指定するか(--registry)、"+
				"別のマシンで保存したファイルからイメージを読み込む(labcheck images load FILE)", ErrNoBase, bases()[0])
	}
	return b.debootstrap(ctx, path, arch)
}

// debootstrap writes into a directory, which tar then reads.
func (b *builder) debootstrap(ctx context.Context, path, arch string) (*program, error) {
	dir := filepath.Join(b.temp, "root")
	argv := []string{path, "--variant=minbase", "--arch=" + arch}
	p := newMounter(ctx, b.tellTool, append(argv, b.orMirror(suite, dir)...)...)
	p.cmd.Stdout = p.said // it tells its progress and its errors there
	if err := p.run(); err != nil {
		return nil, harness.Errorf("make image %s: %w", "イメージ %s の作成: %w", base, err)
	}
	return newProgram(ctx, b.tellTool, "tar", "--create", "--numeric-owner", "--directory="+dir,
		"--exclude=./dev/*", "--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*",
		"--exclude=./usr/share/man/*", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/locale/*", "."), nil
}

// orMirror are the arguments, and the mirror if one was given.
func (b *builder) orMirror(args ...string) []string {
	if b.opts.DebianMirror != "" {
		args = append(args, b.opts.DebianMirror)
	}
	return args
}

// tellTool passes on what a tool says it is doing.
func (b *builder) tellTool(line string) {
	b.tell(base, strings.TrimPrefix(line, "I: "))
}
