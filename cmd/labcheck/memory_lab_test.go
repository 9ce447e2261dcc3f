//go:build lab

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"labcheck/sim"
)

// printMemory prints what each host of a lab takes: all that its processes and
// the kernel hold for it, and in brackets the figure of `docker stats`, which
// includes file pages that were used lately and can be had back at any time.
func printMemory(t *testing.T, lab string) {
	t.Helper()
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	hosts, err := docker.ContainerList(t.Context(), container.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", sim.LabelLab+"="+lab)),
	})
	if err != nil || len(hosts) != 5 {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	for _, h := range hosts {
		m, err := memoryStats(t.Context(), docker, h.ID)
		if err != nil {
			t.Fatal(err)
		}
		held, shown := held(m)
		fmt.Printf("memory of %-20s %6.1f MB  (%.1f MB)\n", h.Names[0], megabytes(held), megabytes(shown))
	}
}

func memoryStats(ctx context.Context, docker *client.Client, id string) (container.MemoryStats, error) {
	var s container.StatsResponse
	answer, err := docker.ContainerStatsOneShot(ctx, id)
	if err != nil {
		return s.MemoryStats, err
	}
	defer answer.Body.Close()
	err = json.NewDecoder(answer.Body).Decode(&s)
	return s.MemoryStats, err
}

// held is what of the memory in use is not the file cache's, and what `docker
// stats` shows, in bytes. cgroup v1 and v2 have other names for it
// (docker/cli, cli/command/container/stats_helpers.go; the kernel's
// cgroup-v1/memory.rst and cgroup-v2.rst). Shared memory counts as held.
func held(m container.MemoryStats) (held, shown uint64) {
	if cache, v1 := m.Stats["total_cache"]; v1 {
		return m.Usage - cache + m.Stats["total_shmem"], m.Usage - m.Stats["total_inactive_file"]
	}
	return m.Usage - m.Stats["file"] + m.Stats["shmem"], m.Usage - m.Stats["inactive_file"]
}

func megabytes(bytes uint64) float64 { return float64(bytes) / 1e6 }
