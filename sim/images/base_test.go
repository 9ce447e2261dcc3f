package images

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// fakeEngine answers what the choice of a base asks. A real engine can't be
// told which images of Debian it has, because others use it too.
type fakeEngine struct {
	images   map[string]string // architecture by name
	registry int               // status of its answer for any image
}

var askedFor = regexp.MustCompile(`^/v[0-9.]+/(images|distribution)/(.*)/json$`)

func (f fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := askedFor.FindStringSubmatch(r.URL.Path)
	switch {
	case strings.HasSuffix(r.URL.Path, "/version"):
		_ = json.NewEncoder(w).Encode(map[string]string{"Os": "linux", "Arch": "amd64"})
	case m == nil:
		http.Error(w, `{"message":"not expected: `+r.URL.Path+`"}`, http.StatusTeapot)
	case m[1] == "distribution":
		http.Error(w, `{"message":"said the registry"}`, f.registry)
	case f.images[m[2]] == "":
		http.Error(w, `{"message":"No such image"}`, http.StatusNotFound)
	default:
		_ = json.NewEncoder(w).Encode(map[string]string{"Id": "sha256:1", "Architecture": f.images[m[2]]})
	}
}

func fakeBuilder(t *testing.T, f fakeEngine, o Options) *builder {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	engine, err := client.NewClientWithOpts(client.WithHost("tcp://"+server.Listener.Addr().String()), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	return &builder{Store: New(engine, o), temp: t.TempDir()}
}

func TestBaseIsTheFirstThatIsThere(t *testing.T) {
	ours := "labcheck/base:" + hashes(t, recipes, "amd64")[base]
	for name, c := range map[string]struct {
		images   map[string]string
		registry string
		want     string
	}{
		"ours":                       {map[string]string{ours: "amd64", "debian:bullseye-slim": "amd64"}, "", ours},
		"the small one":              {map[string]string{"debian:11": "amd64", "debian:bullseye-slim": "amd64"}, "", "debian:bullseye-slim"},
		"by number":                  {map[string]string{"debian:11": "amd64", "debian:12": "amd64"}, "", "debian:11"},
		"for the architecture":       {map[string]string{"debian:bullseye-slim": "arm64", "debian:bullseye": "amd64"}, "", "debian:bullseye"},
		"of the registry":            {map[string]string{"debian:bullseye-slim": "amd64", "r.test/x/debian:11": "amd64"}, "r.test/x/", "r.test/x/debian:11"},
		"though not of the registry": {map[string]string{"debian:bullseye-slim": "amd64"}, "r.test", "debian:bullseye-slim"},
	} {
		b := fakeBuilder(t, fakeEngine{images: c.images}, Options{Registry: c.registry})
		if got, err := b.makeBase(t.Context()); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestWithoutABaseOrATool(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for name, c := range map[string]struct {
		registry string
		status   int
		noBase   bool // the error is ErrNoBase, so that a root file system was tried
		want     string
	}{
		"no registry can be reached":  {"", http.StatusInternalServerError, true, "apt-get install mmdebstrap"},
		"the default one has none":    {"", http.StatusNotFound, true, "--registry"},
		"the one asked for has none":  {"r.test", http.StatusNotFound, true, "labcheck images load"},
		"it refuses":                  {"r.test", http.StatusForbidden, true, "mmdebstrap"},
		"it wants a password":         {"r.test", http.StatusUnauthorized, true, "mmdebstrap"},
		"the one asked for is broken": {"r.test", http.StatusInternalServerError, false, "ask registry r.test for r.test/debian:bullseye-slim"},
	} {
		b := fakeBuilder(t, fakeEngine{registry: c.status}, Options{Registry: c.registry})
		_, err := b.makeBase(t.Context())
		if err == nil || errors.Is(err, ErrNoBase) != c.noBase || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestNothingToImport: what asks the engine first gets its answer, the teapot.
func TestNothingToImport(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "mmdebstrap"), []byte("#!/bin/sh\necho 'E: no mirror' >&2\nexit 25\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", t.TempDir())
	err := fakeBuilder(t, fakeEngine{}, Options{}).importRoot(t.Context(), "labcheck/base:1")
	want := "make image base: mmdebstrap: exit status 25\n    E: no mirror"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMirrorIsPassedToTheTool(t *testing.T) {
	for _, mirror := range []string{"", "http://mirror.test/debian"} {
		b := fakeBuilder(t, fakeEngine{}, Options{DebianMirror: mirror})
		got := strings.Join(b.orMirror(suite, "-"), " ")
		if want := strings.TrimSpace("bullseye - " + mirror); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestProgramThatFailsIsNotAnEnd(t *testing.T) {
	p := newProgram(t.Context(), func(string) {}, "sh", "-c", "echo half; seq 1 30 >&2; exit 3")
	if err := p.stream(); err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	var buf [4]byte
	var err error
	for err == nil {
		var n int
		n, err = p.Read(buf[:])
		got.Write(buf[:n])
	}
	want := "sh: exit status 3\n    16\n    17\n"
	if got.String() != "half\n" || !strings.HasPrefix(err.Error(), want) || strings.Count(err.Error(), "\n") != keptLines {
		t.Errorf("got %q and %q", got.String(), err)
	}
}
