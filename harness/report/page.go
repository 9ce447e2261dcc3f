package report

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// page is what the HTML report is made from. Its methods are for the template.
type page struct {
	harness.Evidence
	Lang     lang.Language
	Class    string // of the verdict: holds, false, open
	Title    string
	Features []feature
	False    []claim
	Pictures []picture
	Course   course
}

func newPage(e harness.Evidence, l lang.Language) page {
	if l != lang.Japanese {
		l = lang.English
	}
	p := page{Evidence: e, Lang: l, Features: newFeatures(e), Course: newCourse(e, l)}
	p.Class, p.Title = headline(e, l)
	for _, f := range p.Features {
		for _, c := range f.Claims {
			if c.Status == harness.Failed {
				p.False = append(p.False, c)
			}
		}
	}
	p.Pictures = newPictures(e.Snapshots, l)
	return p
}

// headline is the verdict in a sentence, and its class.
func headline(e harness.Evidence, l lang.Language) (class, line string) {
	c := e.Counts
	checked := c.Passed + c.Failed
	switch {
	case e.Run.Verdict == harness.VerdictInterrupted:
		return "open", l.Say("Interrupted after %s", claims(l, checked))
	case e.Run.Verdict == harness.VerdictUnreachable:
		return "false", l.Say("The cluster could not be checked")
	case c.Failed > 0:
		return "false", l.Say("%d of %s false", c.Failed, l.Count(checked, "%d claim is", "%d claims are"))
	case e.Run.Verdict != harness.VerdictHolds || checked == 0:
		return "false", l.Say("Nothing was checked")
	}
	return "holds", l.Count(c.Passed, "%d claim holds", "%d claims hold")
}

func claims(l lang.Language, n int) string {
	return l.Count(n, "%d claim", "%d claims")
}

// Say is a text of the page in its language.
func (p page) Say(format string, args ...any) string { return p.Lang.Say(format, args...) }

// Self is the page, for a thing on it that has things of its own.
func (p page) Self() page { return p }

// Foreign is the language of what the run said, where it is not the page's.
func (p page) Foreign() lang.Language {
	if spoken := p.spoken(); spoken != p.Lang {
		return spoken
	}
	return ""
}

func (p page) spoken() lang.Language {
	if p.Run.Lang == lang.Japanese {
		return lang.Japanese
	}
	return lang.English
}

// Took shows a duration.
func (p page) Took(d time.Duration) string { return seconds(d) }

// Date shows a moment to a person, and ISO to a program.
func (p page) Date(t time.Time) string {
	t = t.UTC()
	return t.Format(lang.Text{EN: "2 January 2006, 15:04 MST"}.In(p.Lang))
}

// ISO is a moment in RFC 3339.
func (p page) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Hosts are those of the topology, the manager first.
func (p page) Hosts() []harness.Host {
	t := p.Target.Topology
	hosts := slices.Concat([]harness.Host{t.Manager}, t.Members)
	return slices.DeleteFunc(hosts, func(h harness.Host) bool { return h.Name == "" && h.Addr == netip.Addr{} })
}

// Subnet is a lab's; empty where the hosts have none of their own.
func (p page) Subnet() string {
	if s := p.Target.Topology.Subnet; s.IsValid() {
		return s.String()
	}
	return ""
}

// Sizes says where the expected sizes come from; empty of labs, whose sizes are
// always the page's.
func (p page) Sizes() string {
	if p.Target.Name == "sim" {
		return ""
	}
	return Sizes(p.Lang, p.Target.Topology)
}

// Place says what was checked.
func (p page) Place() string {
	switch {
	case p.Target.Name == "sim" && p.Target.Fresh:
		return p.Say("a fresh lab (%s)", p.Target.Lab)
	case p.Target.Name == "sim":
		return p.Say("the lab %s, as it stood", p.Target.Lab)
	}
	return p.Target.Name
}

// Versions are the programs' versions, sorted by the programs' names.
func (p page) Versions() string {
	var all []string
	for program, version := range p.Target.Versions {
		all = append(all, program+" "+version)
	}
	slices.Sort(all)
	return strings.Join(all, " · ")
}

// Listed counts the differences that are listed.
func (p page) Listed() int {
	n := 0
	for _, f := range p.Features {
		for _, c := range f.Claims {
			for _, s := range c.Steps {
				if s.Against != nil {
					n += s.Against.Listed
				}
			}
		}
	}
	return n
}

// Reasons are why claims were not checked, each with how many.
func (p page) Reasons() []reason { return reasons(p.Scenarios) }

// Sure is how sure a finding is.
func (p page) Sure(c harness.Confidence) string { return sureness(p.Lang, c) }
