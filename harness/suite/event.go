package suite

import (
	"time"

	"labcheck/harness"
)

// EventKind says what happened.
type EventKind int

// The kinds, in the order in which a scenario has them.
const (
	ScenarioStarted EventKind = iota
	Waiting                   // a step waits for something that is not so yet; at most once a second
	ScenarioEnded
	FeatureEnded // all of its scenarios ended, and at least one was begun
)

// Event tells a person what the run is at. Events come one at a time, from the
// goroutine of Run, but Waiting from that of the step.
type Event struct {
	Kind EventKind
	// Number counts the scenarios from 1 to Total.
	Number, Total int
	// Scenario is what is known of it so far; all, when it ended. A scenario
	// that is skipped only ends.
	Scenario harness.Scenario
	// Seen is what is not so yet, of Waiting.
	Seen error
	// Counts are those of the scenarios of the feature, of FeatureEnded; Scenario is
	// its last one.
	Counts harness.Counts
	// Elapsed is the time since the scenario, or the feature, started; of Waiting,
	// since the wait began.
	Elapsed time.Duration
}
