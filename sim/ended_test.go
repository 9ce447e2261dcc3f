package sim

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"labcheck/harness"
)

// An engine that shuts down goes on answering on the connections that it has, and
// its containers run for a while yet: it counts as away.
func TestEndedWhereTheEngineShutsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if strings.HasSuffix(r.URL.Path, "/containers/json") {
			fmt.Fprintf(w, `[{"State": "running", "Labels": {%q: "manager"}}]`, labelNode)
		}
	})}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	k, err := openLink(t.Context(), endpointAt("tcp://"+l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	objects := labObjects{engines: []*link{k}, lab: "test"}
	lab := &Lab{topology: harness.Tutorial(), machines: []*machine{{link: k}}, objects: objects}
	if ended, err := lab.Ended(t.Context()); err != nil || len(ended) != 4 {
		t.Errorf("of an engine that runs: %v, %v", ended, err)
	}
	l.Close()
	if _, err := lab.objects.nodeContainers(t.Context()); err != nil {
		t.Errorf("it does not answer on the connection that it has: %v", err)
	}
	if ended, err := lab.Ended(t.Context()); err == nil {
		t.Errorf("of an engine that takes no connections: %v", ended)
	}
}
