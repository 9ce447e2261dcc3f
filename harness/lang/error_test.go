package lang_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
)

func TestErrorInALanguage(t *testing.T) {
	off := lang.Errorf("not in force")
	unknown := lang.Errorf("a lab's hosts do not support this fault: %w", io.EOF)
	mismatch := &harness.Mismatch{Lang: lang.Japanese, What: "ノード数", Expected: "4", Seen: "3"}
	tests := []struct {
		err    error
		en, ja string
	}{
		{io.EOF, "EOF", "EOF"},
		{off, "not in force", "起きていない"},
		{unknown, "a lab's hosts do not support this fault: EOF", "ラボのホストはこの障害に対応していない: EOF"},
		{lang.Errorf("%s: %w", "x", off), "x: not in force", "x: 起きていない"},
		{lang.Errorf("%w: %w", off, off), "not in force: not in force", "起きていない: 起きていない"},
		{errors.Join(io.EOF, off), "EOF\nnot in force", "EOF\n起きていない"},
		{fmt.Errorf("x: %w", off), "x: not in force", "x: not in force"},
		{mismatch, "ノード数: 期待値は 4、実際は 3", "ノード数: 期待値は 4、実際は 3"},
		{&harness.Mismatch{What: "nodes", Expected: "4", Seen: "3"}, "nodes: expected 4, seen 3", "nodes: expected 4, seen 3"},
	}
	for _, tt := range tests {
		if got := lang.English.Error(tt.err); got != tt.en {
			t.Errorf("%q, want %q", got, tt.en)
		}
		if got := lang.Japanese.Error(tt.err); got != tt.ja {
			t.Errorf("%q, want %q", got, tt.ja)
		}
	}
	if !errors.Is(fmt.Errorf("x: %w", unknown), io.EOF) {
		t.Error("what is wrapped is not found")
	}
}
