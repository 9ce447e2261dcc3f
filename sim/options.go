package sim

import (
	"net/netip"
	"regexp"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// DefaultLab is the lab's name if none is given.
const DefaultLab = "labcheck"

var labName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// Options say which lab, and how it is to be made.
type Options struct {
	Lab string // name; DefaultLab if empty
	// Topology is of the hosts to make; the tutorial's if it is nil. A lab that exists
	// has the one that it was made with.
	Topology *harness.Topology
	// Hosts is how many hosts to make instead, as harness.Numbered has them.
	Hosts int
	// Subnet moves the lab to another subnet of 16 to 28 bits. If it is not valid, the
	// lab has the subnet that it was made with, or else the topology's own.
	Subnet netip.Prefix
	Dial   DialMode
	Images images.Options
	// Lang is the language of events, and of Doctor.
	Lang lang.Language
	// Context is the docker CLI's context that names the engine. If it is empty
	// the engine is the one that the docker CLI would use.
	Context string
	// Engines are the lab's engines instead, by their addresses or contexts: more than one
	// if the hosts are to be on several machines.
	Engines []string
	// Form has Up make a swarm of the engines, if they are several and in none.
	Form bool
	// Removing opens a lab for Down: with the hosts that it was made with, and on several
	// machines also if some of its engines can't be reached. Down tells which.
	Removing bool
	// Watchdog is the command line that runs Watch in a process of its own. Without it a
	// lab outlives a crash of this process while it is being made.
	Watchdog []string
	// Plain leaves out what makes a lab start faster than the tutorial by hand.
	Plain bool
	// Warn receives what a person must know of what went well. May be nil.
	Warn func(error)
	// Progress receives events, from several goroutines. May be nil.
	Progress func(Event)
}

// Event reports that a part of the lab was made.
type Event struct {
	Node string // the node it is about; empty for the lab as a whole
	What string // "network made", "engine answers", …
}

// reportEvent passes on what becomes of a lab, or of one of its nodes.
func (o Options) reportEvent(node string, what lang.Text) {
	if o.Progress != nil {
		o.Progress(Event{node, what.In(o.Lang)})
	}
}

// warnUser passes a warning on if there is one.
func (o Options) warnUser(warning error) {
	if warning != nil && o.Warn != nil {
		o.Warn(warning)
	}
}

// CheckName returns an error for a name that a lab can't have.
func CheckName(lab string) error {
	if labName.MatchString(lab) {
		return nil
	}
	return lang.Errorf("lab name %q: want at most 31 lower-case letters, digits and hyphens", lab)
}
