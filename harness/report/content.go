package report

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// content is what the HTML and the Markdown report show, in the language of the
// report. The templates of HTML use its methods.
type content struct {
	harness.Evidence
	lang.Language
	Class    string // of the verdict: holds, false, open
	Title    string
	Parts    []part
	False    []claim
	Known    int // number of known differences
	Pictures []picture
	Timeline timeline
	Reasons  []skipReason // why claims were not checked
	Typed    bool         // commands of the page were typed
}

func newContent(e harness.Evidence, l lang.Language) content {
	l = orEnglish(l)
	c := content{
		Evidence: e, Language: l, Parts: newParts(e), Pictures: newPictures(e, l),
		Timeline: newTimeline(e, l), Reasons: skipReasons(e.Scenarios),
	}
	class, sentence := outcome(e, l)
	c.Class, c.Title = class, capitalized(sentence)
	for _, p := range c.Parts {
		for _, claim := range p.Claims {
			c.Known += claim.Known
			c.Typed = c.Typed || claim.Typed && len(commandsOf(claim.Scenario)) > 0
			if claim.Status == harness.Failed {
				c.False = append(c.False, claim)
			}
		}
	}
	return c
}

func orEnglish(l lang.Language) lang.Language {
	if l == lang.Japanese {
		return l
	}
	return lang.English
}

func capitalized(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	return string(unicode.ToUpper(first)) + sentence[size:]
}

// ForeignLanguage returns the language of the run's texts if the report is in
// another one.
func (c content) ForeignLanguage() lang.Language {
	if l := orEnglish(c.Run.Lang); l != c.Language {
		return l
	}
	return ""
}

// Sizes says where the expected sizes come from. It returns nothing of a lab,
// whose sizes are always the page's.
func (c content) Sizes() string {
	if c.Target.Name == "sim" {
		return ""
	}
	return Sizes(c.Language, c.Target.Topology)
}

// Place says what was checked.
func (c content) Place() string {
	switch {
	case c.Target.Name == "sim" && c.Target.Fresh:
		return c.Say("a new lab (%s)", c.Target.Lab)
	case c.Target.Name == "sim":
		return c.Say("the running lab %s", c.Target.Lab)
	}
	return c.Target.Name
}

// Versions returns the programs and their versions, sorted by the programs' names.
func (c content) Versions() string {
	var all []string
	for _, program := range slices.Sorted(maps.Keys(c.Target.Versions)) {
		all = append(all, program+" "+c.Target.Versions[program])
	}
	return strings.Join(all, " · ")
}
