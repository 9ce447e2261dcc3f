package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"labcheck/harness/lang"
	"labcheck/sim"
)

const document = "# A\n\n<!-- labcheck transcript: labcheck version -->\n```\n$ make version\nlabcheck 0\n```\n\n" +
	"    code\n\n<!-- labcheck transcript: labcheck completion bash -->\n\n```console\n$ labcheck completion bash\nfoo\n```\n"

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
	a := &app{options: sim.Options{Lab: "other"}, lang: lang.Japanese}
	for command, want := range map[string]string{"labcheck env --help": "Print what points", "labcheck env --lang ja --help": "シェル"} {
		if printed, err := rerun(t.Context(), a, command); err != nil || !strings.HasPrefix(printed, want) {
			t.Errorf("%s: %v, %.40q", command, err, printed)
		}
	}
}
