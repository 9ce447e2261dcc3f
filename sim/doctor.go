package sim

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/go-units"

	"labcheck/harness"
	"labcheck/sim/images"
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

// Doctor says whether this machine can hold the lab. It changes nothing.
func Doctor(ctx context.Context, o Options) []Check {
	lab, err := Open(ctx, o)
	if err != nil {
		return []Check{{"engine", false, err.Error(), "start Docker, set DOCKER_HOST to where it listens, or get the right to use its socket"}}
	}
	defer lab.Close()
	info, err := lab.engine.Info(ctx)
	if err != nil {
		return []Check{{"engine", false, err.Error(), "look at the engine's own log"}}
	}
	checks := []Check{checkEngine(info), checkRights(info), lab.checkFree(ctx), checkMemory(info), checkDisk(info)}
	return append(checks, lab.checkImages(ctx)...)
}

func checkEngine(info system.Info) Check {
	found := fmt.Sprintf("Docker %s on %s, %s, cgroup v%s", info.ServerVersion, info.OperatingSystem, info.Architecture, info.CgroupVersion)
	return Check{"engine", info.OSType == "linux", found, "use an engine that runs Linux containers"}
}

func checkRights(info system.Info) Check {
	if slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=rootless") }) {
		return Check{"rights", false, "the engine runs rootless; nodes need SYS_ADMIN on the real machine", "use an engine that runs as root"}
	}
	return Check{"rights", true, "the engine can give nodes SYS_ADMIN and NET_ADMIN; --privileged is not needed", ""}
}

// checkFree looks whether the lab's subnet is free, or the lab's own.
func (l *Lab) checkFree(ctx context.Context) Check {
	n, err := l.network(ctx)
	if err == nil {
		how := "nodes are reached through docker exec"
		if DialAuto.settle(n) == DialDirect {
			how = "nodes are reached directly"
		}
		return Check{"subnet", true, fmt.Sprintf("lab %s stands on %s; %s", l.name, n.subnet, how), ""}
	}
	if !errors.Is(err, harness.ErrNoNodes) {
		return Check{"subnet", false, err.Error(), "look at docker network ls"}
	}
	var taken *SubnetError
	if err := l.checkSubnet(ctx); errors.As(err, &taken) {
		return Check{"subnet", false, taken.Error(), taken.Hint}
	} else if err != nil {
		return Check{"subnet", false, err.Error(), "look at docker network ls"}
	}
	return Check{"subnet", true, fmt.Sprintf("%s is free", l.topology.Subnet), ""}
}

func checkMemory(info system.Info) Check {
	found := units.BytesSize(float64(info.MemTotal))
	return Check{"memory", info.MemTotal >= memoryNeeded, found + " in all", "give the engine's machine at least 1 GiB"}
}

func checkDisk(info system.Info) Check {
	free, err := freeDisk(info.DockerRootDir)
	if err != nil {
		return Check{"disk", true, "not known: " + info.DockerRootDir + " is not on this machine", ""}
	}
	found := units.BytesSize(float64(free)) + " free in " + info.DockerRootDir
	return Check{"disk", free >= diskNeeded, found, "make room for 2 GiB there"}
}

// checkImages says which images are there, and where some are not, whether
// they can be made here.
func (l *Lab) checkImages(ctx context.Context) []Check {
	missing, err := l.store.Missing(ctx)
	if err != nil {
		return []Check{{"images", false, err.Error(), "labcheck images build"}}
	}
	if len(missing) == 0 {
		return []Check{{"images", true, "all are there", ""}}
	}
	return append([]Check{{"images", true, fmt.Sprintf("%v will be made when they are needed", missing), ""}}, checkTools(missing)...)
}

func checkTools(missing []images.Name) []Check {
	var checks []Check
	if slices.ContainsFunc(missing, func(n images.Name) bool { return n != images.Swarm }) {
		checks = append(checks, checkTool("base", "mmdebstrap", "debootstrap"))
	}
	if slices.Contains(missing, images.Swarm) {
		checks = append(checks, checkTool("swarm", "go"))
	}
	return checks
}

// checkTool is never a failure: where there is no tool, a registry may have
// the image.
func checkTool(what string, names ...string) Check {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return Check{what + " tools", true, path, ""}
		}
	}
	fix := "install " + strings.Join(names, " or ")
	if runtime.GOOS == "linux" {
		fix = "apt-get install " + names[0]
	}
	return Check{what + " tools", true, fmt.Sprintf("no %s here: a registry must have the image, or %s", strings.Join(names, " or "), fix), ""}
}
