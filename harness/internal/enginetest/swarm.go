package enginetest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/docker/go-units"
)

// serveSwarm serves the API of the Swarm manager: the Engine API over all members.
func (c *Cluster) serveSwarm(w http.ResponseWriter, r *http.Request) {
	path := version.ReplaceAllString(r.URL.Path, "")
	c.recordCall("swarm", r, path)
	if path == "/info" {
		manage := c.managerHost().Find("manage")
		if manage == nil {
			panic(http.ErrAbortHandler) // no manager is running
		}
		writeJSON(w, http.StatusOK, map[string]any{
			"Name": manage.ID[:12], "ServerVersion": "swarm/1.2.9", "NCPU": 4, "MemTotal": 7421703782,
			"SystemStatus": c.systemStatus(),
		})
		return
	}
	var hosts []*Host
	for _, h := range c.Topology.Members {
		hosts = append(hosts, c.Hosts[h.Name])
	}
	if r.Method == http.MethodGet && strings.HasPrefix(path, "/containers/") {
		hosts = append(hosts, c.managerHost())
	}
	api{c: c, hosts: hosts, swarm: true}.serveAPI(w, r, path)
}

// systemStatus returns the lines that `docker info` shows of a cluster.
func (c *Cluster) systemStatus() [][2]string {
	var members []*Host
	for _, h := range c.Topology.Members {
		if c.Hosts[h.Name].isRunning("join") && !c.Hosts[h.Name].Off {
			members = append(members, c.Hosts[h.Name])
		}
	}
	slices.SortFunc(members, func(a, b *Host) int { return strings.Compare(a.Name, b.Name) })
	all := [][2]string{
		{"Role", "primary"},
		{"Strategy", "spread"},
		{"Filters", "health, port, dependency, affinity, constraint"},
		{"Nodes", fmt.Sprint(len(members))},
	}
	for _, h := range members {
		all = append(all, [][2]string{
			{" " + h.Name, h.Engine().String()},
			{"  └ ID", h.ID},
			{"  └ Status", "Healthy"},
			{"  └ Containers", fmt.Sprintf("%d (%[1]d Running, 0 Paused, 0 Stopped)", len(h.Containers))},
			{"  └ Reserved CPUs", fmt.Sprintf("0 / %d", h.CPUs)},
			{"  └ Reserved Memory", "0 B / " + units.BytesSize(float64(h.Memory+h.Memory/20))},
			{"  └ Labels", "executiondriver=native, kernelversion=6.1, operatingsystem=Debian, storagedriver=overlay2"},
			{"  └ UpdatedAt", swarmTime()},
			{"  └ ServerVersion", h.Version},
		}...)
	}
	if c.Status != nil {
		all = c.Status(all)
	}
	return all
}
