package sim

import (
	"errors"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// TestRoomHint wants a number of hosts to be proposed that is not refused, too.
func TestRoomHint(t *testing.T) {
	for free, want := range map[int]string{0: "--nodes 5)", 1: "--nodes 5)", 7: "--nodes 7)"} {
		var hinter harness.Hinter
		if errors.As(noRoomError(100, free), &hinter); !strings.Contains(hinter.HintIn(lang.English), want) {
			t.Errorf("%d are free: %s", free, hinter.HintIn(lang.English))
		}
	}
}
