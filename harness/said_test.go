package harness_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"labcheck/harness"
)

func TestErrorInALanguage(t *testing.T) {
	away := harness.Errorf("no answer from %s", "%s が応答しない", "store")
	mismatch := &harness.Mismatch{Lang: harness.Japanese, What: "ノード数", Expected: "4", Seen: "3"}
	tests := []struct {
		err    error
		en, ja string
	}{
		{io.EOF, "EOF", "EOF"},
		{away, "no answer from store", "store が応答しない"},
		{fmt.Errorf("join: %w", away), "join: no answer from store", "join: store が応答しない"},
		{errors.Join(io.EOF, away), "EOF\nno answer from store", "EOF\nstore が応答しない"},
		{harness.Errorf("%s: twice %w", "%[2]v が 2 回 (%[1]s)", "x", away), "x: twice no answer from store", "store が応答しない が 2 回 (x)"},
		{mismatch, "ノード数: 期待値は 4、実際は 3", "ノード数: 期待値は 4、実際は 3"},
		{&harness.Mismatch{What: "nodes", Expected: "4", Seen: "3"}, "nodes: expected 4, seen 3", "nodes: expected 4, seen 3"},
	}
	for _, tt := range tests {
		if got := harness.English.Error(tt.err); got != tt.en {
			t.Errorf("%q, want %q", got, tt.en)
		}
		if got := harness.Japanese.Error(tt.err); got != tt.ja {
			t.Errorf("%q, want %q", got, tt.ja)
		}
	}
	wrapped := harness.Errorf("read: %w", "読み取り: %w", io.EOF)
	if !errors.Is(fmt.Errorf("x: %w", wrapped), io.EOF) {
		t.Error("what is wrapped is not found")
	}
}
