// Package sim makes the tutorial's hosts on one Docker engine: each a container
// that runs an engine of its own, on a bridge with the tutorial's addresses.
package sim

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"time"

	"github.com/docker/docker/client"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// Labels of everything that a lab consists of. What a lab is made of is found
// by them alone; labcheck keeps no other record of it.
const (
	LabelLab  = "labcheck.lab"  // the lab's name
	labelRun  = "labcheck.run"  // which `up` made the object
	labelNode = "labcheck.node" // the node's name
	labelAddr = "labcheck.addr" // the node's address
	// labelProbe is on what doctor makes and removes again: the lab that it is for.
	labelProbe = "labcheck.probe"
)

// DefaultLab is the lab's name where none is given.
const DefaultLab = "labcheck"

var labName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// Options say which lab, and how it is to be made.
type Options struct {
	Lab string // name; DefaultLab where empty
	// Subnet moves the lab to another subnet of 24 bits. Where it is not valid
	// the lab is where it stands, or else on the tutorial's own subnet.
	Subnet netip.Prefix
	Dial   DialMode
	Images images.Options
	// Lang is the language of what Progress is told, and of Doctor.
	Lang lang.Language
	// Context is the docker CLI's context that names the engine. If it is empty
	// the engine is the one that the docker CLI would use.
	Context string
	// Watchdog is the command line that runs Watch in a process of its own; the
	// lab's name and the run are appended. Without it a lab outlives a crash of
	// this process while it is being made.
	Watchdog []string
	// Plain leaves out what makes a lab start faster than the tutorial by hand.
	Plain bool
	// Progress is told what is being done, from several goroutines. May be nil.
	Progress func(Event)
}

// Event tells that a part of the lab came about.
type Event struct {
	Node string // the node it is about; empty for the lab as a whole
	What string // "network made", "engine answers", …
	// Since is the time since Up was called.
	Since time.Duration
}

// Lab is a set of nodes on one engine. It implements harness.Target.
type Lab struct {
	opts     Options
	name     string
	run      string
	topology harness.Topology
	link     *link
	engine   *client.Client // the link's
	store    *images.Store
	watchdog *watchdog
	began    time.Time
	logs     string // see KeepLogs
	probe    string // the lab that doctor's throw-away hosts are for; else empty
}

// ErrEngine is that the engine, which is to hold the lab, can't be reached.
var ErrEngine = lang.Errorf("no Docker engine can be reached")

// Open connects to the engine and finds out where the lab stands, or would
// stand. It makes nothing.
func Open(ctx context.Context, o Options) (*Lab, error) {
	if o.Lab == "" {
		o.Lab = DefaultLab
	}
	if err := CheckName(o.Lab); err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	link, err := connect(ctx, environment(o.Context), o.Subnet)
	if err != nil {
		return nil, err
	}
	lab := &Lab{
		opts: o, name: o.Lab, run: rand.Text()[:12], link: link, engine: link.client, began: time.Now(),
		store: images.New(link.client, o.Images),
	}
	if lab.topology, err = lab.locate(ctx); err != nil {
		return nil, errors.Join(err, link.Close())
	}
	return lab, nil
}

// CheckName is an error for a name that a lab can't have.
func CheckName(lab string) error {
	if labName.MatchString(lab) {
		return nil
	}
	return lang.Errorf("lab name %q: small letters, digits and hyphens, at most 31, are allowed", lab)
}

// locate says which topology the lab has: the one it stands with, or else the
// one that was asked for.
func (l *Lab) locate(ctx context.Context) (harness.Topology, error) {
	subnet := l.opts.Subnet
	n, err := l.network(ctx)
	switch {
	case errors.Is(err, harness.ErrNoNodes):
	case err != nil:
		return harness.Topology{}, err
	case subnet.IsValid() && subnet.Masked() != n.subnet:
		return harness.Topology{}, l.elsewhere(subnet, n)
	default:
		subnet = n.subnet
	}
	if !subnet.IsValid() {
		return harness.Tutorial(), nil
	}
	return harness.Tutorial().In(subnet)
}

// elsewhere is that the lab stands on another subnet than it is to have.
func (l *Lab) elsewhere(subnet netip.Prefix, n labNetwork) error {
	return &SubnetError{
		Subnet: subnet,
		UsedBy: lang.Textf("lab %s stands on %s", l.name, n.subnet),
		Hint:   lang.Text{EN: "leave --subnet out, or name another lab with --lab"},
	}
}

// Name is "sim".
func (l *Lab) Name() string { return "sim" }

// Lab is the lab's name.
func (l *Lab) Lab() string { return l.name }

// Context returns the docker context that was asked for.
func (l *Lab) Context() string { return l.opts.Context }

// EngineName returns what EnvEngine has to hold for later commands to find the
// lab's engine.
func (l *Lab) EngineName() string { return l.link.name() }

// Topology is what the lab is, or would be.
func (l *Lab) Topology() harness.Topology { return l.topology }

// Images are the images that nodes are made from.
func (l *Lab) Images() *images.Store { return l.store }

// Close lets go of the engine; the lab stays as it is.
func (l *Lab) Close() error { return l.link.Close() }

var _ io.Closer = (*Lab)(nil)

func (l *Lab) progress(node string, what lang.Text) {
	l.opts.Progress(Event{Node: node, What: what.In(l.opts.Lang), Since: time.Since(l.began)})
}

func (l *Lab) labels() map[string]string {
	labels := map[string]string{LabelLab: l.name, labelRun: l.run}
	if l.probe != "" {
		labels[labelProbe] = l.probe
	}
	return labels
}
