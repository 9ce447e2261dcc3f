package images

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"labcheck/harness"
)

// message is one of those that the engine answers with while it builds, pulls,
// imports or loads:
// https://docs.docker.com/reference/api/engine/version/v1.41/#operation/ImageBuild
type message struct {
	Stream string `json:"stream"`
	Status string `json:"status"`
	ID     string `json:"id"`
	Aux    struct {
		ID string `json:"ID"` // of the image that was built
	} `json:"aux"`
	Error *struct {
		Message string `json:"message"`
	} `json:"errorDetail"`
}

// readMessages hands on each message of a stream. The error is what the engine
// says went wrong, or that the stream is none.
func readMessages(r io.Reader, each func(message)) error {
	for d := json.NewDecoder(r); ; {
		var m message
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return harness.Errorf("read the engine's answer: %w", "Engine の応答の読み取り: %w", err)
		case m.Error != nil:
			return errors.New(m.Error.Message)
		}
		each(m)
	}
}

// BuildError is a step of a recipe that failed.
type BuildError struct {
	Image  Name
	Step   string   // "2/5: RUN …"; empty where it failed before the first
	Reason string   // what the engine says
	Lines  []string // the last that the step wrote, at most 15
}

func (e *BuildError) Error() string {
	var s strings.Builder
	fmt.Fprintf(&s, "build image %s: ", e.Image)
	if e.Step != "" {
		fmt.Fprintf(&s, "step %s: ", shorten(e.Step, 160))
	}
	s.WriteString(e.Reason)
	for _, line := range e.Lines {
		s.WriteString("\n    " + line)
	}
	return s.String()
}

// keptLines is how many of a failed step's last lines are shown.
const keptLines = 15

// transcript is what a build has said of its current step.
type transcript struct {
	step    string
	lines   []string
	partial string
	onStep  func(string) // called at the beginning of each step
}

var (
	stepLine = regexp.MustCompile(`^Step (\d+/\d+) : (.*)$`)
	// noise is what the engine says between steps, and the colours it gives to
	// what a step writes to stderr.
	noise  = regexp.MustCompile(`^ ---> |^Removing intermediate container |^\s*$`)
	colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)
)

// add takes a piece of the stream, which need not end where a line ends.
func (t *transcript) add(piece string) {
	lines := strings.Split(t.partial+piece, "\n")
	for _, line := range lines[:len(lines)-1] {
		t.line(line)
	}
	t.partial = lines[len(lines)-1]
}

func (t *transcript) line(line string) {
	line = strings.TrimRight(colour.ReplaceAllString(line, ""), "\r")
	line = line[strings.LastIndexByte(line, '\r')+1:] // what a progress bar overwrote
	if m := stepLine.FindStringSubmatch(line); m != nil {
		t.step, t.lines = m[1]+": "+m[2], nil
		t.onStep(t.step)
		return
	}
	if noise.MatchString(line) {
		return
	}
	t.lines = append(t.lines, line)
	if len(t.lines) > keptLines {
		t.lines = t.lines[1:]
	}
}

// failure is the error of a build that ended with reason.
func (t *transcript) failure(n Name, reason error) error {
	if t.partial != "" {
		t.line(t.partial)
	}
	_, short, found := strings.Cut(reason.Error(), "' returned a ")
	if !found || !strings.HasPrefix(reason.Error(), "The command '") {
		return &BuildError{n, t.step, reason.Error(), t.lines}
	}
	return &BuildError{n, t.step, "returned a " + short, t.lines} // the step already names the command
}

// shorten makes one line of s, of at most n characters.
func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
