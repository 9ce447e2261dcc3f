package steps

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	units "github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// engines are the engines of the hosts, and Swarm, which answers as one.
type engines struct {
	*scenario
	kept map[string]keptInfo // by host; nil: nothing is kept
}

// keptInfo is what an engine has said, and when.
type keptInfo struct {
	engine.Info
	asked time.Time
}

// infoAge is for how long it is not asked again whether a property is right. Those that
// the features name do not change while an engine runs; to answer, it runs two programs.
const infoAge = 5 * time.Second

func (e *engines) sentences() []sentence {
	return []sentence{
		{`^from "([^"]*)" the engine at "([^"]*)" answers as "([^"]*)"$`, e.managerReaches},
		{`^the engine of "([^"]*)" has the ([A-Za-z ]+) "([^"]*)"$`, e.engineHas},
		{`^the cluster has the ([A-Za-z ]+) "([^"]*)"$`, e.clusterHas},
		{`^the cluster uses the filter "([^"]*)"$`, e.clusterFilters},
	}
}

// answerWithin is how long an engine may take to answer the docker CLI, which
// itself waits for half a minute.
const answerWithin = 5 * time.Second

// managerReaches runs the docker CLI on a host against an engine elsewhere.
func (e *engines) managerReaches(ctx context.Context, from, addr, name string) error {
	if err := e.topology().CheckHosts(from); err != nil {
		return err
	}
	node := e.cluster.Node(from)
	asking, cancel := harness.WithLimit(ctx, answerWithin)
	defer cancel()
	res, err := node.Exec(asking, "docker", "-H", "tcp://"+e.here(addr), "info", "--format", "{{.Name}}")
	late := asking.Err() != nil && ctx.Err() == nil
	if errors.As(err, new(*harness.UnreachableError)) || err != nil && res.Argv == nil && !late {
		return err
	}
	e.recordCommands(res)
	seen := strings.TrimSpace(res.Stdout)
	switch {
	case late:
		seen = e.lang.Say("no answer within %s", harness.Limit(ctx, answerWithin))
	case err != nil:
		seen = err.Error()
	}
	if seen != name {
		return e.mismatch(e.lang.Say("the engine at %s, asked from %s", e.here(addr), from), name, seen)
	}
	return nil
}

func (e *engines) engineHas(ctx context.Context, host, property, value string) error {
	value = figures(e.topology()).engineFigure(host, property, value)
	compare := func(info engine.Info) error {
		return e.infoHas(e.compare("the engine of %s", host), info, property, value)
	}
	if kept := e.kept[host]; time.Since(kept.asked) < infoAge && compare(kept.Info) == nil {
		return nil
	}
	of, err := e.engineOf(host)
	if err != nil {
		return err
	}
	asked := time.Now()
	info, err := of.Info(ctx)
	if err != nil {
		return err
	}
	if e.kept != nil {
		e.kept[host] = keptInfo{info, asked}
	}
	return compare(info)
}

// keepAnswers keeps what engines say, or forgets it and keeps nothing.
func (e *engines) keepAnswers(yes bool) {
	switch {
	case !yes:
		e.kept = nil
	case e.kept == nil:
		e.kept = map[string]keptInfo{}
	}
}

func (e *engines) clusterHas(ctx context.Context, property, value string) error {
	info, err := e.swarmInfo(ctx)
	if err != nil {
		return err
	}
	value = figures(e.topology()).clusterFigure(property, value)
	err = e.infoHas(e.compare("the cluster"), info, property, value)
	return harness.AboutHosts(err, e.unhealthyMembers(info)...)
}

func (e *engines) infoHas(c comparison, info engine.Info, property, value string) error {
	seen, known := infoProperties(info)[toEnglish(property)]
	switch {
	case !known && info.Swarm == nil:
		return lang.Errorf("an engine has no %q", toEnglish(property))
	case !known:
		return lang.Errorf("a cluster has no %q", toEnglish(property))
	}
	c.expectEqual(property, e.here(value), e.orNone(seen))
	return c.mismatch()
}

// infoProperties returns the properties that the features name. One is empty if the
// engine has no value of it.
func infoProperties(info engine.Info) map[string]string {
	all := map[string]string{
		"name": info.Name, "CPUs": strconv.Itoa(info.CPUs), "total memory": units.BytesSize(float64(info.Memory)),
		"cluster store": info.ClusterStore, "cluster advertise": info.ClusterAdvertise,
	}
	if s := info.Swarm; s != nil {
		all["role"], all["strategy"], all["nodes"] = s.Role, s.Strategy, strconv.Itoa(len(s.Members))
	}
	return all
}

func (e *engines) clusterFilters(ctx context.Context, filter string) error {
	info, err := e.swarmInfo(ctx)
	if err == nil && !slices.Contains(info.Swarm.Filters, filter) {
		err = e.mismatch(e.lang.Say("the cluster's filters"), filter, e.listed(info.Swarm.Filters))
	}
	return err
}
