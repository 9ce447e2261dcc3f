package report

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/scale"
)

// The files of a run of `labcheck scale`.
const (
	ScaleFile     = "scale.json"
	ScalePageFile = "scale.html"
)

// WriteScale writes what a run has measured into a folder: as JSON and as a page.
func WriteScale(dir string, r scale.Result, l lang.Language) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := WriteFile(filepath.Join(dir, ScaleFile), func(w io.Writer) error { return WriteJSON(w, r) })
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(dir, ScalePageFile), func(w io.Writer) error { return ScalePage(w, r, l) })
}

// ScaleTerminal writes what a run has measured for a person to read.
func ScaleTerminal(w io.Writer, r scale.Result, l lang.Language) {
	fmt.Fprintln(w, r.Simulated)
	for _, line := range scaleFacts(r, l) {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
	Table(w, latencyRows(r, l))
	fmt.Fprintln(w)
	fmt.Fprintln(w, l.Say("50th / 90th / 99th percentile in ms; Docker's: real engines, 30,000 containers, 4 cores"))
	fmt.Fprintln(w)
	if len(r.Events) > 0 {
		Table(w, eventRows(r, l))
		fmt.Fprintln(w)
	}
	for _, f := range r.False {
		fmt.Fprintln(w, "✗", oneLine(f))
	}
	fmt.Fprintln(w, scaleVerdict(r, l))
}

// scaleFacts says where and how a run measured.
func scaleFacts(r scale.Result, l lang.Language) []string {
	m, s := r.Machine, r.Settings
	delay := l.Say("as set")
	if s.DelayMeasured {
		delay = l.Say("the median of 10 containers on a real engine of the lab")
	}
	facts := []string{
		l.Say("Machine: %d CPUs (%s), %s of memory, %s, Linux %s, Docker %s; its load average before: %.1f",
			m.CPUs, cmp.Or(m.Model, "?"), units.BytesSize(float64(m.Memory)), m.System, m.Kernel, m.Engine, m.Load),
		l.Say("Versions: Swarm %s, Consul %s, docker %s", r.Versions["swarm"], r.Versions["consul"], r.Versions["engine"]),
		l.Say("A simulated engine takes %s to create and start a container: %s.", s.Delay, delay),
		l.Say("Registrations expire after %s and are renewed every %s.", s.TTL, s.Heartbeat.Round(time.Millisecond)),
		l.Say("Measured at each level: %d requests of each kind (info one at a time, run by %d clients), "+
			"and %d of the docker command on the manager.", s.Samples, s.RunClients, s.CLISamples),
	}
	if r.Joining.Healthy > 0 {
		facts = append(facts, l.Say("Joining: all engines registered after %s, all Healthy after %s.",
			formatDuration(r.Joining.Registered), formatDuration(r.Joining.Healthy)))
	}
	if r.Spread != nil {
		facts = append(facts, l.Say("Spread: %d nodes with %d to %d containers each.",
			r.Spread.Nodes, r.Spread.Least, r.Spread.Most))
		if r.Spread.Stale > 0 {
			facts = append(facts, l.Count(r.Spread.Stale,
				"%d container runs and is listed as stopped: the manager missed its start.",
				"%d containers run and are listed as stopped: the manager missed their starts."))
		}
	}
	for _, process := range []string{"swarm", "consul", enginesProcess} {
		if memory, cpu := r.Peak(process); memory > 0 {
			facts = append(facts, l.Say("Peak of %s: %s of memory, %.1f CPUs.",
				processName(process, l), units.BytesSize(float64(memory)), cpu))
		}
	}
	return facts
}

// enginesProcess is the process that simulates engines.
const enginesProcess = "labcheck"

// processName returns what a process is called in outputs.
func processName(process string, l lang.Language) string {
	if process == enginesProcess {
		return l.Say("simulated engines")
	}
	return process
}

// latencyRows has the percentiles, the heading first and Docker's figures last.
func latencyRows(r scale.Result, l lang.Language) [][]any {
	rows := [][]any{{l.Say("CONTAINERS"), "info", "run", l.Say("docker info (command)"), l.Say("docker run (command)")}}
	for _, v := range r.Levels {
		rows = append(rows, []any{
			fmt.Sprint(v.Containers), triple(v.Info), triple(v.Run), triple(v.CLIInfo), triple(v.CLIRun),
		})
	}
	p := r.Published
	return append(rows, []any{l.Say("Docker, 2015"), triple(p.Info), triple(p.Run), "-", "-"})
}

// triple writes the percentiles in milliseconds.
func triple(p scale.Percentiles) string {
	if p.Count == 0 {
		return "-"
	}
	ms := func(d time.Duration) int64 { return d.Round(time.Millisecond).Milliseconds() }
	return fmt.Sprintf("%d / %d / %d", ms(p.P50), ms(p.P90), ms(p.P99))
}

// eventRows has what was done to the cluster and how long it took until the list was
// right again.
func eventRows(r scale.Result, l lang.Language) [][]any {
	rows := [][]any{{"", l.Say("UNTIL"), l.Say("TOOK"), l.Say("LOST")}}
	for i, e := range r.Events {
		rows = append(rows, []any{
			fmt.Sprint(i + 1), oneLine(e.What), fmt.Sprintf("%.1f s", e.Took.Seconds()), fmt.Sprint(e.Lost),
		})
	}
	return rows
}

func scaleVerdict(r scale.Result, l lang.Language) string {
	took := formatDuration(r.Run.Duration)
	switch r.Run.Verdict {
	case harness.VerdictHolds:
		return "✓ " + l.Say("The spread is exact and nothing is lost; in %s.", took)
	case harness.VerdictFalse:
		return "✗ " + l.Count(len(r.False), "%d claim is false", "%d claims are false")
	}
	return "! " + l.Say("The run ended early, after %s.", took)
}
