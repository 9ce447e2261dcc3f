package diagnose

import (
	"slices"
	"strings"

	"labcheck/harness/lang"
)

// Explained is a code explained in a language, without a cluster.
type Explained struct {
	Code  string `json:"code"`
	Means string `json:"means"`
	Looks string `json:"looks"`
	Why   string `json:"why"`
	// Fix is commands, with words in capitals for what differs, and Advice what to do
	// besides.
	Fix    []string `json:"fix,omitempty"`
	Advice string   `json:"advice,omitempty"`
	// Try is the command that shows it on a lab.
	Try   string   `json:"try,omitempty"`
	Links []string `json:"links"`
	Doc   string   `json:"doc"`
}

// Explain returns what is known of a code; ok is false if there is none of that name.
func Explain(code string, l lang.Language) (e Explained, ok bool) {
	i := slices.IndexFunc(codes, func(c Code) bool { return c.Code == code })
	if i < 0 {
		return e, false
	}
	c := codes[i]
	e = Explained{
		Code: code, Means: c.TitleIn(l), Looks: l.Format(c.Looks), Why: l.Format(c.Why), Fix: c.Fix,
		Links: linksOf(c.Section), Doc: docOf(c, l),
	}
	if !strings.Contains(c.Advice, "%") {
		e.Advice = l.Format(c.Advice)
	}
	if c.Fault != "" {
		e.Try = "labcheck fault " + c.Fault
	}
	return e, true
}

// ExplainedPart is a part of an explanation: lines of text, or of commands.
type ExplainedPart struct {
	Title  string
	Lines  []string
	IsCode bool
}

// Parts returns the parts of an explanation that are not empty, in their order.
func (e Explained) Parts(l lang.Language) []ExplainedPart {
	all := []ExplainedPart{
		{l.Say("How it looks"), []string{e.Looks}, false},
		{l.Say("Why it happens"), []string{e.Why}, false},
		{l.Say("How to fix it"), e.Fix, true},
		{l.Say("What else to do"), []string{e.Advice}, false},
		{l.Say("How to see it on a lab"), []string{e.Try}, true},
		{l.Say("More about it"), e.Links, false},
	}
	return slices.DeleteFunc(all, func(p ExplainedPart) bool { return strings.Join(p.Lines, "") == "" })
}

// TitleIn returns what is wrong, of any cluster, in a language.
func (c Code) TitleIn(l lang.Language) string {
	format := c.Title
	return l.Say(format, c.container...)
}

// docOf returns the place that explains a code, in the repository.
func docOf(c Code, l lang.Language) string {
	name := c.Section
	if l == lang.Japanese {
		name += ".ja"
	}
	return "docs/codes/" + name + ".md#" + c.Code
}

// linksOf returns what others have written about the parts of a section.
func linksOf(section string) []string {
	switch section {
	case hostsSection:
		return []string{
			"https://docs.docker.com/reference/cli/dockerd/",
			"https://docs.docker.com/engine/daemon/troubleshoot/",
		}
	case consulSection:
		return []string{
			"https://developer.hashicorp.com/consul/docs",
			"https://developer.hashicorp.com/consul/api-docs/status",
		}
	case networkSection:
		return []string{
			"https://github.com/moby/libnetwork/blob/master/docs/overlay.md",
			"https://datatracker.ietf.org/doc/html/rfc7348",
		}
	case unexplainedSection:
		return nil
	}
	return []string{
		"https://github.com/docker-archive/classicswarm/tree/v1.2.9",
		"https://github.com/docker-archive/classicswarm/tree/v1.2.9/discovery",
	}
}
