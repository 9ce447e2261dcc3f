package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labcheck/harness/lang"
)

// FaultVerb is a subcommand of `labcheck fault` that takes one argument: a host, or
// what names a fault otherwise.
type FaultVerb struct {
	Use   string // the subcommand and its argument
	Short lang.Text
	Kind  FaultKind
	Parse func(arg string) Fault
}

// BreakVerbs returns the subcommands that put a fault in force.
func BreakVerbs() []FaultVerb {
	return []FaultVerb{
		hostVerb("pause HOST", FaultPause, lang.Text{EN: "Pause a host, as if it hung"}),
		hostVerb("kill HOST", FaultKill, lang.Text{EN: "Switch a host off, as a power cut does"}),
		{
			"cut HOST[,HOST]",
			lang.Text{EN: "Drop what a host and another one, or all others, send each other"},
			FaultCut, ParseCut,
		},
		hostVerb("slow HOST", FaultSlow,
			lang.Text{EN: "Delay what a host sends, or lose some of it; needs the kernel's netem"}),
		hostVerb("fill-disk HOST", FaultFillDisk,
			lang.Text{EN: "Leave a host's engine no room for new containers and images"}),
		{
			"stop consul[:HOST]|manager[:HOST]|join:HOST",
			lang.Text{EN: "Stop a container of the tutorial"},
			FaultStop, ParseStop,
		},
	}
}

// MendVerbs returns the subcommands that take one off. Others are taken off by undo.
func MendVerbs() []FaultVerb {
	return []FaultVerb{
		hostVerb("resume HOST", FaultPause, lang.Text{EN: "Resume a paused host"}),
		hostVerb("start HOST|consul[:HOST]|manager[:HOST]|join:HOST", FaultKill,
			lang.Text{EN: "Start a host that is off, or a container that was stopped"}),
		{"heal HOST[,HOST]", lang.Text{EN: "Revert a cut"}, FaultCut, ParseCut},
	}
}

func hostVerb(use string, kind FaultKind, short lang.Text) FaultVerb {
	return FaultVerb{use, short, kind, func(host string) Fault { return Fault{Kind: kind, Node: host} }}
}

// Complete returns what the argument may be that is partly typed, from what Use says:
// consul[:HOST]|join:HOST, HOST[,HOST].
func (v FaultVerb) Complete(hosts []string, typed string) (all []string) {
	_, forms, _ := strings.Cut(v.Use, " ")
	before := ""
	if i := strings.LastIndex(typed, ","); i >= 0 && strings.Contains(forms, ",HOST") {
		before = typed[:i+1]
	}
	for form := range strings.SplitSeq(forms, "|") {
		name, _, optional := strings.Cut(form, "[")
		service, _, hasHost := strings.Cut(form, "HOST")
		if optional && name != "HOST" || !hasHost {
			all = append(all, name)
		}
		for _, host := range hosts {
			all = append(all, before+strings.ReplaceAll(service, "[", "")+host)
		}
	}
	return all
}

// ParseCut returns the cut of one host off all others, or of two hosts off one
// another: store, or store,frontend01.
func ParseCut(hosts string) Fault {
	node, peer, _ := strings.Cut(hosts, ",")
	return Fault{Kind: FaultCut, Node: node, Peer: peer}
}

// ParseStop returns the stop of a container of the page: consul, manager or
// join:HOST, and of replicas consul:HOST and manager:HOST. Without a host it is the
// manager's, which Of adds.
func ParseStop(service string) Fault {
	name, node, _ := strings.Cut(service, ":")
	return Fault{Kind: FaultStop, Node: node, Service: name}
}

// Of returns the fault of a topology: on the manager if it names no host.
func (f Fault) Of(t Topology) Fault {
	f.Node = cmp.Or(f.Node, t.Manager.Name)
	return f
}

// MendWords returns the subcommand of `labcheck fault` that takes the fault off,
// and its arguments.
func (f Fault) MendWords() string {
	switch f.Kind {
	case FaultPause:
		return "resume " + f.Node
	case FaultKill:
		return "start " + f.Node
	case FaultStop:
		if f.Node != Tutorial().Manager.Name {
			return "start " + f.Service + ":" + f.Node
		}
		return "start " + f.Service
	case FaultCut:
		words := "heal " + strings.TrimSuffix(f.Node+","+f.Peer, ",")
		if f.Port != 0 {
			words += fmt.Sprintf(" --port %d", f.Port)
		}
		if f.OneWay {
			words += " --one-way"
		}
		return words
	}
	return "undo " + f.Node
}

// CheckHosts returns an error unless the fault is about hosts of a topology.
func (f Fault) CheckHosts(t Topology) error {
	if f.Peer == "" {
		return t.CheckHosts(f.Node)
	}
	return t.CheckHosts(f.Node, f.Peer)
}

// CheckHosts returns an error if a name is none of the topology's hosts.
func (t Topology) CheckHosts(names ...string) error {
	all := t.HostNames()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return lang.Errorf("there is no host %s; there are %s", name, strings.Join(all, ", "))
		}
	}
	return nil
}

// BreakFor puts a fault in force, waits until some time is over or ctx has ended, and
// takes it off again, with what came of it on its host, such as a container that did
// not come up. Begun is called when the fault is in force. What was mended is nil if
// that failed.
func BreakFor(
	ctx context.Context, hosts Faulter, f Fault, during time.Duration, begun func(),
) (mended []Fault, err error) {
	before, err := hosts.Faults(ctx)
	if err != nil {
		return nil, err
	}
	if err := hosts.Break(ctx, f); err != nil {
		return nil, err
	}
	begun()
	select {
	case <-ctx.Done():
	case <-time.After(during):
	}
	mending, cancel := WithLimit(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	mended, err = MendAll(mending, hosts, func(now Fault) bool {
		return now.Node == f.Node && !slices.Contains(before, now)
	})
	if err != nil {
		return nil, errors.Join(context.Cause(ctx), err)
	}
	return append([]Fault{}, mended...), context.Cause(ctx)
}
