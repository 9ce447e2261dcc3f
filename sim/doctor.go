package sim

import (
	"context"
	"errors"
	"slices"

	"github.com/docker/go-units"
	"github.com/shirou/gopsutil/v4/disk"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim/images"
)

// diskNeeded is what the images take, with five copies of those that nodes load.
const diskNeeded = 2 << 30

// Check is something that a lab needs of this machine, and whether it is there.
type Check struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // what to do if it is not OK
}

// Doctor checks whether this machine can hold the lab. It changes nothing for good: to
// test whether packets arrive it may make two hosts, which it removes again.
func Doctor(ctx context.Context, o Options) []Check {
	d := doctor{lang: o.Lang}
	lab, err := Open(ctx, o)
	if err != nil {
		return []Check{d.failed("engine", err, o.Lang.Say("start Docker, name another context with --context, "+
			"set DOCKER_HOST to where it listens, or get the right to use its socket"))}
	}
	defer lab.Close()
	d.lab = lab
	free := d.checkSubnet(ctx)
	checks := slices.Concat(
		d.checkEach(d.checkEngine), []Check{free},
		d.checkEach(d.checkMemory), []Check{d.checkRoom(ctx)}, d.checkEach(d.checkDisk),
		d.checkEach(func(m *machine) Check { return d.checkImages(ctx, m.store) }),
	)
	if free.OK {
		checks = append(checks, d.checkPackets(ctx))
	}
	return checks
}

// doctor makes the checks of a lab.
type doctor struct {
	lab  *Lab
	lang lang.Language
}

// checkEach makes a check of each of the lab's machines.
func (d doctor) checkEach(check func(*machine) Check) (all []Check) {
	for _, m := range d.lab.machines {
		all = append(all, check(m))
	}
	return all
}

// failed returns the check that ended with an error. fix is what to do if the error has no hint.
func (d doctor) failed(name string, err error, fix string) Check {
	var hinter harness.Hinter
	if errors.As(err, &hinter) {
		err, fix = hinter, hinter.HintIn(d.lang)
	}
	return Check{name, false, d.lang.Error(err), fix}
}

// checkEngine describes the engine: Open has refused those that can't hold a lab.
func (d doctor) checkEngine(m *machine) Check {
	info := m.info
	found := d.lang.Say("Docker %s on %s, %s, cgroup v%s",
		info.ServerVersion, info.OperatingSystem, info.Architecture, info.CgroupVersion)
	return Check{"engine", true, found + d.lang.Say("; ") + m.describe().In(d.lang), ""}
}

// checkSubnet checks whether the lab's subnet is free, or the lab's own.
func (d doctor) checkSubnet(ctx context.Context) Check {
	name := d.lang.Say("subnet")
	bridge, err := d.lab.objects.findBridge(ctx)
	if err == nil {
		how := d.lang.Say("nodes are reached through docker exec")
		if DialAuto.resolve(bridge) == DialDirect {
			how = d.lang.Say("nodes are reached directly")
		}
		return Check{name, true, d.lang.Say("lab %s is running on %s; %s", d.lab.Lab(), bridge.subnet, how), ""}
	}
	if errors.Is(err, harness.ErrNoNodes) {
		err = subnetRequest{d.lab}.checkSubnet(ctx)
	}
	if err != nil {
		return d.failed(name, err, "docker network ls")
	}
	return Check{name, true, d.lang.Say("lab %s can have %s, which is free", d.lab.Lab(), d.lab.topology.Subnet), ""}
}

func (d doctor) checkMemory(m *machine) Check {
	return Check{
		d.lang.Say("memory"), m.info.MemTotal >= hostsOfPage*memoryOfHost,
		d.lang.Say("%s in total", units.BytesSize(float64(m.info.MemTotal))),
		d.lang.Say("give the engine's machine at least 1 GiB"),
	}
}

// checkRoom checks how many labs and hosts the memory holds, and how many there are.
func (d doctor) checkRoom(ctx context.Context) Check {
	name := d.lang.Say("room")
	rooms, labs, err := measureRooms(ctx, d.lab.machines)
	if err != nil {
		return d.failed(name, err, "docker ps")
	}
	var hosts room
	for _, r := range rooms {
		hosts = room{hosts.all + r.all, hosts.taken + r.taken}
	}
	needed := len(d.lab.topology.Hosts())
	if err := checkNeighbours(needed); err != nil {
		return d.failed(name, err, "")
	}
	return Check{
		name, needed-labs[d.lab.Lab()] <= hosts.free(),
		d.lang.Say("the memory holds labs: %d (hosts: %d); there are: %d (hosts: %d)",
			hosts.all/hostsOfPage, hosts.all, len(labs), hosts.taken),
		d.lang.Say("list the labs with labcheck ls, and remove one with labcheck down --lab NAME"),
	}
}

func (d doctor) checkDisk(m *machine) Check {
	info := m.info
	name := d.lang.Say("disk")
	usage, err := disk.Usage(info.DockerRootDir)
	if err != nil {
		return Check{name, true, d.lang.Say("unknown: %s is not on this machine", info.DockerRootDir), ""}
	}
	found := d.lang.Say("%s free in %s", units.BytesSize(float64(usage.Free)), info.DockerRootDir)
	return Check{name, usage.Free >= diskNeeded, found, d.lang.Say("free at least 2 GiB there")}
}

// checkImages checks which images are there, and what it takes to make the others.
func (d doctor) checkImages(ctx context.Context, store *images.Store) Check {
	name := d.lang.Say("images")
	plan, err := store.Plan(ctx)
	switch {
	case err != nil:
		return d.failed(name, err, "labcheck images build")
	case len(plan.Missing) == 0:
		return Check{name, true, d.lang.Say("all are present"), ""}
	}
	return Check{name, true, d.lang.Say("missing images are made when needed: %s", plan.In(d.lang)), ""}
}

// checkPackets checks whether packets arrive.
func (d doctor) checkPackets(ctx context.Context) Check {
	name := d.lang.Say("packets")
	mode, err := testPackets(ctx, d.lab)
	switch {
	case errors.Is(err, ErrNotOurs):
		return d.failed(name, err, "--dial exec")
	case errors.As(err, new(untestedError)):
		return Check{name, true, d.lang.Say("not tested: %s", d.lang.Error(err)), ""}
	case err != nil:
		return d.failed(name, err, d.lang.Say("read the engine's log"))
	case mode == DialDirect:
		return Check{name, true, d.lang.Say("hosts reach one another, and this machine reaches them"), ""}
	}
	return Check{name, true, d.lang.Say("hosts reach one another"), ""}
}
