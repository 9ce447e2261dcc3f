package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// TestMain makes the test binary labcheck itself, for scripts and for its own
// watchdogs.
func TestMain(m *testing.M) {
	testscript.Main(watched{m}, map[string]func(){"labcheck": main, "working": working})
}

// watched runs the tests and wants no goroutine to be left, unless a lab of one of
// them started this process as its watchdog.
type watched struct{ m *testing.M }

func (w watched) Run() int {
	if len(os.Args) == 2 && os.Args[1] == watchdogName {
		return run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	code := w.m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func params(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			for _, name := range []string{"DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "XDG_CACHE_HOME", "GOMODCACHE", "GOCACHE", "GOPATH"} {
				if v, ok := os.LookupEnv(name); ok {
					e.Setenv(name, v)
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ends": ends, "isvalid": isValid, "onejson": oneJSON, "silentengine": silentEngine, "answeras": answerAs,
		},
	}
}

// recordedEngines is where package sim has what engines say about themselves.
const recordedEngines = "../../sim/testdata/engines"

func TestScripts(t *testing.T) { testscript.Run(t, params("testdata/script")) }

// silentEngine sets DOCKER_HOST to what accepts connections and says nothing.
func silentEngine(ts *testscript.TestScript, _ bool, _ []string) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = silent.Close() })
	ts.Setenv("DOCKER_HOST", "tcp://"+silent.Addr().String())
}

// answerAs NAME sets DOCKER_HOST to a server that answers as that engine did when
// it was recorded, and refuses to do anything.
func answerAs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: answeras NAME")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch what := path.Base(r.URL.Path); what {
		case "_ping":
			w.Header().Set("Api-Version", "1.41")
		case "version", "info":
			http.ServeFile(w, r, filepath.Join(recordedEngines, args[0], what+".json"))
		default:
			http.Error(w, `{"message": "it was asked for more than what it is"}`, http.StatusTeapot)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("DOCKER_HOST", "tcp://"+server.Listener.Addr().String())
}

// oneJSON FILE wants a file, or stdout, to be one JSON document and no more.
func oneJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: onejson FILE")
	}
	if content := ts.ReadFile(args[0]); !json.Valid([]byte(content)) {
		ts.Fatalf("%s is not one JSON document:\n%s", args[0], content)
	}
}

// ends CODE COMMAND... runs a command and wants it to end with an exit code.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ends CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case err == nil && want != 0:
		ts.Fatalf("exit code 0, not %d", want)
	case err == nil:
	case !errors.As(err, &ended):
		ts.Fatalf("%v", err)
	case ended.ExitCode() != want:
		ts.Fatalf("exit code %d, not %d", ended.ExitCode(), want)
	}
}
