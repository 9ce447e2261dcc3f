package sim

import (
	"context"
	"errors"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// What a lab takes: five nodes of less than 100 MB each and what runs on them,
// and the images with five copies of those that nodes load.
const (
	memoryNeeded = 1 << 30
	diskNeeded   = 2 << 30
)

// Check is something that a lab needs of this machine, and whether it is there.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // what to do where it is not OK
}

// Doctor says whether this machine can hold the lab. It changes nothing for good: to
// try whether packets arrive it may make two hosts, which it removes again.
func Doctor(ctx context.Context, o Options) []Check {
	d := doctor{o.Lang}
	lab, err := Open(ctx, o)
	var refused *EngineError
	if errors.As(err, &refused) {
		return []Check{d.failed("engine", refused, refused.Hint.In(o.Lang))}
	}
	if err != nil {
		return []Check{d.failed("engine", err, o.Lang.Say("start Docker, name another context with --context, "+
			"set DOCKER_HOST to where it listens, or get the right to use its socket"))}
	}
	defer lab.Close()
	info, err := lab.engine.Info(ctx)
	if err != nil {
		return []Check{d.failed("engine", err, o.Lang.Say("look at the engine's own log"))}
	}
	free := d.checkFree(ctx, lab)
	checks := []Check{
		d.checkEngine(lab, info), d.checkRights(), free, d.checkMemory(info), d.checkDisk(info), d.checkImages(ctx, lab),
	}
	if free.OK {
		checks = append(checks, d.checkPackets(ctx, lab))
	}
	return checks
}

// doctor says what it finds in a language.
type doctor struct{ lang lang.Language }

func (d doctor) failed(name string, err error, fix string) Check {
	return Check{name, false, d.lang.Error(err), fix}
}

func (d doctor) subnet() string { return d.lang.Say("subnet") }
func (d doctor) images() string { return d.lang.Say("images") }

// checkEngine tells which engine it is: Open has refused those that can't hold a
// lab.
func (d doctor) checkEngine(l *Lab, info system.Info) Check {
	found := d.lang.Say("Docker %s on %s, %s, cgroup v%s", info.ServerVersion, info.OperatingSystem, info.Architecture, info.CgroupVersion)
	return Check{"engine", true, found + d.lang.Say("; ") + l.link.describe().In(d.lang), ""}
}

func (d doctor) checkRights() Check {
	return Check{d.lang.Say("rights"), true, d.lang.Say(
		"the engine can give nodes SYS_ADMIN and NET_ADMIN; --privileged is not needed"), ""}
}

// checkFree looks whether the lab's subnet is free, or the lab's own.
func (d doctor) checkFree(ctx context.Context, l *Lab) Check {
	n, err := l.network(ctx)
	if err == nil {
		how := d.lang.Say("nodes are reached through docker exec")
		if DialAuto.settle(n) == DialDirect {
			how = d.lang.Say("nodes are reached directly")
		}
		return Check{d.subnet(), true, d.lang.Say("lab %s stands on %s; %s", l.name, n.subnet, how), ""}
	}
	look := d.lang.Say("look at docker network ls")
	if !errors.Is(err, harness.ErrNoNodes) {
		return d.failed(d.subnet(), err, look)
	}
	var taken *SubnetError
	if err := l.checkSubnet(ctx); errors.As(err, &taken) {
		return d.failed(d.subnet(), taken, taken.Hint.In(d.lang))
	} else if err != nil {
		return d.failed(d.subnet(), err, look)
	}
	return Check{d.subnet(), true, d.lang.Say("%s is free", l.topology.Subnet), ""}
}

func (d doctor) checkMemory(info system.Info) Check {
	found := d.lang.Say("%s in all", units.BytesSize(float64(info.MemTotal)))
	return Check{
		d.lang.Say("memory"), info.MemTotal >= memoryNeeded, found,
		d.lang.Say("give the engine's machine at least 1 GiB"),
	}
}

func (d doctor) checkDisk(info system.Info) Check {
	name := d.lang.Say("disk")
	free, err := freeDisk(info.DockerRootDir)
	if err != nil {
		return Check{name, true, d.lang.Say("not known: %s is not on this machine", info.DockerRootDir), ""}
	}
	found := d.lang.Say("%s free in %s", units.BytesSize(float64(free)), info.DockerRootDir)
	return Check{name, free >= diskNeeded, found, d.lang.Say("make room for 2 GiB there")}
}

// checkImages says which images are there, and what it takes to make the others.
func (d doctor) checkImages(ctx context.Context, l *Lab) Check {
	plan, err := l.store.Plan(ctx)
	if err != nil {
		return d.failed(d.images(), err, "labcheck images build")
	}
	if len(plan.Missing) == 0 {
		return Check{d.images(), true, d.lang.Say("all are there"), ""}
	}
	return Check{d.images(), true, d.lang.Say("will be made when they are needed: %s", plan.In(d.lang)), ""}
}
