// Package report makes reports from a run's evidence, and keeps the evidence
// itself: results.json, junit.xml, commands.txt and report.html in one directory.
package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"labcheck/harness"
	"labcheck/harness/lang"
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
var ErrSchema = lang.Errorf("the evidence was written by a newer labcheck")

// Write puts the evidence into dir, which it makes where it is missing. Each
// file appears complete or not at all, results.json last.
func Write(dir string, e harness.Evidence) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return lang.Errorf("write the evidence: %w", err)
	}
	if err := writeTranscripts(dir, e); err != nil {
		return lang.Errorf("write the evidence: %w", err)
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
			return lang.Errorf("write the evidence: %w", err)
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
		return harness.Evidence{}, lang.Errorf("no evidence in %s: %w", dir, err)
	case err != nil:
		return harness.Evidence{}, lang.Errorf("read the evidence: %w", err)
	}
	e, err := decode(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return harness.Evidence{}, lang.Errorf("%s: %w", name, err)
	}
	return e, nil
}

func decode(r io.Reader) (harness.Evidence, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxResults+1))
	if err != nil {
		return harness.Evidence{}, err
	}
	if len(content) > maxResults {
		return harness.Evidence{}, lang.Errorf("longer than %d MiB", maxResults>>20)
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return harness.Evidence{}, damaged(content, err)
	}
	switch {
	case head.Schema < 1:
		return harness.Evidence{}, lang.Errorf("not labcheck's evidence: it has no schema")
	case head.Schema > harness.EvidenceSchema:
		return harness.Evidence{}, lang.Errorf("%w: its schema is %d, this labcheck reads up to %d",
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
		return lang.Errorf("the file is empty")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(content)):
		return lang.Errorf("the file is cut off: %w", err)
	case errors.As(err, &syntax):
		return lang.Errorf("damaged at byte %d: %w", syntax.Offset, err)
	case errors.As(err, &kind):
		return lang.Errorf("damaged: %s is a %s", kind.Field, kind.Value)
	}
	return lang.Errorf("damaged: %w", err)
}

// check refuses what no reader of evidence could make sense of.
func check(e harness.Evidence) error {
	switch e.Run.Verdict {
	case harness.VerdictHolds, harness.VerdictFalse, harness.VerdictUnreachable, harness.VerdictInterrupted:
	default:
		return lang.Errorf("damaged: run.verdict is %q", e.Run.Verdict)
	}
	for i, s := range e.Scenarios {
		if !known(s.Status) {
			return lang.Errorf("damaged: scenarios[%d].status is %q", i, s.Status)
		}
		for j, st := range s.Steps {
			if !known(st.Status) {
				return lang.Errorf("damaged: scenarios[%d].steps[%d].status is %q", i, j, st.Status)
			}
			if err := checkFields(st.Comparison); err != nil {
				return lang.Errorf("damaged: scenarios[%d].steps[%d].comparison.%w", i, j, err)
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
			return lang.Errorf("fields[%d].verdict is %q", i, f.Verdict)
		}
	}
	return nil
}

func known(s harness.Status) bool {
	return s == harness.Passed || s == harness.Failed || s == harness.Skipped
}
