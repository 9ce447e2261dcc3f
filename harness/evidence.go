package harness

import (
	"context"
	"errors"
	"strings"
	"time"

	"labcheck/harness/lang"
)

// EvidenceSchema is the version of the results.json that this labcheck writes.
// It grows if a field changes its meaning or is removed, not if a field is added.
const EvidenceSchema = 1

// Evidence is the result of a run: the content of results.json. Durations are in
// nanoseconds, times in RFC 3339.
type Evidence struct {
	Schema    int        `json:"schema"`
	Run       Run        `json:"run"`
	Target    TargetInfo `json:"target"`
	Counts    Counts     `json:"counts"`
	Scenarios []Scenario `json:"scenarios"`
	// Page is how much of the page was done; nil if nothing was.
	Page      *Coverage  `json:"page,omitempty"`
	Snapshots []Snapshot `json:"snapshots,omitempty"`
	// Findings are the causes of false claims that were found.
	Findings []Finding `json:"findings,omitempty"`
}

// Verdict is the result of a run as a whole.
type Verdict string

// The verdicts; each has an exit code of its own.
const (
	VerdictHolds       Verdict = "holds"       // every claim that was checked is true
	VerdictFalse       Verdict = "false"       // at least one claim is false
	VerdictUnreachable Verdict = "unreachable" // the cluster could not be brought up or reached
	VerdictInterrupted Verdict = "interrupted" // a person or the system ended the run
)

// Conclude sets how long the run took, its verdict and its error. failed is why not all
// was checked, and nil if all was. If that is what can't be reached, or another run's turn,
// claims that are false count even so.
func (e *Evidence) Conclude(ctx context.Context, failed error) {
	e.Run.Duration = time.Since(e.Run.Started)
	if failed != nil {
		e.Run.Error = strings.Join(e.Run.Lang.ErrorLines(EndedEarly(ctx, failed)), "; ")
	}
	partly := errors.As(failed, new(*UnreachableError)) || errors.As(failed, new(*BusyError))
	switch {
	case errors.Is(context.Cause(ctx), context.Canceled):
		e.Run.Verdict = VerdictInterrupted
	case failed != nil && (e.Counts.Failed == 0 || !partly):
		e.Run.Verdict = VerdictUnreachable
	case e.Counts.Failed > 0:
		e.Run.Verdict = VerdictFalse
	default:
		e.Run.Verdict = VerdictHolds
	}
}

// Run describes the run itself.
type Run struct {
	Labcheck string        `json:"labcheck"` // version of labcheck
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration_ns"`
	Verdict  Verdict       `json:"verdict"`
	Error    string        `json:"error,omitempty"` // why the run ended early, if it did
	Tags     string        `json:"tags,omitempty"`  // the tag expression of --tags
	Lang     lang.Language `json:"lang,omitempty"`  // of the scenarios and all messages
	Stages   []Timing      `json:"stages,omitempty"`
}

// Timing is how long a part of the run took.
type Timing struct {
	Name     string        `json:"name"`
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
}

// TimeStage adds how long a part of the run takes.
func (r *Run) TimeStage(name string, do func() error) error {
	start := time.Now()
	err := do()
	r.Stages = append(r.Stages, Timing{Name: name, Start: start, Duration: time.Since(start)})
	return err
}

// TargetInfo describes what was checked.
type TargetInfo struct {
	Name     string            `json:"name"`          // sim or ec2
	Lab      string            `json:"lab,omitempty"` // the lab's name, for sim
	Fresh    bool              `json:"fresh"`         // created for this run
	Topology Topology          `json:"topology"`
	Versions map[string]string `json:"versions,omitempty"` // engine, swarm, consul
}

// Counts are numbers of scenarios.
type Counts struct {
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Skipped int `json:"skipped"`
}

// Count counts scenarios by what came of them.
func Count(scenarios []Scenario) Counts {
	var c Counts
	for _, s := range scenarios {
		switch s.Status {
		case Passed:
			c.Passed++
		case Failed:
			c.Failed++
		default:
			c.Skipped++
		}
	}
	return c
}

// Status is the result of a scenario or a step.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Scenario is one claim of the tutorial and whether it holds.
type Scenario struct {
	ID      string   `json:"id"` // the scenario's @id:… tag; outline rows add #1, #2, …
	Name    string   `json:"name"`
	Feature string   `json:"feature"`
	File    string   `json:"file"` // features/en/…
	Line    int      `json:"line"`
	Tags    []string `json:"tags"`
	Status  Status   `json:"status"`
	Reason  string   `json:"reason,omitempty"` // why it was skipped
	// Unreached is what could not be asked, if it was skipped because of that.
	Unreached *UnreachableError `json:"-"`
	Start     time.Time         `json:"start"`
	Duration  time.Duration     `json:"duration_ns"`
	Expected  string            `json:"expected,omitempty"` // of the step that failed
	Seen      string            `json:"seen,omitempty"`     // of the step that failed
	// Hosts are those that the failure is about; empty if that is not known.
	Hosts []string `json:"hosts,omitempty"`
	// Links are the connections between hosts that were found to carry nothing.
	Links []Link `json:"links,omitempty"`
	Steps []Step `json:"steps"`
}

// Link is a connection from a container of one host to one of another, by the hosts'
// names.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Step is one sentence of a scenario.
type Step struct {
	Keyword  string        `json:"keyword"`
	Text     string        `json:"text"`
	Line     int           `json:"line"`
	Status   Status        `json:"status"`
	Duration time.Duration `json:"duration_ns"`
	Error    string        `json:"error,omitempty"`
	Commands []Result      `json:"commands,omitempty"` // in the order in which they ran
	// Comparison compares the output of the step's command with the page's.
	Comparison *Comparison `json:"comparison,omitempty"`
}

// Mismatch reports that a claim is false: the cluster's answer is not the one that
// the tutorial promises.
type Mismatch struct {
	Lang     lang.Language // of the texts
	What     string        // what was compared: "the engine of frontend01: CPUs"
	Expected string
	Seen     string
	Links    []Link // connections that carry nothing
}

func (m *Mismatch) Error() string {
	return m.Lang.Say("%s: expected %s, seen %s", m.What, m.Expected, m.Seen)
}
