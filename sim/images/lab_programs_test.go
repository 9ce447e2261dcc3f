//go:build lab

package images

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// TestDigests computes all images, and wants the digests that digests.lock has:
// they are the same on every machine. If a recipe has not changed and the digest
// has, format has to be raised.
func TestDigests(t *testing.T) {
	for n, i := range computedImages(t) {
		config, err := i.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-16s %9s bytes of files, %s", n, config.Config.Labels[labelSize], digestOf(t, i))
		if want, _, ok := knownImage(n, runtime.GOARCH); n != SSHD && (!ok || digestOf(t, i).String() != want) {
			t.Errorf("%s is %s, want %s", n, digestOf(t, i), want)
		}
		if _, size, _ := knownImage(Node, runtime.GOARCH); size > 250e6 {
			t.Errorf("node has %d bytes, want at most 250 MB", size)
		}
	}
}

// root is the file system of an image.
type root struct {
	links map[string]string    // and their targets
	files map[string]*elf.File // nil for those that are no programs
	raw   map[string]*tar.Header
}

func rootOf(t *testing.T, i v1.Image) root {
	t.Helper()
	stream := mutate.Extract(i)
	defer stream.Close()
	r := root{map[string]string{}, map[string]*elf.File{}, map[string]*tar.Header{}}
	for in := tar.NewReader(stream); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		r.add(t, h, in)
	}
}

func (r root) add(t *testing.T, h *tar.Header, content io.Reader) {
	t.Helper()
	name := strings.Trim(h.Name, "/")
	r.raw[name] = h
	if h.Typeflag == tar.TypeSymlink {
		r.links[name] = h.Linkname
	}
	if h.Typeflag != tar.TypeReg || strings.HasPrefix(name, "var/lib/docker/") { // tested by itself
		return
	}
	all, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := elf.NewFile(bytes.NewReader(all)); err == nil {
		r.files[name] = f
	}
}

// has follows links, also those of folders, and says whether a file or folder
// is there. What is in a folder that a running container mounts is.
func (r root) has(name string) bool {
	for range 40 {
		name = strings.Trim(path.Clean("/"+name), "/")
		if first, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"", "proc", "dev", "sys", "run"}, first) {
			return true
		}
		at := name
		for at != "." && r.links[at] == "" {
			at = path.Dir(at)
		}
		if at == "." {
			return r.raw[name] != nil
		}
		target := r.links[at]
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(at), target)
		}
		name = target + strings.TrimPrefix(name, at)
	}
	return false
}

// libraryFolders are where the loader looks, and where it is itself.
func libraryFolders() []string {
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	return []string{"lib/" + triplet, "usr/lib/" + triplet, "lib", "usr/lib", "lib64"}
}

// TestPrograms wants the loader to find each library that a program or library
// of an image is linked with, and each link to have a target.
func TestPrograms(t *testing.T) {
	for n, i := range computedImages(t) {
		r := rootOf(t, i)
		if len(r.files) == 0 {
			t.Errorf("%s has no program", n)
		}
		for name, f := range r.files {
			needed, err := f.ImportedLibraries()
			if err != nil {
				t.Errorf("%s: %s: %v", n, name, err)
			}
			own, _ := f.DynString(elf.DT_RUNPATH)
			folders := append(libraryFolders(), own...)
			for _, library := range needed {
				if !slices.ContainsFunc(folders, func(dir string) bool { return r.has(dir + "/" + library) }) {
					t.Errorf("%s: %s needs %s", n, name, library)
				}
			}
			for _, p := range f.Progs {
				if p.Type != elf.PT_INTERP {
					continue
				}
				loader, err := io.ReadAll(p.Open())
				if err != nil || !r.has(string(bytes.TrimRight(loader, "\x00"))) {
					t.Errorf("%s: %s needs %s, %v", n, name, loader, err)
				}
			}
		}
		for _, p := range recipes()[n].Layers {
			for _, name := range p.Prelinked {
				if f := r.files[name]; f == nil || f.Type != elf.ET_EXEC {
					t.Errorf("%s: %s is not prelinked", n, name)
				}
			}
		}
		for link, target := range r.links {
			if !strings.HasPrefix(link, "var/lib/docker/") && !r.has(link) {
				t.Errorf("%s: %s links to %s, which is not there", n, link, target)
			}
		}
	}
}

// runPrograms runs what each image is for, in one container of it if it has a shell.
func runPrograms(l *lab) {
	type program struct{ command, says string } // it says this, and more
	for image, programs := range map[Name][]program{
		Node: {
			{"dockerd --version", "Docker version 20.10"},
			{"docker --version", "Docker version 20.10"},
			{"containerd --version", "containerd"},
			{"runc --version", "runc version"},
			{"docker-init --version", "tini version"},
			{"iptables --version", "nf_tables"},
			{"ip -V", "iproute2"},
			{"ping -V", "ping from iputils"},
			{"awk -W version", "mawk"},
			{"perl -MIO::Socket::INET -MPOSIX -e 'print(7*7)'", "49"},
			{"bash -c set", "BASH_VERSION"},
			{"mount --version", "util-linux"},
			{"ps --version", "procps"},
		},
		Consul:   {{"consul version", "Consul v1.8.7"}, {"sh -c set", "PPID="}},
		Workload: {{"ping -c 1 localhost", "1 packets received"}},
	} {
		const mark = "== next\n"
		script := "set -e\n"
		for _, p := range programs {
			script += p.command + " 2>&1\nprintf '" + mark + "'\n"
		}
		said := strings.Split(l.run(image, "sh", "-c", script), mark)
		for i, p := range programs {
			if i >= len(said) || !strings.Contains(said[i], p.says) {
				l.t.Errorf("%s: %s: %q, want %q", image, p.command, said[min(i, len(said)-1)], p.says)
			}
		}
	}
	for argument, says := range map[string]string{"--help": "manage", "--version": "swarm version 1.2.9"} {
		if out := l.run(Swarm, "/swarm", argument); !strings.Contains(out, says) {
			l.t.Errorf("swarm %s: %q, want %q", argument, out, says)
		}
	}
	links := map[string]string{}
	for applet := range strings.FieldsSeq(l.run(Workload, "busybox", "--list")) {
		links["bin/"+applet] = "busybox"
	}
	if diff := cmp.Diff(links, recipes()[Workload].Layers[0].Links); diff != "" {
		l.t.Errorf("- busybox --list, + recipes.yaml:\n%s", diff)
	}
}
