package debian

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	sha256Text = strings.Repeat("0a", 32)
	sha1Text   = strings.Repeat("1b", 20)
)

func TestParseLock(t *testing.T) {
	tail := " " + sha256Text + " " + sha1Text
	good := Package{"amd64", "tini", "pool/main/t/tini/tini_0.19.0-1_amd64.deb", 255, sha256Text, sha1Text}
	for name, c := range map[string]struct {
		text string
		want []Package
		err  string // part of it
	}{
		"empty":             {"", nil, ""},
		"comments":          {"# a\n\n  # b\n", nil, ""},
		"a package":         {"# a\n" + good.Line() + "\n", []Package{good}, ""},
		"without a newline": {good.Line(), []Package{good}, ""},
		"Windows lines":     {good.Line() + "\r\n" + good.Line() + "\r\n", []Package{good, good}, ""},
		"a field less":      {"# a\n\namd64 tini pool/t.deb 255 " + sha256Text, nil, `"amd64 tini pool/t.deb 255 `},
		"a field more":      {good.Line() + " x", nil, "does not describe a package"},
		"no number":         {"amd64 tini pool/t.deb 2k" + tail, nil, `does not describe a package`},
	} {
		got, err := ParseLock(c.text)
		if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: error %v, want %q", name, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); err == nil && diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// FuzzParseLock writes what it has read, and reads the same again.
func FuzzParseLock(f *testing.F) {
	f.Add("# a\namd64 tini pool/t.deb 255 " + sha256Text + " " + sha1Text + "\n")
	f.Add("arm64 a pool/../t.deb -1 x y")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseLock(text)
		if err != nil {
			return
		}
		var lines strings.Builder
		for _, p := range all {
			lines.WriteString(p.Line() + "\n")
		}
		again, err := ParseLock(lines.String())
		if diff := cmp.Diff(all, again); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}
