// Package engines simulates Docker engines: one process answers as many engines as it
// is told to, each on a port of its own, with the part of the Engine API that Swarm
// 1.2.9 uses, and registers them in Consul as `swarm join` does. No container of theirs
// runs.
package engines

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness/lang"
)

const (
	// FirstPort is the port of the first engine of a host. The others follow it.
	FirstPort = 10001
	// MaxCount is how many engines a host can have: ports up to 12000.
	MaxCount = 2000
)

// Options say which engines a process simulates.
type Options struct {
	// Addr is the address on which they listen, from FirstPort on.
	Addr netip.Addr
	// First is the number of the first engine, which its name has; Count is how many
	// engines there are.
	First, Count int
	// Delay is how long creating a container and starting it take together, half of it
	// each.
	Delay time.Duration
	// Consul is HOST:PORT of the Consul in which the engines are registered. If it is
	// empty they are registered nowhere.
	Consul string
	// TTL is how long after its last renewal a registration expires. It is renewed
	// three times as often.
	TTL time.Duration
}

func (o Options) check() error {
	switch {
	case !o.Addr.IsValid():
		return lang.Errorf("simulated engines need an address")
	case o.Count < 1 || o.Count > MaxCount:
		return lang.Errorf("%d simulated engines: want 1 to %d", o.Count, MaxCount)
	case o.Consul != "" && o.TTL < minTTL:
		return lang.Errorf("a registration of %s: want at least %s", o.TTL, minTTL)
	}
	return nil
}

// Run simulates the engines until ctx ends.
func Run(ctx context.Context, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	all := map[int]*Engine{}
	var listeners []net.Listener
	for i := range o.Count {
		port := FirstPort + i
		l, err := new(net.ListenConfig).Listen(ctx, "tcp4", netip.AddrPortFrom(o.Addr, uint16(port)).String())
		if err != nil {
			return errors.Join(err, closeAll(listeners))
		}
		listeners = append(listeners, l)
		all[port] = NewEngine(o.First+i, o.Delay)
	}
	group, ctx := errgroup.WithContext(ctx)
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends streams of events
		Handler:           byPort(all),
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	for _, l := range listeners {
		group.Go(func() error { return serve(ctx, server, l) })
	}
	if o.Consul != "" {
		group.Go(func() error { return registerAll(ctx, o) })
	}
	return group.Wait()
}

func serve(ctx context.Context, s *http.Server, l net.Listener) error {
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

func closeAll(listeners []net.Listener) error {
	var err error
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

// byPort hands a request to the engine of the port at which it came in.
func byPort(all map[int]*Engine) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		addr, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
		all[addr.Port].ServeHTTP(w, r)
	}
}
