// Package pace limits how long something may take in a test, and says whether tests
// are to run thoroughly.
package pace

import (
	"os"
	"testing"
	"time"
)

// ciFactor is how many times longer something may take if CI is set, as every CI
// system does. Its machines are shared, so that times there are not those of a
// user. A test that takes even longer hangs.
const ciFactor = 4

// Within fails a test if what took longer than the limit.
func Within(t testing.TB, what string, took, limit time.Duration) {
	t.Helper()
	if most := Limit(limit); took > most {
		t.Errorf("%s took %s, want at most %s", what, took.Round(time.Millisecond), most)
	}
}

// Limit returns how long something may take here if limit is what it may take on an
// idle machine.
func Limit(limit time.Duration) time.Duration {
	if os.Getenv("CI") != "" {
		return ciFactor * limit
	}
	return limit
}

// Thorough reports whether tests are to try all cases, as every night, and not only
// a few.
func Thorough() bool { return os.Getenv("LABCHECK_THOROUGH") != "" }
