package debian

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMirrors(t *testing.T) {
	recorded, err := os.ReadFile("testdata/apt-uris.txt")
	if err != nil {
		t.Fatal(err)
	}
	line := func(url string) string { return "'" + url + "/InRelease' name_of_a_file 0 \n" }
	for name, c := range map[string]struct {
		out  string
		want []string
	}{
		"recorded":          {string(recorded), []string{"http://mirror.example/debian"}},
		"nothing":           {"", nil},
		"two mirrors":       {line("http://b/dists/sid") + line("https://a/dists/stable") + line("http://b/dists/trixie"), []string{"http://b", "https://a"}},
		"a folder":          {line("file:/srv/debian/dists/stable"), []string{"file:/srv/debian"}},
		"Ubuntu":            {line("http://mirror.example/ubuntu/dists/noble"), nil},
		"updates only":      {line("http://mirror.example/debian/dists/bookworm-updates"), nil},
		"a CD":              {line("cdrom:[Debian]/dists/stable"), nil},
		"other transports":  {line("mirror+file:/etc/m/dists/stable") + line("tor+http://a/dists/stable"), nil},
		"not of a release":  {"'http://a/dists/sid/main/binary-amd64/Packages.xz' name 0 \n", nil},
		"not apt's":         {"E: http://a/dists/sid/InRelease\n", nil},
		"not apt's, quoted": {"'''\n'\n", nil},
	} {
		if diff := cmp.Diff(c.want, parseMirrors(c.out)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// TestSources has a program in place of apt-get that prints what was recorded.
func TestSources(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("apt-get is a shell script here")
	}
	recorded, err := filepath.Abs("testdata/apt-uris.txt")
	if err != nil {
		t.Fatal(err)
	}
	path := t.TempDir()
	script := "#!/bin/sh\n[ \"$*\" = 'update --print-uris' ] && exec /bin/cat '" + recorded + "'\n"
	if err := os.WriteFile(filepath.Join(path, "apt-get"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	archives := []Source{{URL: "http://archive.example"}, {URL: "http://snapshot.example/file", BySHA1: true}}
	apt := Source{URL: "http://mirror.example/debian"}
	named := Source{URL: "http://named.example", Required: true}
	for name, c := range map[string]struct {
		path, mirror string
		want         []Source
	}{
		"all":              {path, named.URL, append([]Source{named, apt}, archives...)},
		"no mirror":        {path, "", append([]Source{apt}, archives...)},
		"no apt":           {t.TempDir(), named.URL, append([]Source{named}, archives...)},
		"only the archive": {t.TempDir(), "", archives},
	} {
		t.Setenv("PATH", c.path)
		if diff := cmp.Diff(c.want, Sources(t.Context(), c.mirror, archives)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
	if a := Archives(); len(a) != 2 || a[0].BySHA1 || !a[1].BySHA1 {
		t.Errorf("the archives are %+v", a)
	}
}
