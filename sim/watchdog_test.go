package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A watchdog whose engine is away, as one is that restarts, does its work when
// the engine is back.
func TestWatchdogWaitsForTheEngine(t *testing.T) {
	t.Parallel()
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := first.Addr().String()
	first.Close()
	told, err := json.Marshal(watched{endpointAt("tcp://" + at).Endpoint, "test-away", "RUN"})
	if err != nil {
		t.Fatal(err)
	}
	dog := exec.Command(os.Args[0], "watchdog")
	dog.Stdin = bytes.NewReader(told)
	dog.Env = append(os.Environ(), "DOCKER_HOST=tcp://"+at, "XDG_CACHE_HOME="+t.TempDir())
	var said strings.Builder
	dog.Stderr = &said
	if err := dog.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // it finds nobody there
	again, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	starts := time.Now().Add(time.Second)
	var asked atomic.Int32
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if time.Now().Before(starts) && !strings.HasSuffix(r.URL.Path, "/_ping") {
			http.Error(w, `{"message": "starting"}`, http.StatusServiceUnavailable)
			return
		}
		answer := map[string]string{"/containers/json": "[]", "/volumes": "{}", "/networks": "[]", "/images/json": "[]"}
		for path, text := range answer {
			if strings.HasSuffix(r.URL.Path, path) {
				asked.Add(1)
				fmt.Fprint(w, text)
				return
			}
		}
		fmt.Fprint(w, "{}")
	})}
	go func() { _ = server.Serve(again) }()
	defer server.Close()
	if err := dog.Wait(); err != nil || asked.Load() < 4 {
		t.Errorf("it asked %d times for what there is, and ended with %v: %s", asked.Load(), err, said.String())
	}
}
