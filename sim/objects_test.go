package sim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"go.uber.org/goleak"
)

// TestRemoveContainerThatGoes wants nothing to be left of the wait for a container that
// somebody else has removed meanwhile.
func TestRemoveContainerThatGoes(t *testing.T) {
	before := goleak.IgnoreCurrent()
	gone := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/wait"):
			w.(http.Flusher).Flush()
			<-gone
			_, _ = w.Write([]byte(`{"StatusCode":0}`))
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"message":"no such container"}`))
			// The wait ends when nobody waits for it any more.
			time.AfterFunc(50*time.Millisecond, func() { close(gone) })
		}
	}))
	engine, err := client.NewClientWithOpts(client.WithHost(server.URL), client.WithVersion("1.41"))
	if err != nil {
		t.Fatal(err)
	}
	if err := removeContainer(t.Context(), engine, "c"); err != nil {
		t.Error(err)
	}
	<-gone
	server.Close()
	if err := engine.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}
