package sim

import (
	"strings"
	"testing"

	"labcheck/harness/lang"
)

// TestRoomHint wants a number of hosts to be proposed that is not refused, too.
func TestRoomHint(t *testing.T) {
	for free, want := range map[int]string{0: "--nodes 5)", 1: "--nodes 5)", 7: "--nodes 7)"} {
		if hint := (&RoomError{Wanted: 100, Free: free}).HintIn(lang.English); !strings.Contains(hint, want) {
			t.Errorf("%d are free: %s", free, hint)
		}
	}
}
