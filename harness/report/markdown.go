package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// maxMarkdown is the longest comment that GitHub takes, in characters; a job's
// summary may be longer.
const maxMarkdown = 65536

// Markdown writes what a run came to for a GitHub job summary or comment: the
// verdict, what is false and why, and what was not checked. What does not fit a
// comment is left out, and that is said.
func Markdown(w io.Writer, e harness.Evidence, l lang.Language) error {
	m := markdown{page: newPage(e, l), room: maxMarkdown}
	m.summary()
	for i, c := range m.False {
		if !m.add(m.falsehood(c)) {
			m.cut(len(m.False)-i, m.Say("false claims"))
			break
		}
	}
	for i, f := range e.Findings {
		if !m.add(m.finding(f)) {
			m.cut(len(e.Findings)-i, m.Say("findings"))
			break
		}
	}
	m.tables()
	_, err := io.WriteString(w, clean(m.b.String()))
	return err
}

// markdown is a text that ends before it is too long.
type markdown struct {
	page
	b    strings.Builder
	room int
	full bool
}

// forNotes is what is kept for saying what was left out.
const forNotes = 512

// add adds a part if it fits as a whole; after one that does not, none does.
func (m *markdown) add(part string) bool {
	// What it is made harmless to is longer than what it is, at times.
	size := utf8.RuneCountInString(clean(part))
	if m.full || size+forNotes > m.room {
		m.full = true
		return false
	}
	m.room -= size
	m.b.WriteString(part)
	return true
}

func (m *markdown) cut(n int, what string) {
	fmt.Fprintf(&m.b, "\n%s\n", m.Say("_Left out for lack of room: %s, %d. The whole report has them._", what, n))
}

func (m *markdown) summary() {
	mark := map[string]string{"holds": "✅", "false": "❌", "open": "⚠️"}[m.Class]
	m.add(fmt.Sprintf("## %s %s\n\n", mark, m.Title))
	if m.Run.Error != "" {
		m.add(fence(m.Run.Error) + "\n")
	}
	line := m.Say("In %s, on %s.", seconds(m.Run.Duration), escape(m.Place()))
	if c := m.Page; c != nil {
		line += m.Say(" %d of the page's %d commands typed, %d of its %d outputs compared.", c.Run, c.Commands, c.Compared, c.Outputs)
	}
	if sizes := m.Sizes(); sizes != "" {
		line += m.Say(" Expected sizes: %s.", escape(sizes))
	}
	if n := m.Listed(); n > 0 {
		line += m.Say(" %d values differ for a listed reason.", n)
	}
	m.add(line + "\n")
}

func (m *markdown) falsehood(c claim) string {
	return fmt.Sprintf("\n### ❌ %s\n\n%s · %s\n\n%s\n\n%s\n%s\n\n%s", escape(c.Name), codeSpan(c.ID), codeSpan(c.Where),
		m.Say("Expected:"), fence(c.Expected), m.Say("Seen:"), fence(c.Seen))
}

func (m *markdown) finding(f harness.Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s%s\n\n%s", m.Say("Why: "), escape(f.Cause), m.Sure(f.Confidence))
	if f.Node != "" {
		fmt.Fprintf(&b, " · %s", codeSpan(f.Node))
	}
	b.WriteString("\n")
	for _, o := range f.Seen {
		fmt.Fprintf(&b, "\n%s\n\n%s", escape(o.Asked), fence(o.Answered))
	}
	if len(f.Remedy) > 0 {
		fmt.Fprintf(&b, "\n%s\n\n%s", m.Say("What mends it, typed on the manager:"), fence(strings.Join(f.Remedy, "\n")))
	}
	if f.Advice != "" {
		fmt.Fprintf(&b, "\n%s\n", escape(f.Advice))
	}
	return b.String()
}

// tables are the parts of the page with their counts, and what was not checked.
func (m *markdown) tables() {
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s | %s | %s | %s |\n|---|--:|--:|--:|\n", m.Say("Part of the page"), m.Say("hold"), m.Say("false"), m.Say("not checked"))
	for _, f := range m.Features {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", escape(f.Title), f.Passed, f.Failed, f.Skipped)
	}
	if len(m.Features) > 0 {
		m.add(b.String())
	}
	for _, r := range m.Reasons() {
		m.add(fmt.Sprintf("\n- %s %s\n", m.Say("Not checked, %d:", r.Number), escape(r.Text)))
	}
	m.add(fmt.Sprintf("\n%s\n", escape(fmt.Sprintf("labcheck %s · %s", m.Run.Labcheck, m.Versions()))))
}

// escape makes a text one line of Markdown that is nothing but text: no markup,
// no link, and nobody is mentioned by it.
func escape(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		switch {
		case r == '@':
			b.WriteString("@\u200b") // GitHub looks for mentions after entities and escapes are gone
		case strings.ContainsRune("<>&", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case r < utf8.RuneSelf && strings.ContainsRune("!#$()*+-.:[\\]^_`{|}~", r):
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// codeSpan is a code span of one line.
func codeSpan(s string) string {
	ticks := strings.Repeat("`", longestRun(s)+1)
	return ticks + " " + strings.ReplaceAll(oneLine(s), "|", "¦") + " " + ticks
}

// fence is a code block, fenced by more backticks than there are in it.
func fence(s string) string {
	ticks := strings.Repeat("`", max(3, longestRun(s)+1))
	return ticks + "text\n" + strings.TrimRight(clean(s), "\n") + "\n" + ticks + "\n"
}

func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
