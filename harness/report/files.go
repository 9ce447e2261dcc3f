// Package report makes reports from a run's evidence, and keeps the evidence
// itself: results.json, junit.xml, commands.txt and report.html in one directory.
package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

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

// ResultsSchema is the JSON Schema of results.json.
//
//go:embed results.schema.json
var ResultsSchema []byte

// maxResults is the longest results.json that Read accepts, in bytes.
const maxResults = 256 << 20

// ErrSchema reports that a newer labcheck wrote the evidence.
var ErrSchema = lang.Errorf("the evidence was written by a newer labcheck")

// Write puts the evidence into dir, and creates dir if it does not exist. Each
// file appears complete or not at all, results.json last.
func Write(dir string, e harness.Evidence) error {
	if err := writeFiles(dir, e); err != nil {
		return lang.Errorf("write the evidence: %w", err)
	}
	return nil
}

func writeFiles(dir string, e harness.Evidence) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeTranscripts(dir, e); err != nil {
		return err
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
			return err
		}
	}
	return nil
}

// Results writes the evidence as JSON: the content of results.json.
func Results(w io.Writer, e harness.Evidence) error {
	return WriteJSON(w, e)
}

// Read reads the evidence in dir. The error wraps fs.ErrNotExist if there is
// none, and ErrSchema if a newer labcheck wrote it.
func Read(dir string) (harness.Evidence, error) {
	name := filepath.Join(dir, ResultsFile)
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return harness.Evidence{}, lang.Errorf("no evidence in %s: %w", dir, err)
	case err != nil:
		return harness.Evidence{}, lang.Errorf("read the evidence: %w", err)
	}
	e, err := readResults(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return harness.Evidence{}, lang.Errorf("%s: %w", name, err)
	}
	return e, nil
}

func readResults(r io.Reader) (harness.Evidence, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxResults+1))
	if err != nil {
		return harness.Evidence{}, err
	}
	if len(content) > maxResults {
		return harness.Evidence{}, lang.Errorf("the file is longer than %d MiB", maxResults>>20)
	}
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(content, &head); err != nil {
		return harness.Evidence{}, damageError(content, err)
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
		return harness.Evidence{}, damageError(content, err)
	}
	return e, checkValues(e)
}

// damageError returns an error that says where the content stops being JSON, or
// evidence.
func damageError(content []byte, err error) error {
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

// The values that evidence may have.
var (
	verdicts = []harness.Verdict{
		harness.VerdictHolds, harness.VerdictFalse, harness.VerdictUnreachable, harness.VerdictInterrupted,
	}
	statuses      = []harness.Status{harness.Passed, harness.Failed, harness.Skipped}
	fieldVerdicts = []harness.FieldVerdict{harness.FieldEqual, harness.FieldListed, harness.FieldWrong}
)

// checkValues returns an error if the evidence has a verdict or status that does
// not exist.
func checkValues(e harness.Evidence) error {
	if !slices.Contains(verdicts, e.Run.Verdict) {
		return lang.Errorf("damaged: run.verdict is %q", e.Run.Verdict)
	}
	for i, s := range e.Scenarios {
		if !slices.Contains(statuses, s.Status) {
			return lang.Errorf("damaged: scenarios[%d].status is %q", i, s.Status)
		}
		for j, st := range s.Steps {
			if !slices.Contains(statuses, st.Status) {
				return lang.Errorf("damaged: scenarios[%d].steps[%d].status is %q", i, j, st.Status)
			}
			if st.Comparison == nil {
				continue
			}
			for k, f := range st.Comparison.Fields {
				if !slices.Contains(fieldVerdicts, f.Verdict) {
					return lang.Errorf("damaged: scenarios[%d].steps[%d].comparison.fields[%d].verdict is %q",
						i, j, k, f.Verdict)
				}
			}
		}
	}
	return nil
}
