package sim

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// endedAfter returns a guard of a lab whose engine lists worker01 as one that runs in
// so many looks, then as one that ended.
func endedAfter(t *testing.T, looks int32) *Guard {
	t.Helper()
	var looked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if !strings.HasSuffix(r.URL.Path, "/containers/json") {
			return
		}
		var listed []string
		for _, h := range harness.Tutorial().Hosts() {
			state := "running"
			if h.Name == "worker01" && looked.Load() >= looks {
				state = "exited"
			}
			listed = append(listed, fmt.Sprintf(`{"State": %q, "Labels": {%q: %q}}`, state, labelNode, h.Name))
		}
		looked.Add(1)
		fmt.Fprint(w, "["+strings.Join(listed, ",")+"]")
	}))
	t.Cleanup(server.Close)
	k, err := openLink(t.Context(), endpointAt("tcp://"+server.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	lab := &Lab{
		topology: harness.Tutorial(), machines: []*machine{{link: k}},
		objects: labObjects{engines: []*link{k}, lab: "test"},
	}
	g, err := NewGuard(t.Context(), lab, Activity{
		During: lang.Text{EN: "meanwhile"},
		Again:  func(string) lang.Text { return lang.Text{EN: "again"} },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Stop)
	return g
}

// A host's connections end before the engine says that the host did.
func TestExplainWaitsForTheEngine(t *testing.T) {
	t.Parallel()
	failed := errors.New("connection closed")
	if err := endedAfter(t, 4).Explain(failed); err == nil || err.Error() != "worker01 of lab test ended meanwhile" {
		t.Errorf("of a host that ended: %v", err)
	}
	whole := endedAfter(t, 1_000_000)
	if err := whole.Explain(nil); err != nil {
		t.Errorf("of what did not fail: %v", err)
	}
	if err := whole.Explain(failed); !errors.Is(err, failed) {
		t.Errorf("of a lab that is whole: %v", err)
	}
}
