package debian

import (
	"context"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Source is a place that packages are downloaded from.
type Source struct {
	// URL is where the files are: a mirror's URL, below which pool/ is, or with
	// BySHA1 the URL to which a file's SHA-1 checksum is appended.
	URL    string
	BySHA1 bool
	// Required says that nobody else is asked if this source can't be reached:
	// somebody named it.
	Required bool
}

// at returns the URL of a package.
func (s Source) at(p Package) string {
	name := p.Path
	if s.BySHA1 {
		name = p.SHA1
	}
	return strings.TrimSuffix(s.URL, "/") + "/" + name
}

// Archives returns the services of Debian that keep the packages of old releases
// for good: https://www.debian.org/distrib/archive and
// https://snapshot.debian.org ("machine-usable interface", /file/HASH).
func Archives() []Source {
	return []Source{
		{URL: "https://archive.debian.org/debian"},
		{URL: "https://snapshot.debian.org/file", BySHA1: true},
	}
}

// Sources returns where packages come from, in the order in which they are asked:
// the mirror, if one is given, the mirror that this machine's apt uses, and the
// archives.
func Sources(ctx context.Context, mirror string, archives []Source) []Source {
	var all []Source
	if mirror != "" {
		all = append(all, Source{URL: mirror, Required: true})
	}
	for _, url := range aptMirrors(ctx) {
		all = append(all, Source{URL: url})
	}
	return append(all, archives...)
}

// aptTimeout bounds how long apt may take to read its own settings.
const aptTimeout = 5 * time.Second

// aptMirrors asks apt which mirrors of Debian it is set to use. There are none
// without apt, or if it is set to another distribution's.
func aptMirrors(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, aptTimeout)
	defer cancel()
	// It asks nobody, and needs neither root nor package lists.
	out, err := exec.CommandContext(ctx, "apt-get", "update", "--print-uris").Output()
	if err != nil {
		return nil
	}
	return parseMirrors(string(out))
}

// releases matches a line of `apt-get update --print-uris` about a release of
// Debian's main archive: 'URL/dists/SUITE/InRelease'.
var releases = regexp.MustCompile(`(?m)^'((?:https?|file):[^']*?)/dists/` +
	`(?:bullseye|bookworm|trixie|forky|duke|sid|oldoldstable|oldstable|stable|testing|unstable)/InRelease'`)

// parseMirrors finds the mirrors in what apt prints.
func parseMirrors(out string) []string {
	var mirrors []string
	for _, match := range releases.FindAllStringSubmatch(out, -1) {
		if !slices.Contains(mirrors, match[1]) {
			mirrors = append(mirrors, match[1])
		}
	}
	return mirrors
}
