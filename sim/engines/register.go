package engines

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	// Keys is where in Consul Swarm looks for engines: docker/swarm 1.2.9,
	// cli/manage.go, and docker/docker, pkg/discovery/kv/kv.go, defaultDiscoveryPath.
	Keys = "docker/swarm/nodes/"
	// minTTL is the least TTL: a session has half of it, and Consul refuses one of less
	// than 10 s.
	minTTL = 20 * time.Second
	// atOnce is how many registrations are under way at the same time: Consul takes at
	// most 200 connections of a client.
	atOnce = 16
	// retryPause is how long after a failed renewal the next attempt is made. `swarm join`
	// waits for its next heartbeat.
	retryPause = time.Second
	// answerTimeout is how long Consul may take to answer. One whose container was
	// restarted leaves requests unanswered.
	answerTimeout = 5 * time.Second
)

// registrar registers engines in Consul as `swarm join` does (docker/libkv 0.2.1,
// store/consul/consul.go, Put and renewSession): under a session with half the TTL,
// which Consul ends after twice that time, and with it the key.
type registrar struct {
	consul *api.Client
	ttl    time.Duration
	turns  chan struct{} // has room for atOnce
}

// registerAll registers the engines and renews the registrations until ctx ends.
func registerAll(ctx context.Context, o Options) error {
	consul, err := api.NewClient(&api.Config{
		Address:    o.Consul,
		HttpClient: &http.Client{Timeout: answerTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}},
	})
	if err != nil {
		return err
	}
	r := registrar{consul, o.TTL, make(chan struct{}, atOnce)}
	var group sync.WaitGroup
	for i := range o.Count {
		group.Go(func() { r.keepRegistered(ctx, netip.AddrPortFrom(o.Addr, uint16(FirstPort+i)).String()) })
	}
	group.Wait()
	return nil
}

// keepRegistered registers an engine and renews its registration until ctx ends. The
// renewals of all engines are spread over a heartbeat.
func (r registrar) keepRegistered(ctx context.Context, addr string) {
	heartbeat := (r.ttl / 3).Truncate(time.Second)
	pause := rand.N(heartbeat)
	for ctx.Err() == nil {
		if err := r.register(ctx, addr); err != nil {
			simulateWork(ctx, retryPause)
			continue
		}
		simulateWork(ctx, pause)
		pause = heartbeat
	}
}

// register registers an engine or renews its registration.
func (r registrar) register(ctx context.Context, addr string) error {
	r.turns <- struct{}{}
	defer func() { <-r.turns }()
	kv := &api.KVPair{Key: Keys + addr, Value: []byte(addr), Flags: api.LockFlagValue}
	write := (&api.WriteOptions{}).WithContext(ctx)
	held, _, err := r.consul.KV().Get(kv.Key, (&api.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return err
	}
	if held != nil {
		kv.Session = held.Session
	}
	if kv.Session == "" {
		if err := r.acquire(kv, write); err != nil {
			return err
		}
	}
	if _, _, err := r.consul.Session().Renew(kv.Session, write); err != nil {
		return err
	}
	_, err = r.consul.KV().Put(kv, write)
	return err
}

// acquire creates a session and has it hold the key.
func (r registrar) acquire(kv *api.KVPair, write *api.WriteOptions) (err error) {
	kv.Session, _, err = r.consul.Session().Create(&api.SessionEntry{
		Behavior: api.SessionBehaviorDelete, TTL: (r.ttl / 2).String(), LockDelay: time.Millisecond,
	}, write)
	if err == nil {
		_, _, err = r.consul.KV().Acquire(kv, write)
	}
	return err
}
