package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
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
