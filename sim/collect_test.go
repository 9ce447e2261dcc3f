package sim

import (
	"strings"
	"testing"
)

func TestTrimLog(t *testing.T) {
	got := trimLog("time=\"2026-11-29T12:23:27.156880783Z\" level=info msg=\"Loading containers: start.\"\n/usr/local/bin/node: 12: " + strings.Repeat("あ", 200))
	lines := strings.Split(got, "\n")
	if len(lines) != 2 || lines[0] != `level=info msg="Loading containers: start."` {
		t.Errorf("it says %q", got)
	}
	if last := []rune(lines[1]); len(last) != maxLineLength || last[maxLineLength-1] != '…' {
		t.Errorf("the long line has %d characters: %q", len(last), lines[1])
	}
}
