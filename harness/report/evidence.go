// Package report makes reports from a run's evidence, and keeps the evidence
// itself: results.json, junit.xml, commands.txt and report.html in one directory.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"labcheck/harness"
)

// The files that Write leaves in the evidence's directory.
const (
	ResultsFile  = "results.json" // described by results.schema.json
	JUnitFile    = "junit.xml"
	CommandsFile = "commands.txt"
	HTMLFile     = "report.html"
)

// maxResults is the longest results.json that is read, in bytes.
const maxResults = 256 << 20

// ErrSchema is what Read returns of evidence that a newer labcheck wrote.
var ErrSchema = harness.Errorf("the evidence was written by a newer labcheck", "この証拠は、より新しい labcheck のものである")

// Write puts the evidence into dir, which it makes where it is missing. Each
// file appears complete or not at all, results.json last.
func Write(dir string, e harness.Evidence) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return harness.Errorf("write the evidence: %w", "証拠の書き出し: %w", err)
	}
	if err := writeTranscripts(dir, e); err != nil {
		return harness.Errorf("write the evidence: %w", "証拠の書き出し: %w", err)
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer, harness.Evidence) error
	}{
		{CommandsFile, Commands},
		{JUnitFile, JUnit},
		{HTMLFile, func(w io.Writer, e harness.Evidence) error { return HTML(w, e, e.Run.Lang) }},
		{ResultsFile, Results},
	} {
		write := func(w io.Writer) error { return f.write(w, e) }
		if err := WriteFile(filepath.Join(dir, f.name), write); err != nil {
			return harness.Errorf("write the evidence: %w", "証拠の書き出し: %w", err)
		}
	}
	return nil
}

// WriteFile writes a file beside the one it replaces, and then takes its place:
// it appears complete or not at all.
func WriteFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // nothing is there any more when all went well
	var content bytes.Buffer
	err = write(&content)
	if err == nil {
		_, err = f.Write(content.Bytes())
	}
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// Results writes the evidence as JSON: the content of results.json.
func Results(w io.Writer, e harness.Evidence) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(withoutNull(e))
}

// withoutNull makes lists that have nothing in them empty ones: results.json
// has no null.
func withoutNull(e harness.Evidence) harness.Evidence {
	e.Scenarios = append([]harness.Scenario{}, e.Scenarios...)
	for i := range e.Scenarios {
		s := &e.Scenarios[i]
		s.Tags = append([]string{}, s.Tags...)
		s.Steps = append([]harness.Step{}, s.Steps...)
		for j := range s.Steps {
			s.Steps[j].Commands = withArgv(s.Steps[j].Commands)
			s.Steps[j].Comparison = withFields(s.Steps[j].Comparison)
		}
	}
	e.Snapshots = append([]harness.Snapshot(nil), e.Snapshots...)
	for i := range e.Snapshots {
		e.Snapshots[i].Hosts = append([]harness.HostSnapshot{}, e.Snapshots[i].Hosts...)
	}
	e.Findings = append([]harness.Finding(nil), e.Findings...)
	for i := range e.Findings {
		e.Findings[i].Seen = append([]harness.Observation{}, e.Findings[i].Seen...)
	}
	e.Target.Topology.Members = append([]harness.Host{}, e.Target.Topology.Members...)
	return e
}

func withArgv(commands []harness.Result) []harness.Result {
	var all []harness.Result
	for _, c := range commands {
		c.Argv = append([]string{}, c.Argv...)
		all = append(all, c)
	}
	return all
}

func withFields(c *harness.Comparison) *harness.Comparison {
	if c == nil || c.Fields != nil {
		return c
	}
	filled := *c
	filled.Fields = []harness.Field{}
	return &filled
}

// Read reads the evidence in dir. The error wraps fs.ErrNotExist where there
// is none and ErrSchema where a newer labcheck wrote it.
func Read(dir string) (harness.Evidence, error) {
	name := filepath.Join(dir, ResultsFile)
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return harness.Evidence{}, harness.Errorf("no evidence in %s: %w", "%s に証拠がない: %w", dir, err)
	case err != nil:
		return harness.Evidence{}, harness.Errorf("read the evidence: %w", "証拠の読み取り: %w", err)
	}
	e, err := decode(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return harness.Evidence{}, fmt.Errorf("%s: %w", name, err)
	}
	return e, nil
}

func decode(r io.Reader) (harness.Evidence, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxResults+1))
	if err != nil {
		return harness.Evidence{}, err
	}
	if len(content) > maxResults {
		return harness.Evidence{}, harness.Errorf("longer than %d MiB", "%d MiB より長い", maxResults>>20)
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return harness.Evidence{}, damaged(content, err)
	}
	switch {
	case head.Schema < 1:
		return harness.Evidence{}, harness.Errorf("not labcheck's evidence: it has no schema", "labcheck の証拠ではない: schema がない")
	case head.Schema > harness.EvidenceSchema:
		return harness.Evidence{}, harness.Errorf("%w: its schema is %d, this labcheck reads up to %d", "%w: スキーマは %d で、この labcheck が読めるのは %d までである",
			ErrSchema, head.Schema, harness.EvidenceSchema)
	}
	var e harness.Evidence
	if err := json.Unmarshal(content, &e); err != nil {
		return harness.Evidence{}, damaged(content, err)
	}
	return e, check(e)
}

// damaged says where the content stops being JSON, or evidence.
func damaged(content []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(content)) == 0:
		return harness.Errorf("the file is empty", "ファイルが空である")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(content)):
		return harness.Errorf("the file is cut off: %w", "ファイルが途中で切れている: %w", err)
	case errors.As(err, &syntax):
		return harness.Errorf("damaged at byte %d: %w", "%d バイト目で壊れている: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return harness.Errorf("damaged: %s is a %s", "壊れている: %s が %s である", kind.Field, kind.Value)
	}
	return harness.Errorf("damaged: %w", "壊れている: %w", err)
}

// check refuses what no reader of evidence could make sense of.
func check(e harness.Evidence) error {
	switch e.Run.Verdict {
	case harness.VerdictHolds, harness.VerdictFalse, harness.VerdictUnreachable, harness.VerdictInterrupted:
	default:
		return harness.Errorf("damaged: run.verdict is %q", "壊れている: run.verdict が %q である", e.Run.Verdict)
	}
	for i, s := range e.Scenarios {
		if !known(s.Status) {
			return harness.Errorf("damaged: scenarios[%d].status is %q", "壊れている: scenarios[%d].status が %q である", i, s.Status)
		}
		for j, st := range s.Steps {
			if !known(st.Status) {
				return harness.Errorf("damaged: scenarios[%d].steps[%d].status is %q", "壊れている: scenarios[%d].steps[%d].status が %q である", i, j, st.Status)
			}
			if err := checkFields(st.Comparison); err != nil {
				return harness.Errorf("damaged: scenarios[%d].steps[%d].comparison.%w", "壊れている: scenarios[%d].steps[%d].comparison.%w", i, j, err)
			}
		}
	}
	return nil
}

func checkFields(c *harness.Comparison) error {
	if c == nil {
		return nil
	}
	for i, f := range c.Fields {
		switch f.Verdict {
		case harness.FieldEqual, harness.FieldListed, harness.FieldWrong:
		default:
			return harness.Errorf("fields[%d].verdict is %q", "fields[%d].verdict が %q である", i, f.Verdict)
		}
	}
	return nil
}

func known(s harness.Status) bool {
	return s == harness.Passed || s == harness.Failed || s == harness.Skipped
}
