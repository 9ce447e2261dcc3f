package sim

import (
	"context"
	"errors"
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

// Doctor says whether this machine can hold the lab. It changes nothing for good: to
// try whether packets arrive it may make two hosts, which it removes again.
func Doctor(ctx context.Context, o Options) []Check {
	d := doctor{o.Lang}
	lab, err := Open(ctx, o)
	if err != nil {
		return []Check{d.failed("engine", err, o.Lang.Say("start Docker, set DOCKER_HOST to where it listens, or get the right to use its socket",
			"Docker を起動する、DOCKER_HOST に接続先を設定する、またはソケットを使う権限を得る"))}
	}
	defer lab.Close()
	info, err := lab.engine.Info(ctx)
	if err != nil {
		return []Check{d.failed("engine", err, o.Lang.Say("look at the engine's own log", "Engine のログを見る"))}
	}
	free := d.checkFree(ctx, lab)
	checks := []Check{d.checkEngine(info), d.checkRights(info), free, d.checkMemory(info), d.checkDisk(info)}
	checks = append(checks, d.checkImages(ctx, lab)...)
	if free.OK {
		checks = append(checks, d.checkPackets(ctx, lab))
	}
	return checks
}

// doctor says what it finds in a language.
type doctor struct{ lang harness.Lang }

func (d doctor) failed(name string, err error, fix string) Check {
	return Check{name, false, d.lang.Error(err), fix}
}

func (d doctor) subnet() string { return d.lang.Say("subnet", "サブネット") }
func (d doctor) images() string { return d.lang.Say("images", "イメージ") }

func (d doctor) checkEngine(info system.Info) Check {
	found := d.lang.Say("Docker %s on %s, %s, cgroup v%s", "Docker %s、%s、%s、cgroup v%s", info.ServerVersion, info.OperatingSystem, info.Architecture, info.CgroupVersion)
	return Check{"engine", info.OSType == "linux", found, d.lang.Say("use an engine that runs Linux containers", "Linux コンテナを動かす Engine を使う")}
}

func (d doctor) checkRights(info system.Info) Check {
	name := d.lang.Say("rights", "権限")
	if slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=rootless") }) {
		return Check{
			name, false, d.lang.Say("the engine runs rootless; nodes need SYS_ADMIN on the real machine", "Engine が rootless で動いている。ノードには実マシンの SYS_ADMIN が必要である"),
			d.lang.Say("use an engine that runs as root", "root で動く Engine を使う"),
		}
	}
	return Check{name, true, d.lang.Say("the engine can give nodes SYS_ADMIN and NET_ADMIN; --privileged is not needed",
		"Engine はノードに SYS_ADMIN と NET_ADMIN を与えられる。--privileged は不要である"), ""}
}

// checkFree looks whether the lab's subnet is free, or the lab's own.
func (d doctor) checkFree(ctx context.Context, l *Lab) Check {
	n, err := l.network(ctx)
	if err == nil {
		how := d.lang.Say("nodes are reached through docker exec", "ノードには docker exec を通して接続する")
		if DialAuto.settle(n) == DialDirect {
			how = d.lang.Say("nodes are reached directly", "ノードには直接接続する")
		}
		return Check{d.subnet(), true, d.lang.Say("lab %s stands on %s; %s", "ラボ %s は %s にある。%s", l.name, n.subnet, how), ""}
	}
	look := d.lang.Say("look at docker network ls", "docker network ls を見る")
	if !errors.Is(err, harness.ErrNoNodes) {
		return d.failed(d.subnet(), err, look)
	}
	var taken *SubnetError
	if err := l.checkSubnet(ctx); errors.As(err, &taken) {
		return d.failed(d.subnet(), taken, taken.Hint.In(d.lang))
	} else if err != nil {
		return d.failed(d.subnet(), err, look)
	}
	return Check{d.subnet(), true, d.lang.Say("%s is free", "%s は空いている", l.topology.Subnet), ""}
}

func (d doctor) checkMemory(info system.Info) Check {
	found := d.lang.Say("%s in all", "全体で %s", units.BytesSize(float64(info.MemTotal)))
	return Check{
		d.lang.Say("memory", "メモリ"), info.MemTotal >= memoryNeeded, found,
		d.lang.Say("give the engine's machine at least 1 GiB", "Engine のマシンに 1 GiB 以上を割り当てる"),
	}
}

func (d doctor) checkDisk(info system.Info) Check {
	name := d.lang.Say("disk", "ディスク")
	free, err := freeDisk(info.DockerRootDir)
	if err != nil {
		return Check{name, true, d.lang.Say("not known: %s is not on this machine", "不明: %s はこのマシンにない", info.DockerRootDir), ""}
	}
	found := d.lang.Say("%s free in %s", "空き %s(%s)", units.BytesSize(float64(free)), info.DockerRootDir)
	return Check{name, free >= diskNeeded, found, d.lang.Say("make room for 2 GiB there", "そこに 2 GiB の空きを作る")}
}

// checkImages says which images are there, and where some are not, whether
// they can be made here.
func (d doctor) checkImages(ctx context.Context, l *Lab) []Check {
	missing, err := l.store.Missing(ctx)
	if err != nil {
		return []Check{d.failed(d.images(), err, "labcheck images build")}
	}
	if len(missing) == 0 {
		return []Check{{d.images(), true, d.lang.Say("all are there", "すべてある"), ""}}
	}
	found := d.lang.Say("%v will be made when they are needed", "%v は必要になったときに作成する", missing)
	return append([]Check{{d.images(), true, found, ""}}, d.checkTools(missing)...)
}

func (d doctor) checkTools(missing []images.Name) []Check {
	var checks []Check
	if slices.ContainsFunc(missing, func(n images.Name) bool { return n != images.Swarm }) {
		checks = append(checks, d.checkTool("base", "mmdebstrap", "debootstrap"))
	}
	if slices.Contains(missing, images.Swarm) {
		checks = append(checks, d.checkTool("swarm", "go"))
	}
	return checks
}

// checkTool is never a failure: where there is no tool, a registry may have
// the image.
func (d doctor) checkTool(what string, names ...string) Check {
	name := d.lang.Say("%s tools", "%s のツール", what)
	for _, tool := range names {
		if path, err := exec.LookPath(tool); err == nil {
			return Check{name, true, path, ""}
		}
	}
	either := strings.Join(names, d.lang.Say(" or ", " か "))
	fix := d.lang.Say("install %s", "%s をインストールする", either)
	if runtime.GOOS == "linux" {
		fix = "apt-get install " + names[0]
	}
	return Check{name, true, d.lang.Say("no %s here: a registry must have the image, or %s", "%s がない: イメージがレジストリになければ、%s", either, fix), ""}
}
