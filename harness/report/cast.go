package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"labcheck/harness"
)

// A recording is in the format asciicast v2: a header, and an event a line,
// [seconds since the start, "o", text for the terminal]
// (docs.asciinema.org/manual/asciicast/v2).

// The time that the reader takes to type, and to read an output.
const (
	keyTime   = 30 * time.Millisecond
	startTime = 500 * time.Millisecond
	readTime  = 1500 * time.Millisecond
	idleLimit = 2.0 // seconds to which a player shortens a longer wait
)

// The terminal's size in characters; `docker ps` needs this width.
const (
	castWidth  = 170
	castHeight = 48
)

type castHeader struct {
	Version       int               `json:"version"`
	Width         int               `json:"width"`
	Height        int               `json:"height"`
	Timestamp     int64             `json:"timestamp"` // Unix time
	IdleTimeLimit float64           `json:"idle_time_limit"`
	Title         string            `json:"title"`
	Env           map[string]string `json:"env"`
}

// shot is a part of a recording: commands under a title.
type shot struct {
	title    string
	commands []harness.Result
}

// writeCast writes a recording in which the commands are typed, and their outputs
// appear after the time that the commands took.
func writeCast(w io.Writer, title string, shots []shot) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	c := cast{enc: enc}
	c.err = enc.Encode(castHeader{
		2, castWidth, castHeight, shots[0].commands[0].Start.Unix(), idleLimit, harness.ShowControls(title),
		map[string]string{"SHELL": "/bin/sh", "TERM": "xterm-256color"},
	})
	for _, s := range shots {
		c.writeOutput("# " + s.title + "\n")
		for _, r := range s.commands {
			c.writeCommand(r)
		}
	}
	return c.err
}

// cast is a recording that is being written.
type cast struct {
	enc *json.Encoder
	at  time.Duration
	err error // the first
}

func (c *cast) writeCommand(r harness.Result) {
	c.writeOutput(r.Node + "$ ")
	c.at += startTime
	for _, key := range harness.ShowControls(r.TypedLine()) {
		c.at += keyTime
		c.writeOutput(string(key))
	}
	c.at += keyTime
	c.writeOutput("\n")
	c.at += max(0, r.Duration) // a damaged file may have a negative one
	c.writeOutput(withLineEnd(r.Stderr) + withLineEnd(r.Stdout))
	if r.ExitCode != 0 {
		c.writeOutput(fmt.Sprintf("(exit code %d)\n", r.ExitCode))
	}
	c.at += readTime
}

// writeOutput writes an event. A terminal needs a carriage return at each line end.
func (c *cast) writeOutput(text string) {
	if text = strings.ReplaceAll(harness.ShowControls(text), "\n", "\r\n"); text != "" && c.err == nil {
		c.err = c.enc.Encode([]any{c.at.Seconds(), "o", text})
	}
}

func withLineEnd(out string) string {
	if out == "" || strings.HasSuffix(out, "\n") {
		return out
	}
	return out + "\n"
}
