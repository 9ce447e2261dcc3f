package scale

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// usagePause is the time between two looks at what processes use. Each look costs the
// machine some 50 ms.
const usagePause = 10 * time.Second

// readStats prints what the kernel knows of the processes that are looked at.
const readStats = `getconf PAGESIZE
for p in $(pgrep -x 'swarm|consul|labcheck'); do cat "/proc/$p/stat" 2>/dev/null; done`

// ticksPerSecond is the unit of CPU time in /proc: USER_HZ, 100 on all architectures that
// Linux and engines share.
const ticksPerSecond = 100

// processUsage is what /proc says of a process.
type processUsage struct {
	name   string
	ticks  int64
	memory int64 // bytes
}

// watchUsage notes what the manager, Consul and the simulated engines use until ctx ends.
func (r *run) watchUsage(ctx context.Context) {
	type look struct {
		processUsage
		at time.Time
	}
	last := map[string]look{}
	for {
		for _, host := range []string{managerHost, replicaHost, keptHost, lostHost} {
			said, err := r.Cluster.Node(host).Exec(ctx, "sh", "-c", readStats)
			if err != nil {
				continue // it is paused, or has not started
			}
			now := time.Now()
			for pid, p := range parseStats(said.Stdout) {
				key := host + " " + pid
				if before, ok := last[key]; ok {
					cpu := float64(p.ticks-before.ticks) / ticksPerSecond / now.Sub(before.at).Seconds()
					r.addUsage(Usage{At: now.Sub(r.began), Process: p.name, Host: host, CPU: cpu, Memory: p.memory})
				}
				last[key] = look{p, now}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(usagePause):
		}
	}
}

func (r *run) addUsage(u Usage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Usage = append(r.result.Usage, u)
}

// parseStats reads what readStats prints: proc(5), /proc/pid/stat. What can't be read is
// left out: a process may have ended.
func parseStats(text string) map[string]processUsage {
	page, stats, _ := strings.Cut(text, "\n")
	pageSize, _ := strconv.ParseInt(page, 10, 64)
	all := map[string]processUsage{}
	for line := range strings.Lines(stats) {
		pid, rest, _ := strings.Cut(line, " (")
		end := strings.LastIndex(rest, ") ") // a name may have brackets
		if end < 0 {
			continue
		}
		name, fields := rest[:end], strings.Fields(rest[end+1:])
		if len(fields) < 22 {
			continue
		}
		// Behind the name, state is the third field of the file.
		number := func(field int) int64 {
			n, _ := strconv.ParseInt(fields[field-3], 10, 64)
			return n
		}
		all[pid] = processUsage{name, number(14) + number(15), number(24) * pageSize}
	}
	return all
}
