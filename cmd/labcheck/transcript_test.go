package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labcheck/harness/lang"

	"github.com/google/go-cmp/cmp"
)

const document = "# A\n\n<!-- labcheck transcript: labcheck version -->\n```\n$ make version\nlabcheck 0\n```\n\n" +
	"    code\n\n<!-- labcheck transcript: labcheck completion bash -->\n\n```console\n$ labcheck completion bash\nfoo\n```\n"

func TestReadSessions(t *testing.T) {
	got, err := readSessions(document)
	if err != nil {
		t.Fatal(err)
	}
	want := []shownSession{
		{"labcheck version", "<!-- labcheck transcript: labcheck version -->\n```\n$ make version\n", "labcheck 0\n"},
		{"labcheck completion bash", "<!-- labcheck transcript: labcheck completion bash -->\n\n```console\n$ labcheck completion bash\n", "foo\n"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shownSession{})); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "# A", "<!-- labcheck transcript: rm -rf / -->\n```\n```\n", "<!-- labcheck transcript: labcheck version -->\n```\nx\n"} {
		if _, err := readSessions(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

// TestTranscript finds a stale document, mends it, and finds it right.
func TestTranscript(t *testing.T) {
	name := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(name, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	transcript := func(want int, args ...string) string {
		var out, said bytes.Buffer
		if code := run(t.Context(), append([]string{"transcript", name}, args...), strings.NewReader(""), &out, &said); code != want {
			t.Errorf("%v: exit code %d, not %d: %s", args, code, want, said.String())
		}
		return out.String() + said.String()
	}
	if said := transcript(exitFalse); !strings.Contains(said, "-labcheck 0") || !strings.Contains(said, "try: labcheck transcript --update") {
		t.Error(said)
	}
	transcript(exitHolds, "--update")
	if said := transcript(exitHolds); said != "" {
		t.Error(said)
	}
	content, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(content), "$ make version\nlabcheck ") || !strings.Contains(string(content), "    code\n") {
		t.Errorf("%v: %s", err, content)
	}
	name = filepath.Join(t.TempDir(), "none.md")
	transcript(exitUsage)
}

// TestRerunIsInALanguage runs a session where the locale is another.
func TestRerunIsInALanguage(t *testing.T) {
	t.Setenv("LC_ALL", "ja_JP.UTF-8")
	a := &app{lab: "other", lang: lang.Japanese}
	for command, want := range map[string]string{"labcheck env --help": "Print what points", "labcheck env --lang ja --help": "シェル"} {
		if printed, err := a.rerun(t.Context(), command); err != nil || !strings.HasPrefix(printed, want) {
			t.Errorf("%s: %v, %.40q", command, err, printed)
		}
	}
}

func TestNormal(t *testing.T) {
	const was = "  ✓ Start 5 hosts on 192.168.33.0/24                5.9s\n✓ 98 claims hold, in 24.0 s\n✓ 98 件の記述が成り立つ(24.0 s)\n"
	if got := normal(was); got != normal(strings.NewReplacer("  5.9s", " 15.2s", "24.0 s", "1 min 07 s").Replace(was)) {
		t.Errorf("times differ: %q", got)
	}
	for _, other := range []string{"99 claims", "4 hosts", "192.168.34.0"} {
		if changed := strings.NewReplacer("98 claims", other, "5 hosts", other, "192.168.33.0", other).Replace(was); normal(changed) == normal(was) {
			t.Errorf("%s is taken for the same", other)
		}
	}
	if normal("0ba758cdd060 992.2 MiB") != normal("3a030513c905 1.1 GiB") {
		t.Error("ids and sizes differ")
	}
}

// FuzzReadSessions: what is read of a document stands in it, and can be replaced.
func FuzzReadSessions(f *testing.F) {
	f.Add("<!-- labcheck transcript: labcheck check -->\n```\n$ make e2e\nit holds\n```\n")
	f.Add("<!-- labcheck transcript: labcheck up -->\n```console\n$ a\n")
	f.Fuzz(func(t *testing.T, document string) {
		all, err := readSessions(document)
		if err == nil && len(all) == 0 {
			t.Error("a document without a session was read")
		}
		for _, s := range all {
			if !strings.Contains(document, s.head+s.shown+"```") || !strings.HasPrefix(s.command, "labcheck ") || strings.Contains(s.shown, "```") {
				t.Errorf("%+v", s)
			}
		}
		if once := normal(document); normal(once) != once {
			t.Errorf("%q: what is another each time is left in %q", document, once)
		}
	})
}
