package images

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"labcheck/harness"
	"labcheck/sim/images/debian"
)

//go:embed consul node swarm workload packages.lock digests.lock recipes.yaml
var files embed.FS

// embedded is the content of an embedded file. That each name exists is tested.
func embedded(name string) []byte {
	content, _ := files.ReadFile(name)
	return content
}

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
	// Joined are files that consist of all files matching a pattern, in the order
	// of their names.
	Joined  map[string]string
	Files   map[string]string // from files of this package: "node/node"
	Texts   map[string]string
	Links   map[string]string // symbolic ones, and their targets
	Folders map[string]int64  // and their modes
	Swarm   bool              // with the Swarm binary
	Stored  []Name            // images that are put into the store of the node's engine
	// Applets is a file of this package with the names of commands in bin that are
	// links to busybox. They are among Links, too.
	Applets string `json:"-" yaml:"applets"`
}

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
	for _, r := range all.Images {
		for i := range r.Layers {
			r.Layers[i].linkApplets()
		}
	}
	return all.Images, err
}

func (p *part) linkApplets() {
	for applet := range strings.FieldsSeq(string(embedded(p.Applets))) {
		if p.Links == nil {
			p.Links = map[string]string{}
		}
		p.Links["bin/"+applet] = "busybox"
	}
}

// lock is packages.lock. That it can be read is tested.
var lock = sync.OnceValue(func() []debian.Package {
	all, _ := debian.ParseLock(strings.NewReader(string(embedded("packages.lock"))))
	return all
})

// pinned are packages as packages.lock pins them.
func pinned(names []string, arch string) ([]debian.Package, error) {
	var all []debian.Package
	for _, name := range names {
		at := slices.IndexFunc(lock(), func(p debian.Package) bool { return p.Arch == arch && p.Name == name })
		if at < 0 {
			return nil, harness.Errorf("packages.lock has no %s for %s: images can be made for amd64 and arm64",
				"packages.lock に %[2]s 用の %[1]s がない。イメージを作成できるのは amd64 と arm64 である", name, arch)
		}
		all = append(all, lock()[at])
	}
	return all, nil
}

// Packages are the names of all packages that images are made of.
func Packages() []string { return packagesOf(slices.Collect(maps.Keys(recipes()))) }

// packagesOf are the names of the packages of some images, without those of the
// images that they store.
func packagesOf(which []Name) []string {
	all := map[string]bool{}
	for _, n := range which {
		for _, p := range recipes()[n].Layers {
			for _, name := range p.Packages {
				all[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// storedIn are the images that an image has in the store of its engine.
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

// tag is the tag of an image: the hash of all that decides what the image is.
func tag(n Name, arch string) (string, error) {
	h := sha256.New()
	if err := describe(json.NewEncoder(h), n, arch); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:tagLength], nil
}

func describe(to *json.Encoder, n Name, arch string) error {
	r := recipes()[n]
	all := []any{format, n, arch, r}
	for _, p := range r.Layers {
		packages, err := pinned(p.Packages, arch)
		if err != nil {
			return err
		}
		all = append(all, packages)
		for _, name := range slices.Sorted(maps.Values(p.Files)) {
			all = append(all, embedded(name))
		}
		if p.Swarm {
			all = append(all, swarmToolchain, swarmVersion, swarmSum, swarmFlags(), embedded("swarm/swarm.mod"), embedded("swarm/swarm.sum"))
		}
	}
	if err := to.Encode(all); err != nil {
		return err
	}
	for _, stored := range storedIn(n) {
		if err := describe(to, stored, arch); err != nil {
			return err
		}
	}
	return nil
}
