package report

import (
	_ "embed"
	"errors"
	"fmt"
	"html"
	"io"
	"strings"
	"text/template"
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
	return writeMarkdown(w, newContent(e, l))
}

func writeMarkdown(w io.Writer, c content) error {
	m := markdown{template: template.New("markdown"), room: maxMarkdown}
	m.template.Funcs(functions(c)).Funcs(template.FuncMap{
		"escape": escapeMarkdown, "escapeHTML": escapeHTML, "codeSpan": codeSpan, "codeBlock": codeBlock,
	})
	if _, err := m.template.Parse(markdownTemplate); err != nil {
		return err
	}
	for _, name := range []string{"title", "error", "numbers", "parts", "changes"} {
		m.addSection(name, c)
	}
	addAll(&m, "finding", c.Say("findings"), c.Findings)
	addAll(&m, "claim", c.Say("false claims"), c.False)
	for _, r := range c.Reasons {
		m.addSection("reason", r)
	}
	m.addSection("versions", c)
	_, err := io.WriteString(w, harness.ShowControls(m.b.String()))
	return errors.Join(m.err, err)
}

//go:embed markdown.tmpl
var markdownTemplate string

// markdown is a text of limited length, whose sections are templates.
type markdown struct {
	template *template.Template
	b        strings.Builder
	room     int // characters that are left
	full     bool
	err      error // of the templates
}

// roomForNotes is kept free for what addAll says of sections that are left out.
const roomForNotes = 512

// addSection adds a section if it fits as a whole. After one that does not fit it
// adds none.
func (m *markdown) addSection(name string, about any) bool {
	section := m.renderPart(name, about)
	size := utf8.RuneCountInString(harness.ShowControls(section)) // escapes make a text longer
	if m.full || size+roomForNotes > m.room {
		m.full = true
		return false
	}
	m.room -= size
	m.b.WriteString(section)
	return true
}

func (m *markdown) renderPart(name string, about any) string {
	var section strings.Builder
	m.err = errors.Join(m.err, m.template.ExecuteTemplate(&section, name, about))
	return section.String()
}

// omitted is how many sections of a kind are left out.
type omitted struct {
	What   string
	Number int
}

// addAll adds a section for each item until one does not fit. Then it says how many
// are left out.
func addAll[T any](m *markdown, name, what string, all []T) {
	for i, item := range all {
		if !m.addSection(name, item) {
			m.b.WriteString(m.renderPart("omitted", omitted{what, len(all) - i}))
			return
		}
	}
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
	return ticks + "text\n" + strings.TrimRight(harness.ShowControls(s), "\n") + "\n" + ticks + "\n"
}

// longestRun returns the length of the longest run of backticks.
func longestRun(s string) int {
	longest := 0
	for _, run := range strings.FieldsFunc(s, func(r rune) bool { return r != '`' }) {
		longest = max(longest, len(run))
	}
	return longest
}
