package transcript

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = "# A\n\n<!-- labcheck transcript: labcheck version -->\n```\n$ make version\nlabcheck 0\n```\n\n" +
	"    code\n\n<!-- labcheck transcript: labcheck completion bash -->\n\n```console\n$ labcheck completion bash\nfoo\n```\n"

func TestParse(t *testing.T) {
	got, err := Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	want := []session{
		{"labcheck version", "<!-- labcheck transcript: labcheck version -->\n```\n$ make version\n", "labcheck 0\n"},
		{"labcheck completion bash", "<!-- labcheck transcript: labcheck completion bash -->\n\n```console\n$ labcheck completion bash\n", "foo\n"},
	}
	if diff := cmp.Diff(want, got.sessions, cmp.AllowUnexported(session{})); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "# A", "<!-- labcheck transcript: rm -rf / -->\n```\n```\n", "<!-- labcheck transcript: labcheck version -->\n```\nx\n"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestNormalize(t *testing.T) {
	const was = "  ✓ Start 5 hosts on 192.168.33.0/24                5.9s\n✓ 98 claims hold, in 24.0 s\n✓ 98 件の記述が成り立つ(24.0 s)\n"
	if got := normalize(was); got != normalize(strings.NewReplacer("  5.9s", " 15.2s", "24.0 s", "1 min 07 s").Replace(was)) {
		t.Errorf("times differ: %q", got)
	}
	for _, other := range []string{"99 claims", "4 hosts", "192.168.34.0"} {
		if changed := strings.NewReplacer("98 claims", other, "5 hosts", other, "192.168.33.0", other).Replace(was); normalize(changed) == normalize(was) {
			t.Errorf("%s is taken for the same", other)
		}
	}
	if normalize("0ba758cdd060 992.2 MiB") != normalize("3a030513c905 1.1 GiB") {
		t.Error("ids and sizes differ")
	}
}

// FuzzParse: what is read of a document stands in it, and can be replaced.
func FuzzParse(f *testing.F) {
	f.Add("<!-- labcheck transcript: labcheck check -->\n```\n$ make e2e\nit holds\n```\n")
	f.Add("<!-- labcheck transcript: labcheck up -->\n```console\n$ a\n")
	f.Fuzz(func(t *testing.T, document string) {
		d, err := Parse(document)
		if err == nil && len(d.sessions) == 0 {
			t.Error("a document without a session was read")
		}
		if err != nil {
			return
		}
		for _, s := range d.sessions {
			if !strings.Contains(document, s.head+s.shown+"```") || !strings.HasPrefix(s.command, "labcheck ") || strings.Contains(s.shown, "```") {
				t.Errorf("%+v", s)
			}
		}
		if once := normalize(document); normalize(once) != once {
			t.Errorf("%q: what is another each time is left in %q", document, once)
		}
	})
}
