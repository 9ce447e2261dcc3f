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
// [seconds since the start, "o", what the terminal is sent]
// (docs.asciinema.org/manual/asciicast/v2).

// How fast the reader types, and how long he looks.
const (
	perKey    = 30 * time.Millisecond
	toStart   = 500 * time.Millisecond
	toRead    = 1500 * time.Millisecond
	idleLimit = 2.0 // seconds that a player makes of a longer wait
)

// The terminal's size, in characters: as wide as docker ps needs.
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

// shot is a part of a recording: a line that says what it is about, and commands.
type shot struct {
	about    string
	commands []harness.Result
}

// castOf writes a recording: the commands as if typed, their real answers after
// the time that these took.
func castOf(title string, shots []shot) func(io.Writer) error {
	return func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		c := cast{enc: enc}
		c.err = enc.Encode(castHeader{
			2, castWidth, castHeight, shots[0].commands[0].Start.Unix(), idleLimit, clean(title),
			map[string]string{"SHELL": "/bin/sh", "TERM": "xterm-256color"},
		})
		for _, s := range shots {
			c.show(s.about + "\n")
			for _, r := range s.commands {
				c.command(r)
			}
		}
		return c.err
	}
}

// cast is a recording as it is written.
type cast struct {
	enc *json.Encoder
	at  time.Duration
	err error // the first
}

func (c *cast) command(r harness.Result) {
	c.show(r.Node + "$ ")
	c.at += toStart
	for _, key := range clean(typedLine(r)) {
		c.at += perKey
		c.show(string(key))
	}
	c.at += perKey
	c.show("\n")
	c.at += max(0, r.Duration) // evidence may say anything
	c.show(ended(r.Stderr) + ended(r.Stdout))
	if r.ExitCode != 0 {
		c.show(fmt.Sprintf("(exit code %d)\n", r.ExitCode))
	}
	c.at += toRead
}

// show sends text to the terminal, which needs a carriage return at each line's
// end.
func (c *cast) show(text string) {
	if text = strings.ReplaceAll(clean(text), "\n", "\r\n"); text != "" && c.err == nil {
		c.err = c.enc.Encode([]any{c.at.Seconds(), "o", text})
	}
}

func ended(out string) string {
	if out == "" || strings.HasSuffix(out, "\n") {
		return out
	}
	return out + "\n"
}

// typedLine is a command as it was typed: the exports of earlier commands, which
// its shell is given again, are not.
func typedLine(r harness.Result) string {
	s := script(r)
	lines := strings.Split(s, "\n")
	for _, l := range lines[:len(lines)-1] {
		if !strings.HasPrefix(l, "export ") {
			return s
		}
	}
	return lines[len(lines)-1]
}
