package report

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"labcheck/harness"
)

// TranscriptsDir has ID.json and ID.cast of each scenario that ran commands. In
// their names the # of an outline's row is a hyphen.
const TranscriptsDir = "transcripts"

// TutorialCast is the recording of the reader's whole session.
const TutorialCast = "tutorial.cast"

// transcript is the content of a scenario's ID.json.
type transcript struct {
	ID       string           `json:"id"`
	Name     string           `json:"name"`
	Status   harness.Status   `json:"status"`
	Commands []harness.Result `json:"commands"` // times in RFC 3339, durations in nanoseconds
}

// writeTranscripts replaces the transcripts of an earlier run in dir.
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
		shots := []shot{{s.Name, commands}}
		if slices.Contains(s.Tags, "@tutorial") {
			reader = append(reader, shots...)
		}
		name := filepath.Join(sub, fileName(s.ID))
		content := transcript{s.ID, s.Name, s.Status, commands}
		err := errors.Join(
			WriteFile(name+".json", func(w io.Writer) error { return WriteJSON(w, content) }),
			WriteFile(name+".cast", func(w io.Writer) error { return writeCast(w, s.Name, shots) }))
		if err != nil {
			return err
		}
	}
	if len(reader) == 0 {
		return os.RemoveAll(filepath.Join(dir, TutorialCast)) // of an earlier run
	}
	write := func(w io.Writer) error { return writeCast(w, "Set up cluster resources", reader) }
	return WriteFile(filepath.Join(dir, TutorialCast), write)
}

// fileName returns an id as the name of a file: join-1 for join#1.
func fileName(id string) string { return regexp.MustCompile(`[^-\w]`).ReplaceAllString(id, "-") }
