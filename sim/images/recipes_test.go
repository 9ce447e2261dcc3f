package images

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/sim/images/debian"
)

// TestRecipesAreRead wants recipes.yaml to be one, and has others refused.
func TestRecipesAreRead(t *testing.T) {
	all, err := parseRecipes(embedded("recipes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range append(names(), SSHD) {
		if len(all[n].Layers) == 0 {
			t.Errorf("there is no recipe of %s", n)
		}
	}
	if len(all) != len(names())+1 {
		t.Errorf("there are %d recipes", len(all))
	}
	text := `{"shared": {"a": &a [x, y]}, "images": {"n": {"layers": [{"packages": [*a, [[z], w]], "folders": {"tmp": 0o1777}}]}}}`
	read, err := parseRecipes([]byte(text))
	want := map[Name]recipe{"n": {Layers: []part{{Packages: list{"x", "y", "z", "w"}, Folders: map[string]int64{"tmp": 0o1777}}}}}
	if diff := cmp.Diff(want, read); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, text := range []string{
		"images: {n: {layers: [{package: [x]}]}}", "images: {n: {config: {env: [x]}}}", "more: {}", "images: [", "images: {n: {layers: [{only: [{}]}]}}",
	} {
		if all, err := parseRecipes([]byte(text)); err == nil {
			t.Errorf("%s: read %v", text, all)
		}
	}
}

// TestRecipesName wants every embedded file that a recipe names to exist, and
// every image that it stores to be one that a node can have.
func TestRecipesName(t *testing.T) {
	used := map[string]bool{
		"packages.lock": true, "digests.lock": true, "recipes.yaml": true,
	}
	for n, r := range recipes() {
		for _, p := range r.Layers {
			for _, name := range p.Files {
				used[name] = true
			}
			for _, stored := range p.Stored {
				if layers := recipes()[stored].Layers; InNode(stored) == nil || len(layers) != 1 {
					t.Errorf("%s stores %s, which has %d layers and is named %v", n, stored, len(layers), InNode(stored))
				}
			}
		}
	}
	there := map[string]bool{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			there[name] = len(embedded(name)) > 0
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(used, there); diff != "" {
		t.Errorf("- used, + there:\n%s", diff)
	}
}

// TestPackagesLock wants packages.lock to have every package of a recipe for
// each architecture, once, and no other.
func TestPackagesLock(t *testing.T) {
	locked, err := debian.ParseLock(string(embedded("packages.lock")))
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[[2]string]bool{}, map[[2]string]bool{}
	for _, arch := range Architectures() {
		for _, name := range Packages() {
			want[[2]string{arch, name}] = true
		}
	}
	for _, p := range locked {
		got[[2]string{p.Arch, p.Name}] = true
		file := regexp.MustCompile(`/` + regexp.QuoteMeta(p.Name) + `_[^/]*_(all|` + p.Arch + `)\.deb$`)
		if !file.MatchString(p.Path) {
			t.Errorf("%+v", p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(locked) != len(want) {
		t.Errorf("%d lines for %d packages: run make lock\n- recipes, + packages.lock:\n%s", len(locked), len(want), diff)
	}
	_, err = pinned(packagesOf([]Name{Node}), "riscv64")
	if err == nil || !strings.Contains(err.Error(), "for riscv64: images can be made for amd64 and arm64") {
		t.Errorf("for another architecture: %v", err)
	}
}

// TestDigestsLock wants digests.lock to be of today's recipes. That its digests
// are right is tested with an engine (TestDigests).
func TestDigestsLock(t *testing.T) {
	var want, got []string
	for _, arch := range Architectures() {
		for _, n := range names() {
			want = append(want, fmt.Sprintf("%s %s %s", arch, n, tag(n, arch)))
			digest, size, ok := knownImage(n, arch)
			if !ok || !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(digest) || size < 1<<20 {
				t.Errorf("%s for %s is %s of %d bytes", n, arch, digest, size)
			}
		}
	}
	for line := range strings.Lines(string(embedded("digests.lock"))) {
		if !strings.HasPrefix(line, "#") {
			got = append(got, strings.Join(strings.Fields(line)[:3], " "))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("run make lock\n- recipes, + digests.lock:\n%s", diff)
	}
	if digest, _, ok := knownImage(SSHD, "amd64"); ok {
		t.Errorf("the image for tests is %s", digest)
	}
}

func TestTag(t *testing.T) {
	all := map[string]string{}
	for _, arch := range Architectures() {
		for n := range recipes() {
			first := tag(n, arch)
			for range 20 { // maps have another order each time
				if again := tag(n, arch); again != first {
					t.Fatalf("%s for %s has the tags %s and %s", n, arch, first, again)
				}
			}
			if other, taken := all[first]; taken || len(first) != tagLength {
				t.Errorf("%s for %s and %s have the tag %s", n, arch, other, first)
			}
			all[first] = fmt.Sprint(n, " for ", arch)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"usr/share/doc", "usr/share/doc", true},
		{"usr/share/doc", "usr/share/doc/docker.io/README", true},
		{"usr/share/doc", "usr/share/doc-base/x", false},
		{"usr/share/doc", "usr/share", false},
		{"usr/share/doc", "x/usr/share/doc", false},
		{"sbin/mk*", "sbin/mkfs", true},
		{"sbin/mk*", "usr/sbin/mkfs", false},
		{"lib/*/libc.so.*", "lib/x86_64-linux-gnu/libc.so.6", true},
		{"lib/*/libc.so.*", "lib/libc.so.6", false},
		{"lib/*/ld-[0-9]*", "lib/aarch64-linux-gnu/ld-2.31.so", true},
		{"lib/*/ld-[0-9]*", "lib/aarch64-linux-gnu/ld-linux.so", false},
		{"lib64", "lib64/ld-linux-x86-64.so.2", true},
		{"a[", "a[", false},
	} {
		if got := matchesPattern(c.pattern, c.name); got != c.want {
			t.Errorf("%s, %s: %t", c.pattern, c.name, got)
		}
	}
	p := part{Only: []string{"usr/bin/*"}, Not: []string{"usr/bin/x*"}}
	for name, want := range map[string]bool{"usr/bin/docker": true, "usr/bin/xz": false, "usr/sbin/docker": false} {
		if got := p.takes(&tar.Header{Name: name}); got != want {
			t.Errorf("takes %s: %t", name, got)
		}
	}
	folder := &tar.Header{Name: "usr/bin/folder", Typeflag: tar.TypeDir}
	if p.takes(folder) || !(part{}).takes(folder) {
		t.Error("folders are taken of whole packages only")
	}
}

// TestPatterns wants every pattern of a recipe to be one.
func TestPatterns(t *testing.T) {
	for n, r := range recipes() {
		for _, p := range r.Layers {
			for _, pattern := range slices.Concat(p.Only, p.Not, slices.Collect(maps.Values(p.Joined))) {
				if _, err := fs.Glob(files, pattern); err != nil || strings.HasPrefix(pattern, "/") || strings.HasSuffix(pattern, "/") {
					t.Errorf("%s: %q, %v", n, pattern, err)
				}
			}
		}
	}
}
