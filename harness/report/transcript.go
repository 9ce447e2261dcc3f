package report

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"

	"labcheck/harness"
)

// TranscriptsDir has, of each scenario that ran commands, ID.json and ID.cast;
// the # of an outline's row is a hyphen in their names.
const TranscriptsDir = "transcripts"

// TutorialCast is the reader's whole session, beside the other files.
const TutorialCast = "tutorial.cast"

// record is what a scenario ran.
type record struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Status   harness.Status   `json:"status"`
	Commands []harness.Result `json:"commands"` // times in RFC 3339, durations in nanoseconds
}

// writeTranscripts puts the transcripts in the place of those of an earlier run.
func writeTranscripts(dir string, e harness.Evidence) error {
	sub := filepath.Join(dir, TranscriptsDir)
	if err := os.RemoveAll(sub); err != nil {
		return err
	}
	if err := os.Mkdir(sub, 0o755); err != nil {
		return err
	}
	var reader []shot
	for _, s := range e.Scenarios {
		commands := commandsOf(s)
		if len(commands) == 0 {
			continue
		}
		shots := []shot{{"# " + s.Name, commands}}
		if hasTag(s, "@tutorial") {
			reader = append(reader, shots...)
		}
		name := filepath.Join(sub, fileName(s.ID))
		if err := WriteFile(name+".json", transcriptOf(s, commands)); err != nil {
			return err
		}
		if err := WriteFile(name+".cast", castOf(s.Name, shots)); err != nil {
			return err
		}
	}
	if len(reader) == 0 {
		return os.RemoveAll(filepath.Join(dir, TutorialCast)) // an earlier run's
	}
	return WriteFile(filepath.Join(dir, TutorialCast), castOf("Set up cluster resources", reader))
}

func transcriptOf(s harness.Scenario, commands []harness.Result) func(io.Writer) error {
	return func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(record{s.ID, s.Name, s.Status, withArgv(commands)})
	}
}

func commandsOf(s harness.Scenario) []harness.Result {
	var all []harness.Result
	for _, st := range s.Steps {
		all = append(all, st.Commands...)
	}
	return all
}

func hasTag(s harness.Scenario, tag string) bool {
	for _, t := range s.Tags {
		if t == tag {
			return true
		}
	}
	return false
}

// fileName is an id as a file's name: join#1 is join-1.
func fileName(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '-'
	}, id)
}
