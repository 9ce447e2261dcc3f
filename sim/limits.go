package sim

import (
	"context"
	"time"
)

// How long single waits may take. Each of them ends with its context, too:
// --timeout ends all of them except for those that clean up after it.
//
// harness.WithLimit stretches the first group if the user gave a longer
// --timeout than the default one.
const (
	// connectTimeout is how long an engine may take to answer for the first time:
	// without it labcheck would wait for ever for one that accepts connections and
	// sends nothing.
	connectTimeout = 5 * time.Second
	// sshTimeout is how long ssh may take to log in to the engine's machine. docker
	// gives it 30 s, too.
	sshTimeout = 30 * time.Second
	// engineTimeout is how long a node's engine may take to answer. Five take 3 s
	// on two cores.
	engineTimeout = 60 * time.Second
	// listTimeout is how long the engine may take to list a network whose subnet
	// it already refuses to others.
	listTimeout = 2 * time.Second
	// overlayTimeout is how long a swarm's managers may take to learn that no host uses a
	// lab's network any more.
	overlayTimeout = 5 * time.Second
	// packetTimeout is how long a node of the same bridge may leave a connection
	// unanswered. The kernel sends its first packet after 0, 1 and 3 s; an answer
	// takes less than 1 ms. On a machine that is slow at the time it is doubled.
	packetTimeout = 3500 * time.Millisecond
	// probeTimeout is how long doctor's throw-away hosts may be in the way.
	probeTimeout = 15 * time.Second
)

// These are about what is done after --timeout, or after a command ended.
// downTimeout and logTimeout are stretched as well, except by the watchdog.
const (
	// downTimeout is how long removing a lab may take; 3 s are usual.
	downTimeout = 60 * time.Second
	// graceTimeout is how long the engine may go on making something after the
	// command was interrupted: what it makes has to be there to be removed.
	graceTimeout = 5 * time.Second
	// logTimeout is how long reading the end of an engine's log may take.
	logTimeout = 5 * time.Second
	// awayTimeout is how long an engine may be away that the watchdog is to clean
	// up on: one that is updated, or Docker Desktop, takes a minute or two to start
	// again. The watchdog has no --timeout.
	awayTimeout = 5 * time.Minute
	// quietTime is how long nothing new may come up before the watchdog is done: the
	// engine may still be carrying out the last request of its dead client.
	quietTime = 2 * time.Second
)

// rebootTimeout is how many seconds a host's engine is given to stop its
// containers before it is killed; each of them has 10 s, all at once. That is a part
// of what a reboot does, and not stretched.
const rebootTimeout = 20

// withGrace returns a context that ends graceTimeout after its parent. A request
// that is cut off is carried out nevertheless, after what a command made was
// removed, and would be in the next command's way.
func withGrace(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(graceTimeout, func() { cancel(context.Cause(ctx)) })
	})
	return longer, func() {
		stop()
		cancel(nil)
	}
}
