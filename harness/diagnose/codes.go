package diagnose

import (
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Code is a kind of cause. It is the same for good.
type Code struct {
	Code string
	// Section is of docs/diagnosis.md, and explains the code: hosts-and-engines.
	Section string
	// Title says what is wrong, of any cluster; a format if it is of a container of the page.
	Title     string
	container []any
	// Cause and Advice say of one cluster what is wrong and what to do. They are formats
	// of the package lang; Advice is empty if only commands help.
	Cause, Advice string
	// Breaks is what it breaks, of the same host.
	Breaks kind
	// Sure is how sure such a finding is; Certain if it is empty.
	Sure harness.Confidence
	// Looks is how it shows, and Why how it comes about, of any cluster; texts of the
	// package lang.
	Looks, Why string
	// Fix is the commands that usually fix it, with words in capitals for what differs.
	Fix []string
	// Fault is what labcheck fault is given to show it on a lab.
	Fault string
}

// The sections of docs/diagnosis.md that explain findings.
const (
	hostsSection   = "hosts-and-engines"
	consulSection  = "consul"
	managerSection = "the-swarm-manager"
	joinsSection   = "nodes-that-join"
	networkSection = "the-network"

	unexplainedSection = "why-it-is-broken"
)

// Codes returns all codes that a finding can have, by section.
func Codes() []Code { return slices.Clone(codes) }

// codeOf returns a code of the table.
func codeOf(code string) Code {
	return codes[slices.IndexFunc(codes, func(c Code) bool { return c.Code == code })]
}

var codes = slices.Concat(
	hostRows,
	containerCodes(consulCodes, consulSection, lang.Textf("the Consul container"),
		consulBoxKind, consulLookKind, "stop consul"),
	consulRows,
	containerCodes(managerCodes, managerSection, lang.Textf("the Swarm manager container"),
		managerBoxKind, managerLookKind, "stop manager"),
	managerRows,
	containerCodes(joinCodes, joinsSection, lang.Textf("a join container"), joinKind, rebootKind, "stop join:HOST"),
	joinRows,
	networkRows,
	[]Code{
		{
			Code: "unexplained", Section: unexplainedSection, Sure: harness.Possible,
			Title: "no cause was found", Cause: "no cause was found for %d of the false claims",
			Advice: "what was ruled out is listed; the claim's own expected and seen say more",
			Looks:  "claims are false, and all that was asked of the cluster is right",
			Why:    "the cause is over, or is none that labcheck knows",
			Fix:    []string{"labcheck check --out DIR", "labcheck diagnose --packets"},
		},
	},
)
