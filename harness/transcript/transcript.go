// Package transcript compares the sessions that a document shows with what the
// commands print.
package transcript

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"labcheck/harness/lang"
)

// session is a session in a document.
type session struct {
	command string // what is run
	head    string // from the mark to the last line that begins with $
	shown   string // what it prints, as shown
}

// A session is a fenced block below a mark; its lines that begin with $ are
// headings.
var mark = regexp.MustCompile("(?m)^<!-- labcheck transcript: (.*) -->\n+```[a-z]*\n(?:\\$ .*\n)*")

// Document is a document that shows sessions.
type Document struct {
	content  string
	sessions []session
}

// Parse finds the sessions of a document. It is an error if there is none, or one
// that is not of labcheck.
func Parse(content string) (*Document, error) {
	d := &Document{content: content}
	for _, at := range mark.FindAllStringSubmatchIndex(content, -1) {
		s := session{command: content[at[2]:at[3]], head: content[at[0]:at[1]]}
		shown, _, closed := strings.Cut(content[at[1]:], "```")
		if !closed || !strings.HasPrefix(s.command, "labcheck ") {
			return nil, lang.Errorf("the session of %q is not one of labcheck, in a fenced block", s.command)
		}
		s.shown = shown
		d.sessions = append(d.sessions, s)
	}
	if len(d.sessions) == 0 {
		return nil, lang.Errorf("there is no session in it")
	}
	return d, nil
}

// Compare runs each session's command and returns how what the document shows
// differs from what is printed, as a diff that is empty if it does not; updated is
// the document with what is printed. The name is the document's.
func (d *Document) Compare(
	name string, run func(command string) (string, error),
) (differs []byte, updated string, err error) {
	var all bytes.Buffer
	updated = d.content
	for _, s := range d.sessions {
		printed, err := run(s.command)
		if err != nil {
			return nil, "", lang.Errorf("%s: %s: %w", name, s.command, err)
		}
		if was, is := normalize(s.shown), normalize(printed); was != is {
			all.Write(diff.Diff(name, []byte(was), s.command, []byte(is)))
			updated = strings.Replace(updated, s.head+s.shown, s.head+printed, 1)
		}
	}
	return all.Bytes(), updated, nil
}

// volatile is what differs from run to run, and the word that takes its place.
var volatile = []struct {
	pattern *regexp.Regexp
	word    string
}{
	{regexp.MustCompile(`[ (]+(\d+ min )?\d+(\.\d+)? ?(s|ms)\b`), " TIME"},
	{regexp.MustCompile(`\d+(\.\d+)? ?[kKMGT]?i?B\b`), "SIZE"},
	{regexp.MustCompile(`\b([0-9a-f]{64}|[0-9a-f]{12})\b`), "ID"},
}

// normalize replaces times, sizes and ids.
func normalize(printed string) string {
	for _, v := range volatile {
		printed = v.pattern.ReplaceAllString(printed, v.word)
	}
	return printed
}
