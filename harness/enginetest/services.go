package enginetest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/hashicorp/go-msgpack/v2/codec"

	"labcheck/harness"
)

// swarm is the Swarm manager: the Engine API over all members.
func (c *Cluster) swarm(w http.ResponseWriter, r *http.Request) {
	path := version.ReplaceAllString(r.URL.Path, "")
	c.note("swarm", r, path)
	if path == "/info" {
		manage := c.manager().Find("manage")
		if manage == nil {
			panic(http.ErrAbortHandler) // nobody listens
		}
		say(w, http.StatusOK, map[string]any{"Name": manage.ID[:12], "ServerVersion": "swarm/1.2.9", "NCPU": 4, "MemTotal": 7421703782, "SystemStatus": c.status()})
		return
	}
	var hosts []*Host
	for _, h := range c.Topology.Members {
		hosts = append(hosts, c.Hosts[h.Name])
	}
	if r.Method == http.MethodGet && strings.HasPrefix(path, "/containers/") {
		hosts = append(hosts, c.manager())
	}
	api{c: c, hosts: hosts, swarm: true}.serve(w, r, path)
}

// status is what `docker info` shows of a cluster.
func (c *Cluster) status() [][2]string {
	var members []*Host
	for _, h := range c.Topology.Members {
		if c.Hosts[h.Name].up("join") && !c.Hosts[h.Name].Off {
			members = append(members, c.Hosts[h.Name])
		}
	}
	slices.SortFunc(members, func(a, b *Host) int { return strings.Compare(a.Name, b.Name) })
	all := [][2]string{{"Role", "primary"}, {"Strategy", "spread"}, {"Filters", "health, port, dependency, affinity, constraint"}, {"Nodes", fmt.Sprint(len(members))}}
	for _, h := range members {
		all = append(all, [][2]string{
			{" " + h.Name, h.Engine().String()},
			{"  └ ID", h.ID},
			{"  └ Status", "Healthy"},
			{"  └ Containers", fmt.Sprintf("%d (%[1]d Running, 0 Paused, 0 Stopped)", len(h.Containers))},
			{"  └ Reserved CPUs", fmt.Sprintf("0 / %d", h.CPUs)},
			{"  └ Reserved Memory", "0 B / " + units.BytesSize(float64(h.Memory+h.Memory/20))},
			{"  └ Labels", "executiondriver=native, kernelversion=6.1, operatingsystem=Debian, storagedriver=overlay2"},
			{"  └ UpdatedAt", now()},
			{"  └ ServerVersion", h.Version},
		}...)
	}
	if c.Status != nil {
		all = c.Status(all)
	}
	return all
}

// consul answers what labcheck asks Consul.
func (c *Cluster) consul(w http.ResponseWriter, r *http.Request) {
	key, isKey := strings.CutPrefix(r.URL.Path, "/v1/kv/")
	c.note("consul", r, r.URL.Path)
	switch {
	case r.URL.Path == "/v1/status/leader" && c.NoLeader:
		say(w, http.StatusOK, "")
	case r.URL.Path == "/v1/status/leader":
		say(w, http.StatusOK, "172.17.0.2:8300")
	case r.URL.Path == "/v1/agent/self":
		say(w, http.StatusOK, map[string]any{"Config": map[string]string{"Version": "1.8.7"}})
	case isKey && r.Method == http.MethodDelete:
		say(w, http.StatusOK, true)
	case isKey:
		c.keys(w, key, r.URL.Query().Has("keys"))
	default:
		refuse(w, http.StatusNotFound, "page not found")
	}
}

func (c *Cluster) keys(w http.ResponseWriter, prefix string, namesOnly bool) {
	held := map[string]string{}
	for _, h := range c.Hosts {
		addr := h.Engine().String()
		held["docker/nodes/"+addr] = addr
		if h.up("join") {
			held["docker/swarm/nodes/"+addr] = addr
		}
	}
	if c.Keys != nil {
		c.Keys(held)
	}
	var names []string
	var entries []map[string]any
	for _, k := range slices.Sorted(maps.Keys(held)) {
		if strings.HasPrefix(k, prefix) {
			names = append(names, k)
			entries = append(entries, map[string]any{"Key": k, "Value": base64.StdEncoding.EncodeToString([]byte(held[k])), "Session": "a session"})
		}
	}
	switch {
	case len(names) == 0:
		refuse(w, http.StatusNotFound, "")
	case namesOnly:
		say(w, http.StatusOK, names)
	default:
		say(w, http.StatusOK, entries)
	}
}

// member is one of those that an engine tells another of.
type member struct {
	Name  string
	Addr  []byte
	Port  uint16
	State int
}

// introduced has the host's engine, and those that it knows, know all.
func (h *Host) introduced() {
	unknown := h.Unknown
	for name, other := range h.cluster.Hosts {
		if !slices.Contains(unknown, name) {
			other.Unknown = nil
		}
	}
}

// gossip answers a state with that of the host's engine. Whoever is told of
// members has been introduced.
func (h *Host) gossip(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	var header struct{ Nodes, UserStateLen int }
	if _, err := r.ReadByte(); err != nil || codec.NewDecoder(r, &codec.MsgpackHandle{}).Decode(&header) != nil {
		return
	}
	h.cluster.Change(func() {
		_, _ = conn.Write(h.state()) // who asks may be gone
		if header.Nodes > 0 {
			h.introduced()
		}
	})
}

func (h *Host) state() []byte {
	var all []member
	for _, other := range h.cluster.Topology.Hosts() {
		state := 0
		if slices.Contains(h.Suspect, other.Name) {
			state = 1
		}
		if !slices.Contains(h.Unknown, other.Name) {
			all = append(all, member{other.Name, other.Addr.AsSlice(), harness.GossipPort, state})
		}
	}
	b := bytes.NewBuffer([]byte{6})
	e := codec.NewEncoder(b, &codec.MsgpackHandle{})
	told := h.told()
	_ = e.Encode(struct {
		Nodes, UserStateLen int
		Join                bool
	}{Nodes: len(all), UserStateLen: len(told)}) // a buffer takes all
	for _, m := range all {
		_ = e.Encode(m)
	}
	b.Write(told)
	return b.Bytes()
}

// event is Serf's, as it is written.
type event struct {
	Name    string
	Payload []byte
}

// told is Serf's state: of which containers on networks that hosts share the
// host's engine was told.
func (h *Host) told() []byte {
	var slots []any
	tell := func(word, network, endpoint, addr string, on netip.Addr) {
		e := event{fmt.Sprintf("jl %s %s %s", on, id(network), id(endpoint)), fmt.Appendf(nil, "%s %s 255.255.255.0 02:42:0a:00:00:02", word, addr)}
		slots = append(slots, nil, map[string]any{"LTime": len(slots), "Events": []event{e}})
	}
	for _, other := range h.cluster.Hosts {
		for _, c := range other.Containers {
			for network, addr := range c.Networks {
				if network != "bridge" && !slices.Contains(h.Untold, addr) {
					tell("join", network, c.Name+" on "+network, addr, other.Addr)
				}
			}
		}
	}
	for _, e := range h.Heard {
		tell(map[bool]string{false: "join", true: "leave"}[e.Left], "former", e.Endpoint, e.Addr, h.cluster.Hosts[e.Host].Addr)
	}
	b := bytes.NewBuffer([]byte{2})
	_ = codec.NewEncoder(b, &codec.MsgpackHandle{}).Encode(map[string]any{"Events": slots}) // as in state
	return b.Bytes()
}
