package report

import (
	"maps"
	"net/netip"
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
}

func newContent(e harness.Evidence, l lang.Language) content {
	l = orEnglish(l)
	c := content{
		Evidence: e, Language: l, Parts: newParts(e), Pictures: newPictures(e.Snapshots, l),
		Timeline: newTimeline(e, l), Reasons: skipReasons(e.Scenarios),
	}
	class, sentence := outcome(e, l)
	c.Class, c.Title = class, capitalized(sentence)
	for _, p := range c.Parts {
		for _, claim := range p.Claims {
			c.Known += claim.Known
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

// outcome returns the class of a run's verdict, and the verdict in words.
func outcome(e harness.Evidence, l lang.Language) (class, sentence string) {
	checked := e.Counts.Passed + e.Counts.Failed
	held := l.Count(e.Counts.Passed, "%d claim holds", "%d claims hold")
	switch {
	case e.Run.Verdict == harness.VerdictInterrupted:
		return "open", l.Say("interrupted after %s, %d of them false", countClaims(l, checked), e.Counts.Failed)
	case e.Run.Verdict == harness.VerdictUnreachable && checked > 0:
		return "false", l.Say("%s, and not all could be checked", held)
	case e.Run.Verdict == harness.VerdictUnreachable:
		return "false", l.Say("the cluster could not be checked")
	case e.Counts.Failed > 0:
		return "false", l.Say("%d of %s false", e.Counts.Failed, l.Count(checked, "%d claim is", "%d claims are"))
	case e.Run.Verdict != harness.VerdictHolds || checked == 0:
		return "false", l.Say("nothing was checked")
	}
	return "holds", held
}

func countClaims(l lang.Language, n int) string { return l.Count(n, "%d claim", "%d claims") }

func countKnown(l lang.Language, n int) string {
	return l.Count(n, "%d known difference", "%d known differences")
}

// ForeignLanguage returns the language of the run's texts if the report is in
// another one.
func (c content) ForeignLanguage() lang.Language {
	if l := orEnglish(c.Run.Lang); l != c.Language {
		return l
	}
	return ""
}

// Hosts returns the hosts of the topology, the manager first.
func (c content) Hosts() []harness.Host {
	return slices.DeleteFunc(c.Target.Topology.Hosts(), func(h harness.Host) bool {
		return h.Name == "" && h.Addr == netip.Addr{}
	})
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
		return c.Say("a fresh lab (%s)", c.Target.Lab)
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
