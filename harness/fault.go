package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness/lang"
)

// FaultKind is a way in which a cluster is broken on purpose.
type FaultKind string

// The kinds.
const (
	FaultPause    FaultKind = "pause"     // the host stands still: it is there and does nothing
	FaultKill     FaultKind = "kill"      // the host is off, as after a power cut
	FaultCut      FaultKind = "cut"       // packets between hosts are dropped
	FaultSlow     FaultKind = "slow"      // what the host sends is late, or lost now and then
	FaultFillDisk FaultKind = "fill-disk" // the host's engine has no room to write
	FaultStop     FaultKind = "stop"      // a container of the tutorial does not run
)

// Fault is one thing that is broken, or to be.
type Fault struct {
	Kind FaultKind `json:"kind"`
	Node string    `json:"node"` // the host which has it
	// Peer is the host that Node is cut off from; all others where it is empty.
	Peer string `json:"peer,omitempty"`
	// Port limits a cut to what is sent to this TCP or UDP port; 0 is all.
	Port uint16 `json:"port,omitempty"`
	// OneWay limits a cut to what Node sends.
	OneWay bool `json:"one_way,omitempty"`
	// Delay and Loss are those of a slow host; loss in percent.
	Delay time.Duration `json:"delay_ns,omitempty"`
	Loss  float64       `json:"loss_percent,omitempty"`
	// Service is the container that a stop is about: consul, manager, join.
	Service string `json:"service,omitempty"`
}

// String says the fault as a sentence without a full stop.
func (f Fault) String() string { return f.In(lang.English) }

// In is the same sentence in a language.
func (f Fault) In(l lang.Language) string {
	switch f.Kind {
	case FaultPause:
		return l.Say("%s is paused", f.Node)
	case FaultKill:
		return l.Say("%s is off", f.Node)
	case FaultCut:
		return f.describeCut(l)
	case FaultSlow:
		return l.Say("what %s sends is %s late, and %g%% of it is lost", f.Node, f.Delay, f.Loss)
	case FaultFillDisk:
		return l.Say("the disk of %s is full", f.Node)
	case FaultStop:
		return l.Say("the %s container of %s does not run", f.Service, f.Node)
	}
	return fmt.Sprintf("%s: %s", f.Node, f.Kind)
}

func (f Fault) describeCut(l lang.Language) string {
	peer := f.Peer
	if peer == "" {
		peer = l.Say("every other host")
	}
	if f.Port != 0 {
		peer += l.Say(", port %d", f.Port)
	}
	if f.OneWay {
		return l.Say("what %s sends does not arrive at %s", f.Node, peer)
	}
	return l.Say("%s is cut off from %s", f.Node, peer)
}

// What Faulter's methods say with errors.Is. Where the place itself can't do
// what is asked for the error is errors.ErrUnsupported, with the reason.
var (
	ErrInForce    = lang.Errorf("in force already")
	ErrNotInForce = lang.Errorf("not in force")
)

// Faulter is what a target may be besides: one whose hosts can be broken on
// purpose. Labs are; clusters that somebody works with are not.
type Faulter interface {
	// Break puts a fault in force and returns when it is. The error is
	// ErrInForce where it is so already; nothing is changed then.
	Break(ctx context.Context, f Fault) error
	// Mend takes off a fault that is in force, and nothing else, and returns
	// when its host's engine answers. The error is ErrNotInForce where there
	// is none such. Of a slow host, Delay and Loss need not be known. What a
	// host that was off does of itself when it starts is its own affair: an
	// engine that lost power with containers on an overlay network can't attach
	// any to it afterwards (moby/libnetwork#2322).
	Mend(ctx context.Context, f Fault) error
	// Restart reboots a host in good order and returns when its engine
	// answers. Like any reboot it ends cuts, slowness and containers that have
	// no restart policy.
	Restart(ctx context.Context, node string) error
	// Faults lists what is in force, in the topology's order. It asks the
	// hosts: no record is kept that could be wrong. What can't be seen of a
	// host that is paused or off is not listed.
	Faults(ctx context.Context) ([]Fault, error)
}

// MendAll takes off all faults for which a condition holds and returns them.
// Mending one may show another, such as a container that did not come up again
// with its host.
func MendAll(ctx context.Context, f Faulter, which func(Fault) bool) (mended []Fault, err error) {
	for {
		all, err := f.Faults(ctx)
		all = slices.DeleteFunc(all, func(f Fault) bool { return !which(f) })
		if err != nil || len(all) == 0 {
			return mended, err
		}
		for _, fault := range all {
			if err := f.Mend(ctx, fault); err != nil && !errors.Is(err, ErrNotInForce) {
				return mended, err
			}
			mended = append(mended, fault)
		}
	}
}
