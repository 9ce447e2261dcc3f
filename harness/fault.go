package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labcheck/harness/lang"
)

// FaultKind is a kind of fault that can be injected.
type FaultKind string

// The kinds.
const (
	FaultPause    FaultKind = "pause"     // all processes of the host are frozen
	FaultKill     FaultKind = "kill"      // the host is off, as after a power cut
	FaultCut      FaultKind = "cut"       // packets between hosts are dropped
	FaultSlow     FaultKind = "slow"      // packets from the host are delayed, or some are lost
	FaultFillDisk FaultKind = "fill-disk" // the disk of the host's engine is full
	FaultStop     FaultKind = "stop"      // a container of the tutorial is stopped
)

// Fault is a fault that is in force, or that is to be injected.
type Fault struct {
	Kind FaultKind `json:"kind"`
	Node string    `json:"node"` // the host that has the fault
	// Peer is the host that Node is cut off from; empty for all others.
	Peer string `json:"peer,omitempty"`
	// Port limits a cut to packets to this TCP or UDP port; 0 is all.
	Port uint16 `json:"port,omitempty"`
	// OneWay limits a cut to packets from Node.
	OneWay bool `json:"one_way,omitempty"`
	// Delay and Loss are those of packets from a slow host; Loss is in percent.
	Delay time.Duration `json:"delay_ns,omitempty"`
	Loss  float64       `json:"loss_percent,omitempty"`
	// Service is the container that is stopped: consul, manager, join.
	Service string `json:"service,omitempty"`
}

// String describes the fault in English, in a sentence without a full stop.
func (f Fault) String() string { return f.In(lang.English) }

// In describes the fault in a language.
func (f Fault) In(l lang.Language) string {
	switch f.Kind {
	case FaultPause:
		return l.Say("%s is paused", f.Node)
	case FaultKill:
		return l.Say("%s is off", f.Node)
	case FaultCut:
		return f.describeCut(l)
	case FaultSlow:
		return l.Say("packets from %s are delayed by %s, and %g%% of them are lost", f.Node, f.Delay, f.Loss)
	case FaultFillDisk:
		return l.Say("the disk of %s is full", f.Node)
	case FaultStop:
		return l.Say("the %s container of %s is not running", f.Service, f.Node)
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
		return l.Say("packets from %s do not arrive at %s", f.Node, peer)
	}
	return l.Say("%s is cut off from %s", f.Node, peer)
}

// CheckSizes returns an error if no host can have the fault's delay and loss.
func (f Fault) CheckSizes() error {
	switch {
	case f.Delay < 0:
		return lang.Errorf("--delay %s: it must not be negative", f.Delay)
	case !(f.Loss >= 0 && f.Loss <= 100): // also NaN
		return lang.Errorf("--loss %g: want 0 to 100", f.Loss)
	case f.Kind == FaultSlow && f.Delay == 0 && f.Loss == 0:
		return lang.Errorf("slow needs a --delay or a --loss")
	}
	return nil
}

// CutComment returns the comment of the packet filter's rules that make a cut:
// labcheck:cut:PEER:PORT:WAYS.
func (f Fault) CutComment() string {
	ways := "both"
	if f.OneWay {
		ways = "out"
	}
	return fmt.Sprintf("labcheck:cut:%s:%d:%s", f.Peer, f.Port, ways)
}

// The errors of Faulter's methods. If the target can't inject a fault, the error
// wraps errors.ErrUnsupported and gives the reason.
var (
	ErrInForce    = lang.Errorf("already in force")
	ErrNotInForce = lang.Errorf("not in force")
)

// Faulter is an optional interface of a Target into which faults can be injected.
// Labs have it; clusters that somebody works with do not.
type Faulter interface {
	// Break injects a fault and returns when it is in force. If the fault was in
	// force before, Break changes nothing and the error is ErrInForce.
	Break(ctx context.Context, f Fault) error
	// Mend reverts a fault, and nothing else, and returns when the host's engine
	// answers. The error is ErrNotInForce if there is no such fault; Delay and
	// Loss of a slow host are not compared. Mend does not repair what a host does
	// when it starts: an engine that lost power with containers on an overlay
	// network can't attach any to the network afterwards (moby/libnetwork#2322).
	Mend(ctx context.Context, f Fault) error
	// Restart shuts a host down and starts it again, and returns when its engine
	// answers. Like any reboot it ends cuts, delays and containers that have no
	// restart policy.
	Restart(ctx context.Context, node string) error
	// Faults lists the faults that are in force, in the topology's order. It
	// inspects the hosts, because a record could be wrong. Further faults of a
	// host that is paused or off can't be seen and are not listed.
	Faults(ctx context.Context) ([]Fault, error)
}

// MendAll reverts all faults for which a condition holds and returns them. Reverting
// one may reveal another, such as a container that did not start with its host.
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
