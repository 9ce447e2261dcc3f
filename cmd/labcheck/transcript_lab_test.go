//go:build lab

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeIsNotStale holds what README shows to a real run.
func TestReadmeIsNotStale(t *testing.T) {
	readme, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // the session leaves its evidence there
	var out bytes.Buffer
	args := []string{"transcript", "--lab", "readme", "--subnet", "192.168.46.0/24", readme}
	if code := run(t.Context(), args, strings.NewReader(""), &out, &out); code != exitHolds {
		t.Errorf("exit code %d:\n%s", code, out.String())
	}
}
