package report

import (
	"fmt"
	"html"
	"io"
	"strings"
	"unicode/utf8"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// maxMarkdown is the longest comment that GitHub accepts, in characters. A job's
// summary may be longer.
const maxMarkdown = 65536

// Markdown writes a run's results for a GitHub job summary or comment: the
// verdict, the counts, the causes with their fixes, the false claims, and the reasons
// of claims that were not checked. It leaves out what does not fit a comment, and says so.
func Markdown(w io.Writer, e harness.Evidence, l lang.Language) error {
	m := markdown{content: newContent(e, l), room: maxMarkdown}
	m.addSummary()
	m.addTable()
	m.addAll(len(e.Findings), m.Say("findings"), func(i int) string { return m.findingSection(e.Findings[i]) })
	m.addAll(len(m.False), m.Say("false claims"), func(i int) string { return m.claimSection(m.False[i]) })
	m.addNotes()
	_, err := io.WriteString(w, cleanText(m.b.String()))
	return err
}

// markdown is a text of limited length.
type markdown struct {
	content
	b    strings.Builder
	room int // characters that are left
	full bool
}

func (m *markdown) addSummary() {
	mark := map[string]string{"holds": "✅", "false": "❌", "open": "⚠️"}[m.Class]
	m.addSection(fmt.Sprintf("## %s %s\n\n", mark, m.Title))
	if m.Run.Error != "" {
		m.addSection(codeBlock(m.Run.Error) + "\n")
	}
	line := m.Say("In %s, on %s.", formatDuration(m.Run.Duration), escapeMarkdown(m.Place()))
	if c := m.Page; c != nil {
		line += m.Say(" %d of the page's %d commands typed, %d of its %d outputs compared.",
			c.Run, c.Commands, c.Compared, c.Outputs)
	}
	if sizes := m.Sizes(); sizes != "" {
		line += m.Say(" Expected sizes: %s.", escapeMarkdown(sizes))
	}
	if m.Known > 0 {
		line += m.Say(" %s.", countKnown(m.Language, m.Known))
	}
	m.addSection(line + "\n")
}

func (m *markdown) claimSection(c claim) string {
	return foldedSection("❌ "+c.Name, fmt.Sprintf("%s · %s\n\n%s\n\n%s\n%s\n\n%s", codeSpan(c.ID), codeSpan(c.Location),
		m.Say("Expected:"), codeBlock(c.Expected), m.Say("Seen:"), codeBlock(c.Seen)))
}

// findingSection has the cause and the fix; the observations are folded.
func (m *markdown) findingSection(f harness.Finding) string {
	var b, seen strings.Builder
	fmt.Fprintf(&b, "\n### %s%s\n\n%s · %s", m.Say("Cause: "), escapeMarkdown(f.Cause), sureness(m.Language, f.Confidence), codeSpan(f.Code))
	if f.Node != "" {
		fmt.Fprintf(&b, " · %s", codeSpan(f.Node))
	}
	b.WriteString("\n")
	if f.Revert != "" {
		fmt.Fprintf(&b, "\n%s\n\n%s", m.Say("Revert it with labcheck:"), codeBlock(f.Revert))
	}
	if len(f.Remedy) > 0 {
		where := m.Say("Fix, on the manager:")
		if f.RemedyHost != "" {
			where = m.Say("Fix, on %s itself:", codeSpan(f.RemedyHost))
		}
		fmt.Fprintf(&b, "\n%s\n", where)
	}
	for _, command := range f.Remedy {
		b.WriteString("\n" + codeBlock(command))
	}
	if f.Advice != "" {
		fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(f.Advice))
	}
	for _, o := range f.Seen {
		fmt.Fprintf(&seen, "%s\n\n%s\n", codeSpan(o.Asked), codeBlock(o.Answered))
	}
	if len(f.Seen) > 0 {
		b.WriteString(foldedSection(countObservations(m.Language, len(f.Seen)), seen.String()))
	}
	return b.String()
}

// addTable adds the counts of each part of the page.
func (m *markdown) addTable() {
	if len(m.Parts) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s | %s | %s | %s |\n|---|--:|--:|--:|\n",
		m.Say("Part of the page"), m.Say("hold"), m.Say("false"), m.Say("not checked"))
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", escapeMarkdown(p.Title), p.Passed, p.Failed, p.Skipped)
	}
	m.addSection(b.String())
}

// addNotes adds why claims were not checked, and the versions.
func (m *markdown) addNotes() {
	for _, r := range m.Reasons {
		m.addSection(fmt.Sprintf("\n- %s %s\n", m.Say("Not checked, %d:", r.Number), escapeMarkdown(r.Text)))
	}
	versions := fmt.Sprintf("labcheck %s · %s", m.Run.Labcheck, m.Versions())
	m.addSection(fmt.Sprintf("\n%s\n", escapeMarkdown(versions)))
}

// foldedSection returns Markdown that opens below a line of text.
func foldedSection(title, section string) string {
	return fmt.Sprintf("\n<details><summary>%s</summary>\n\n%s\n</details>\n", escapeHTML(title), section)
}

// addAll adds n sections until one does not fit. Then it says how many are left
// out.
func (m *markdown) addAll(n int, what string, section func(int) string) {
	for i := range n {
		if !m.addSection(section(i)) {
			omitted := m.Say("_Left out because a comment has a maximum length: %s, %d. The full report has them._",
				what, n-i)
			fmt.Fprintf(&m.b, "\n%s\n", omitted)
			return
		}
	}
}

// roomForNotes is kept free for what addAll says of sections that are left out.
const roomForNotes = 512

// addSection adds a section if it fits as a whole. After one that does not fit it
// adds none.
func (m *markdown) addSection(section string) bool {
	size := utf8.RuneCountInString(cleanText(section)) // escapes make a text longer
	if m.full || size+roomForNotes > m.room {
		m.full = true
		return false
	}
	m.room -= size
	m.b.WriteString(section)
	return true
}

// escapeMarkdown makes a text one line of Markdown without markup, links and
// mentions.
func escapeMarkdown(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		switch {
		case r == '@':
			b.WriteString("@\u200b") // GitHub looks for mentions after it has decoded entities and escapes
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

// escapeHTML makes a text one line of HTML without elements and mentions.
func escapeHTML(s string) string {
	return strings.ReplaceAll(html.EscapeString(oneLine(s)), "@", "@\u200b")
}

// codeSpan returns a text as a code span of one line.
func codeSpan(s string) string {
	ticks := strings.Repeat("`", longestRun(s)+1)
	return ticks + " " + strings.ReplaceAll(oneLine(s), "|", "¦") + " " + ticks
}

// codeBlock returns a text as a code block. Its fences have more backticks than any
// run in the text.
func codeBlock(s string) string {
	ticks := strings.Repeat("`", max(3, longestRun(s)+1))
	return ticks + "text\n" + strings.TrimRight(cleanText(s), "\n") + "\n" + ticks + "\n"
}

// longestRun returns the length of the longest run of backticks.
func longestRun(s string) int {
	longest := 0
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return r != '`' }) {
		longest = max(longest, len(run))
	}
	return longest
}
