package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// What a signal ended says what becomes of what it did: some commands go on from
// there, others leave nothing.
func TestInterruptedSaysWhatIsLeft(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	const stays, gone = "the same command goes on from there", "what was made is removed again"
	for command, want := range map[string]string{"bootstrap": stays, "down": stays, "up": gone, "check": gone, "images build": gone} {
		var out, said bytes.Buffer
		code := run(ctx, append(strings.Fields(command), "--lang", "en"), strings.NewReader(""), &out, &said)
		if code != exitInterrupted || !strings.HasPrefix(said.String(), "labcheck: interrupted; ") || !strings.Contains(said.String(), want) {
			t.Errorf("%s: exit code %d: %q", command, code, said.String())
		}
	}
}

// TestFullStdout wants a command whose output could not be written to say so and to
// end with another code than 0.
func TestFullStdout(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	for _, command := range []string{
		"version", "--json version", "--help", "up --help", "inventory example", "inventory schema", "completion bash",
	} {
		var said bytes.Buffer
		code := run(t.Context(), append(strings.Fields(command), "--lang", "en"), strings.NewReader(""), full, &said)
		if code != exitUnreachable || !strings.Contains(said.String(), "no space left on device") {
			t.Errorf("%s: exit code %d: %q", command, code, said.String())
		}
		if n := strings.Count(said.String(), "no space left"); n != 1 {
			t.Errorf("%s: the error is told %d times: %q", command, n, said.String())
		}
	}
}

// TestHintOfTimeout wants the error of a wait that was too short to say what to do, by
// whether there still is a cluster to look at.
func TestHintOfTimeout(t *testing.T) {
	a := &app{lang: lang.English}
	a.root()
	late := lang.Errorf("engine of store: %w", &harness.TimeoutError{After: time.Minute, Last: errors.New("no answer")})
	refused := errors.New("refused")
	hinted := &harness.TimeoutError{Last: harness.WithHint(refused, lang.Verbatim("open the port"))}
	for err, want := range map[error]string{
		late:                      "a longer --timeout, or labcheck doctor",
		hintDiagnosis(a, late):    "labcheck diagnose",
		hintDiagnosis(a, refused): "",
		hintDiagnosis(a, hinted):  "open the port",
	} {
		if got := a.hintText(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}
