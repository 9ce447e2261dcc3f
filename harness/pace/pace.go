// Package pace holds tests to how long something may take, and says how much
// time they may take themselves.
package pace

import (
	"os"
	"testing"
	"time"
)

// ofCI is how many times longer something may take where CI is set, as every CI
// system does: its machines are shared, and a test among others' work tells
// nothing of what users wait for. What takes longer still hangs.
const ofCI = 4

// Within has a test fail where what took longer than it may.
func Within(t testing.TB, what string, took, limit time.Duration) {
	t.Helper()
	if most := Limit(limit); took > most {
		t.Errorf("%s took %s, and %s is the most", what, took.Round(time.Millisecond), most)
	}
}

// Limit is how long something may take here that may take so long on an idle
// machine of one's own.
func Limit(limit time.Duration) time.Duration {
	if os.Getenv("CI") != "" {
		return ofCI * limit
	}
	return limit
}

// Thorough tells whether tests are to take all the time they need, as every
// night, and not to try a few cases of many.
func Thorough() bool { return os.Getenv("LABCHECK_THOROUGH") != "" }
