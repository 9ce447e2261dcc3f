package sim

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/docker/docker/client"
	"github.com/testcontainers/testcontainers-go"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// machine is one of those that a lab's hosts are on, with its engine. Most labs are on
// one; the first of several manages the swarm of their engines.
type machine struct {
	*link
	store    *images.Store
	provider *testcontainers.DockerProvider // since Up
	watchdog *watchdog                      // nil if none runs
}

// openMachines connects to the engines that the options name, and to those on which a lab
// of several machines was made. It returns its network, too. If there are several, the
// engines are those of one swarm, unless Options.Form says that Up makes them so. An engine
// that can't be reached is an error, or, with Options.Removing, one of lost.
func openMachines(ctx context.Context, o Options) (machines []*machine, lost []error, b *labBridge, err error) {
	if machines, lost, err = o.connectChosen(ctx); err != nil {
		return nil, nil, nil, err
	}
	if b, err = findAnyBridge(ctx, o.Lab, machines); err == nil && b != nil {
		var more []*machine
		var moreLost []error
		more, moreLost, err = o.connectRecorded(ctx, machines, b.engines)
		machines, lost = append(machines, more...), append(lost, moreLost...)
	}
	if err == nil && len(machines) > 1 {
		err = arrangeMachines(ctx, machines, o.Form || o.Removing)
	}
	if err == nil && b != nil && !o.Removing {
		err = checkMade(o.Lab, *b, machines)
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, closeMachines(machines))
	}
	return machines, lost, b, nil
}

// connectChosen connects to the engines that the options name, or else to the one that the
// docker CLI would use.
func (o Options) connectChosen(ctx context.Context) (machines []*machine, lost []error, err error) {
	if len(o.Engines) > 0 {
		return o.connectEngines(ctx, o.Engines)
	}
	k, err := connect(ctx, newSelection(o.Context, os.Getenv), o.Subnet)
	if err != nil {
		return nil, nil, err
	}
	return []*machine{o.newMachine(k)}, nil, nil
}

func (o Options) newMachine(k *link) *machine {
	o.warnUser(k.warning)
	return &machine{link: k, store: images.New(k.client, o.Images)}
}

func closeMachines(machines []*machine) error {
	var errs []error
	for _, m := range machines {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// connectEngines connects to engines at the same time. Those that can't be reached are
// returned as lost if some can, and Options.Removing allows it.
func (o Options) connectEngines(ctx context.Context, names []string) (machines []*machine, lost []error, err error) {
	links := make([]*link, len(names))
	errs := harness.DoAll(names, 0, func(i int, name string) (err error) {
		links[i], err = connectEngine(ctx, name)
		return err
	})
	for i, k := range links {
		switch {
		case errs[i] == nil:
			machines = append(machines, o.newMachine(k))
		case o.Removing && errors.Is(errs[i], ErrEngine):
			lost = append(lost, errs[i])
		default:
			err = errors.Join(err, errs[i])
		}
	}
	if len(machines) == 0 {
		err = errors.Join(err, errors.Join(lost...))
	}
	if err != nil {
		return nil, nil, errors.Join(err, closeMachines(machines))
	}
	return machines, lost, nil
}

// recordMachines returns the value of labelEngines.
func recordMachines(machines []*machine) string {
	var all []recordedEngine
	for _, m := range machines {
		all = append(all, recordedEngine{m.info.ID, m.engineName()})
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // it has neither channels nor functions
	}
	return string(text)
}

// findAnyBridge returns the network of a lab; nil if there is none. Each engine that has a
// host of a lab on several machines lists its network.
func findAnyBridge(ctx context.Context, lab string, machines []*machine) (*labBridge, error) {
	for _, m := range machines {
		b, err := newLabObjects(lab, m).findBridge(ctx)
		if err == nil {
			return &b, nil
		}
		if !errors.Is(err, harness.ErrNoNodes) {
			return nil, err
		}
	}
	return nil, nil
}

// connectRecorded connects to those of a lab's engines that no --engine named.
func (o Options) connectRecorded(
	ctx context.Context, machines []*machine, recorded []recordedEngine,
) (more []*machine, lost []error, err error) {
	for _, e := range recorded {
		isOpen := slices.ContainsFunc(machines, func(m *machine) bool { return m.info.ID == e.ID })
		if isOpen || slices.Contains(o.Engines, e.Name) {
			continue
		}
		k, failed := connectEngine(ctx, e.Name)
		if failed == nil && k.info.ID != e.ID {
			failed = errors.Join(harness.WithHint(
				lang.Errorf("%s is not the engine that has a part of lab %s", k.describe(), o.Lab),
				lang.Text{EN: "name each of the lab's engines with --engine, as this machine reaches it"},
			), k.Close())
		}
		switch {
		case failed == nil:
			more = append(more, o.newMachine(k))
		case o.Removing:
			lost = append(lost, failed)
		default:
			return nil, nil, errors.Join(failed, closeMachines(more))
		}
	}
	return more, lost, nil
}

// checkMade returns an error if a lab was not made on all of the machines.
func checkMade(lab string, b labBridge, machines []*machine) error {
	if !b.isOverlay() && len(machines) == 1 {
		return nil
	}
	for _, m := range machines {
		if !slices.ContainsFunc(b.engines, func(e recordedEngine) bool { return e.ID == m.info.ID }) {
			return harness.WithHint(
				lang.Errorf("lab %s was made without %s", lab, m.describe()),
				lang.Text{EN: "leave this --engine out, or name another lab with --lab"},
			)
		}
	}
	return nil
}

// watchEngines returns a context that ends when one of several engines does not answer any
// more: what is asked of it would not fail for minutes. The function ends the watch.
func watchEngines(ctx context.Context, machines []*machine) (context.Context, context.CancelFunc) {
	watched, cancel := context.WithCancelCause(ctx)
	stop := func() { cancel(nil) }
	if len(machines) == 1 {
		return watched, stop
	}
	for _, m := range machines {
		go func() {
			for answered := time.Now(); ; {
				select {
				case <-watched.Done():
					return
				case <-time.After(guardPause):
				}
				anew, err := m.openAgain(watched)
				switch {
				case err == nil:
					answered = time.Now()
					_ = anew.Close() // it was of use
				case time.Since(answered) >= harness.Limit(watched, silenceTimeout):
					cancel(err)
				}
			}
		}()
	}
	return watched, stop
}

// lostEngine returns why a context of watchEngines ended: the error names the engine that
// does not answer. It is nil if the context ended otherwise, or not yet.
func lostEngine(watched context.Context) error {
	if cause := context.Cause(watched); errors.Is(cause, ErrEngine) {
		return cause
	}
	return nil
}

// machineOf returns the machine of an engine.
func machineOf(machines []*machine, engine *client.Client) *machine {
	return machines[slices.IndexFunc(machines, func(m *machine) bool { return m.client == engine })]
}
