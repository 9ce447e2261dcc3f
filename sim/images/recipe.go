package images

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/harness/lang"
	"labcheck/sim/images/debian"
	"labcheck/sim/images/swarm"
)

//go:embed consul node workload packages.lock digests.lock recipes.yaml
var files embed.FS

// embedded returns the content of an embedded file. That each name exists is tested.
func embedded(name string) []byte {
	content, _ := files.ReadFile(name)
	return content
}

// Architectures returns the architectures that images can be made for, as Go spells them.
func Architectures() []string { return []string{"amd64", "arm64"} }

// recipe says what an image is: its layers, the lowest first, and how it runs.
type recipe struct {
	Layers []part
	Config v1.Config
}

// part says what is in a layer. All names are relative to the root.
type part struct {
	// Packages are unpacked one after another; of their files only those that
	// match a pattern of Only are taken, or all if there are none, and not those
	// that match one of Not. A pattern is one of path.Match, and matches all that
	// is in a folder, too.
	Packages  list
	Only, Not list
	Renamed   map[string]string // files of packages that have another name in the image
	Prelinked list              // programs of packages that are moved to a fixed address
	// Joined are files that consist of all files of packages matching a pattern, in
	// the packages' order, which is that of the names.
	Joined  map[string]string
	Files   map[string]string // from files of this package: "node/node"
	Texts   map[string]string
	Links   map[string]string // symbolic ones, and their targets
	Folders map[string]int64  // and their modes
	Swarm   bool              // with the Swarm binary
	Stored  []Name            // images that are put into the store of the node's engine
}

// key is the same for equal parts.
func (p part) key() string { return fmt.Sprint(p) }

// list is strings; a list in it stands for its entries.
type list []string

// UnmarshalYAML reads a list, of which parts may be lists.
func (l *list) UnmarshalYAML(decode func(any) error) error {
	var one string
	if decode(&one) == nil {
		*l = list{one}
		return nil
	}
	var nested []list
	err := decode(&nested)
	*l = slices.Concat(nested...)
	return err
}

// recipes are the recipes of all images. That they can be read is tested.
var recipes = sync.OnceValue(func() map[Name]recipe {
	all, _ := parseRecipes(embedded("recipes.yaml"))
	return all
})

// parseRecipes reads recipes.yaml.
func parseRecipes(content []byte) (map[Name]recipe, error) {
	var all struct {
		Shared any
		Images map[Name]recipe
	}
	err := yaml.UnmarshalWithOptions(content, &all, yaml.Strict())
	return all.Images, err
}

// lockedPackages are those of packages.lock. That it can be read is tested.
var lockedPackages = sync.OnceValue(func() []debian.Package {
	all, _ := debian.ParseLock(string(embedded("packages.lock")))
	return all
})

// pinned returns packages as packages.lock pins them.
func pinned(names []string, arch string) (all []debian.Package, err error) {
	for _, name := range names {
		at := slices.IndexFunc(lockedPackages(), func(p debian.Package) bool { return p.Arch == arch && p.Name == name })
		if at < 0 {
			return nil, lang.Errorf("packages.lock has no %s for %s: images can be made for amd64 and arm64", name, arch)
		}
		all = append(all, lockedPackages()[at])
	}
	return all, nil
}

// Packages returns the names of all packages that images are made of.
func Packages() []string { return packagesOf(slices.Collect(maps.Keys(recipes()))) }

// packagesOf returns the names of the packages of some images, without those of the
// images that they store.
func packagesOf(which []Name) []string {
	var all []string
	for _, n := range which {
		for _, p := range recipes()[n].Layers {
			all = append(all, p.Packages...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// storedIn returns the images that an image has in the store of its engine.
func storedIn(n Name) (all []Name) {
	for _, p := range recipes()[n].Layers {
		all = append(all, p.Stored...)
	}
	return all
}

// format is the version of how recipes become images. TestDigests tells when it
// has to be raised.
const format = 1

// tagLength is how many hexadecimal digits of a recipe's hash are in a tag.
const tagLength = 12

// tag returns the tag of an image: the hash of all that decides what the image is.
func tag(n Name, arch string) string {
	var all bytes.Buffer
	describe(json.NewEncoder(&all), n, arch)
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:])[:tagLength]
}

// describe writes all that decides what an image is. A package that is not
// pinned is told of when the image is made.
func describe(to *json.Encoder, n Name, arch string) {
	r := recipes()[n]
	all := []any{format, n, arch, r}
	for _, p := range r.Layers {
		packages, _ := pinned(p.Packages, arch)
		all = append(all, packages)
		for _, name := range slices.Sorted(maps.Values(p.Files)) {
			all = append(all, embedded(name))
		}
		if p.Swarm {
			all = append(all, swarm.Recipe()...)
		}
	}
	_ = to.Encode(all) // of types that can be encoded, into memory
	for _, stored := range storedIn(n) {
		describe(to, stored, arch)
	}
}

// knownImage looks up in digests.lock which digest an image has, and how many
// bytes its files. A recipe that was changed since is not there.
func knownImage(n Name, arch string) (digest string, size int64, ok bool) {
	for line := range strings.Lines(string(embedded("digests.lock"))) {
		f := strings.Fields(line)
		if len(f) == 5 && f[0] == arch && f[1] == string(n) && f[2] == tag(n, arch) {
			size, err := strconv.ParseInt(f[4], 10, 64)
			return f[3], size, err == nil
		}
	}
	return "", 0, false
}
