// Command lock writes sim/images/packages.lock and sim/images/digests.lock:
// which Debian packages images are made of, and the digests that the images
// have. It needs apt-get and Debian's archive keyring, and takes the lists from
// the Debian mirror that it is given, or else the one that apt is set to.
//
//	go run ./.ci/lock [MIRROR]
package main

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"labcheck/sim/images"
	"labcheck/sim/images/debian"
)

const (
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	folder  = "sim/images"
)

const packagesHead = `# The Debian packages that labcheck's images are made of, as Debian 11's signed
# lists have them. Written by ` + "`make lock`" + `: don't edit.
# architecture, name, path on a mirror, bytes, SHA-256, SHA-1
`

const digestsHead = `# The digest that each image has on every machine. Written by ` + "`make lock`" + `: don't edit.
# architecture, image, tag, digest, bytes of its files
`

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	mirrors := debian.Sources(ctx, strings.Join(os.Args[1:], " "), nil)
	if len(mirrors) == 0 {
		log.Fatal("apt is not set to a Debian mirror: name one, go run ./.ci/lock MIRROR")
	}
	if err := run(ctx, mirrors[0].URL); err != nil {
		log.Fatal(err)
	}
}

// run writes packages.lock and then, in a process of its own, in which the
// new file is embedded, digests.lock.
func run(ctx context.Context, mirror string) error {
	if os.Getenv("LABCHECK_LOCK_DIGESTS") != "" {
		return writeDigests(ctx, mirror)
	}
	if err := writePackages(ctx, mirror); err != nil {
		return err
	}
	again := exec.CommandContext(ctx, "go", "run", "./.ci/lock", mirror)
	again.Env = append(os.Environ(), "LABCHECK_LOCK_DIGESTS=1")
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	return again.Run()
}

func writePackages(ctx context.Context, mirror string) error {
	var all strings.Builder
	all.WriteString(packagesHead)
	for _, arch := range images.Architectures() {
		apt, err := newApt(ctx, arch, mirror)
		if err != nil {
			return err
		}
		packages, err := apt.lookUp(ctx, images.Packages())
		if err := errors.Join(err, apt.close()); err != nil {
			return err
		}
		for _, p := range packages {
			fmt.Fprintln(&all, p.Line())
		}
	}
	return os.WriteFile(filepath.Join(folder, "packages.lock"), []byte(all.String()), 0o644)
}

func writeDigests(ctx context.Context, mirror string) error {
	var all strings.Builder
	all.WriteString(digestsHead)
	for _, arch := range images.Architectures() {
		lines, err := images.Digests(ctx, arch, images.Options{DebianMirror: mirror})
		if err != nil {
			return err
		}
		for _, line := range lines {
			fmt.Fprintln(&all, line)
		}
	}
	return os.WriteFile(filepath.Join(folder, "digests.lock"), []byte(all.String()), 0o644)
}

// apt is apt with settings, lists and downloads of its own, for one
// architecture. It verifies the lists with Debian's key.
type apt struct {
	arch, dir string
	options   []string
}

func newApt(ctx context.Context, arch, mirror string) (*apt, error) {
	dir, err := os.MkdirTemp("", "labcheck-lock-")
	if err != nil {
		return nil, err
	}
	a := &apt{arch: arch, dir: dir, options: []string{
		"-o", "Dir=" + dir, "-o", "Dir::State::status=" + dir + "/status", "-o", "Dir::Bin::methods=/usr/lib/apt/methods",
		"-o", "Dir::Etc::sourcelist=" + dir + "/sources.list", "-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "APT::Architecture=" + arch, "-o", "APT::Architectures=" + arch, "-o", "APT::Sandbox::User=root",
		"-o", "Acquire::Languages=none", "-o", "Acquire::Check-Valid-Until=false", "-qq",
	}}
	for _, sub := range []string{"etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	sources := fmt.Sprintf("deb [signed-by=%s] %s bullseye main\n", keyring, mirror)
	err = errors.Join(os.WriteFile(dir+"/sources.list", []byte(sources), 0o644), os.WriteFile(dir+"/status", nil, 0o644))
	if err != nil {
		return nil, err
	}
	_, err = a.run(ctx, "apt-get", "update")
	return a, err
}

func (a *apt) close() error { return os.RemoveAll(a.dir) }

func (a *apt) run(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, append(a.options, args...)...)
	cmd.Dir, cmd.Stderr = a.dir, os.Stderr
	out, err := cmd.Output()
	return string(out), err
}

// lookUp finds packages in the lists, and downloads them for their SHA-1, which
// the lists lack.
func (a *apt) lookUp(ctx context.Context, names []string) ([]debian.Package, error) {
	shown, err := a.run(ctx, "apt-cache", append([]string{"show", "--no-all-versions"}, names...)...)
	if err != nil {
		return nil, err
	}
	if _, err := a.run(ctx, "apt-get", append([]string{"download"}, names...)...); err != nil {
		return nil, err
	}
	var lines strings.Builder
	for shown := range strings.SplitSeq(strings.TrimSpace(shown), "\n\n") {
		f := parseFields(shown)
		found, err := filepath.Glob(filepath.Join(a.dir, f["Package"]+"_*.deb"))
		if err != nil || len(found) != 1 {
			return nil, fmt.Errorf("apt-get download left %d files of %s (%w)", len(found), f["Package"], err)
		}
		content, err := os.ReadFile(found[0])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&lines, "%s %s %s %s %s %x\n", a.arch, f["Package"], f["Filename"], f["Size"], f["SHA256"], sha1.Sum(content))
	}
	return debian.ParseLock(lines.String())
}

// parseFields returns the fields of a package's description that fit on a line.
func parseFields(shown string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(shown) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		all[key] = value
	}
	return all
}
