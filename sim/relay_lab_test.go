//go:build lab

package sim

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// testRelay: a connection through docker exec carries one request after another,
// however long they are, and its relay ends with it: also in the middle of a stream
// that goes on.
func testRelay(t *testing.T, through node) {
	n := &through
	n.mode = DialExec
	t.Run("requests", func(t *testing.T) {
		conn := dialEngine(t, n)
		in := bufio.NewReader(conn)
		for length := range 4 {
			began := time.Now()
			readBody(t, request(t, conn, in, "/_ping?"+strings.Repeat("x", length)))
			pace.Within(t, "a request", time.Since(began), time.Second)
		}
		_ = conn.Close() // nothing is under way
		awaitNoRelay(t, n)
	})
	t.Run("events", func(t *testing.T) {
		conn := dialEngine(t, n)
		request(t, conn, bufio.NewReader(conn), "/events")
		stop := makeEvents(t, n)
		defer stop()
		_ = conn.Close() // in the middle of the stream
		awaitNoRelay(t, n)
	})
}

func dialEngine(t *testing.T, n harness.Node) net.Conn {
	t.Helper()
	conn, err := n.Dial(t.Context(), harness.EnginePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // it may be closed
	if err := conn.SetDeadline(time.Now().Add(pace.Limit(10 * time.Second))); err != nil {
		t.Fatal(err)
	}
	return conn
}

// request asks the engine for something and returns the beginning of its answer.
func request(t *testing.T, conn net.Conn, in *bufio.Reader, path string) *http.Response {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: node\r\n\r\n", path); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return resp
}

func readBody(t *testing.T, resp *http.Response) {
	t.Helper()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
}

// makeEvents has the node's engine tell of something several times a second until
// it is stopped.
func makeEvents(t *testing.T, n harness.Node) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_, _ = n.Exec(ctx, "docker", "tag", "labcheck/workload", "test/relay") // ctx may end
		}
	}()
	return func() { cancel(); <-done }
}

func awaitNoRelay(t *testing.T, n harness.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(15*time.Second))
	defer cancel()
	await(ctx, t, "no relay runs on "+n.Name(), func() bool {
		r, err := n.Exec(ctx, "sh", "-c", "pgrep -f '[/]relay' || true")
		return err == nil && r.Stdout == ""
	})
}
