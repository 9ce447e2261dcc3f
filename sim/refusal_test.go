package sim

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// recorded is a server that answers as an engine did (testdata/engines), and
// notes what it is asked.
type recorded struct {
	*httptest.Server
	networks string // what it lists; nothing if empty
	lock     sync.Mutex
	asked    []string
}

func answerAs(t *testing.T, name string) *recorded {
	t.Helper()
	r := &recorded{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.lock.Lock()
		r.asked = append(r.asked, req.Method+" "+path.Base(req.URL.Path))
		r.lock.Unlock()
		switch what := path.Base(req.URL.Path); what {
		case "_ping":
			w.Header().Set("Api-Version", "1.41")
		case "version", "info":
			http.ServeFile(w, req, filepath.Join("testdata/engines", name, what+".json"))
		case "networks":
			_, _ = io.WriteString(w, r.networks)
		default:
			http.NotFound(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorded) host() string { return "tcp://" + r.Listener.Addr().String() }

// environmentOf is a selection that sees no other variables than these.
func environmentOf(t *testing.T, vars ...string) selection {
	t.Helper()
	env := map[string]string{"DOCKER_CONFIG": t.TempDir()}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return newSelection("", func(name string) string { return env[name] })
}

// Engines that can't hold a lab are refused before anything is made: all they
// are asked is what they are. The real Swarm is in the tests on labs.
func TestEnginesThatAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"podman":   "is Podman; a lab needs Docker Engine",
		"rootless": "runs rootless; the hosts of a lab need SYS_ADMIN on the real machine",
		"windows":  "runs Windows containers; a lab needs Linux containers",
		"swarm":    "is a Swarm cluster (swarm/1.2.9); a lab needs a single Docker engine",
		"linux":    "",
	} {
		t.Run(name, func(t *testing.T) {
			r := answerAs(t, name)
			k, err := connect(t.Context(), environmentOf(t, "DOCKER_HOST="+r.host()), netip.Prefix{})
			if k != nil {
				k.Close()
			}
			for _, asked := range r.asked {
				if !strings.HasPrefix(asked, "HEAD ") && !strings.HasPrefix(asked, "GET ") {
					t.Errorf("it was asked: %s", asked)
				}
			}
			if want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var refused *harness.HintError
			want = r.host() + " (context default, from DOCKER_HOST) " + want
			if !errors.As(err, &refused) || err.Error() != want {
				t.Fatalf("%v, not %s", err, want)
			}
			for _, l := range []lang.Language{lang.English, lang.Japanese} {
				text, hint := l.Error(err), refused.Hint.In(l)
				if hint == "" || !strings.Contains(text, r.host()) || strings.Contains(text, "\n") {
					t.Errorf("%s: %s (%s)", l, text, hint)
				}
			}
			if ja := lang.Japanese.Error(err); ja == err.Error() {
				t.Errorf("in Japanese: %s", ja)
			}
		})
	}
}

// After `labcheck env` DOCKER_HOST names an address of a lab: the engine that
// holds the lab is found. An address for labs that no lab has may be somebody
// else's, and is not dialed.
func TestAddressOfALab(t *testing.T) {
	subnet := netip.MustParsePrefix("127.0.0.0/24") // so that a dial would be seen
	for _, test := range []struct {
		networks string
		found    bool
	}{
		{`[{"Name": "lab", "IPAM": {"Config": [{"Subnet": "127.0.0.0/24"}]}}]`, true},
		{`[{"Name": "lab", "IPAM": {"Config": [{"Subnet": "192.168.33.0/24"}]}}]`, false},
		{`[]`, false},
	} {
		engine, behind := answerAs(t, "linux"), answerAs(t, "swarm")
		engine.networks = test.networks
		s := environmentOf(t, "DOCKER_HOST="+behind.host(), EnvEngine+"="+engine.host())
		k, err := connect(t.Context(), s, subnet)
		var refused *harness.HintError
		switch {
		case len(behind.asked) > 0:
			t.Errorf("%s: the address was asked %v", test.networks, behind.asked)
		case !test.found:
			want := "DOCKER_HOST=" + behind.host() + " is an address for labs"
			if !errors.As(err, &refused) || !strings.HasPrefix(err.Error(), want) || refused.Hint.String() != "unset DOCKER_HOST" {
				t.Errorf("%s: %v", test.networks, err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.networks, err)
		default:
			if k.Host != engine.host() || k.engineName() != engine.host() {
				t.Errorf("%s: the engine is %s, its name %s", test.networks, k.Host, k.engineName())
			}
			k.Close()
		}
	}
}

// Of an address that can't be a lab's no other engine is asked about labs.
func TestAddressOfAnEngine(t *testing.T) {
	engine, other := answerAs(t, "linux"), answerAs(t, "linux")
	s := environmentOf(t, "DOCKER_HOST="+engine.host(), EnvEngine+"="+other.host())
	k, err := connect(t.Context(), s, netip.Prefix{})
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	if k.Host != engine.host() || len(other.asked) > 0 {
		t.Errorf("the engine is %s, and another was asked %v", k.Host, other.asked)
	}
}
