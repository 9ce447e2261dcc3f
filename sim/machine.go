package sim

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"labcheck/harness"
)

var (
	cpuModel     = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)
	memAvailable = regexp.MustCompile(`(?m)^MemAvailable:\s*(\d+) kB$`)
	loadAverage  = regexp.MustCompile(`(?m)^(\d+\.\d+) \d+\.\d+ \d+\.\d+ \d+/\d+ \d+$`)
)

// DescribeMachine describes the machine that holds the lab, or its manager. The lab's hosts must run.
func DescribeMachine(ctx context.Context, l *Lab) (harness.Machine, error) {
	n, err := l.findNode(ctx, l.topology.Manager.Name)
	if err != nil {
		return harness.Machine{}, err
	}
	info := machineOf(l.machines, n.engine).info
	m := harness.Machine{
		CPUs: info.NCPU, Memory: info.MemTotal,
		System: info.OperatingSystem, Kernel: info.KernelVersion, Engine: info.ServerVersion,
	}
	// Of these a host shows what its machine has, but for the line MemTotal.
	said, err := n.Exec(ctx, "cat", "/proc/cpuinfo", "/proc/meminfo", "/proc/loadavg")
	m.Model = strings.TrimSpace(firstGroup(cpuModel, said.Stdout))
	kilobytes, _ := strconv.ParseInt(firstGroup(memAvailable, said.Stdout), 10, 64) // digits, or nothing
	m.Free = kilobytes << 10
	m.Load, _ = strconv.ParseFloat(firstGroup(loadAverage, said.Stdout), 64)
	return m, err
}

// firstGroup returns what the group of an expression matches first; empty if nothing
// does.
func firstGroup(of *regexp.Regexp, text string) string {
	if found := of.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
