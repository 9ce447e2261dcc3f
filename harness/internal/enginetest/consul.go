package enginetest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// serveConsul serves the part of Consul's API that labcheck uses.
func (c *Cluster) serveConsul(w http.ResponseWriter, r *http.Request) {
	key, isKey := strings.CutPrefix(r.URL.Path, "/v1/kv/")
	c.recordCall("consul", r, r.URL.Path)
	switch {
	case r.URL.Path == "/v1/status/leader" && c.NoLeader:
		writeJSON(w, http.StatusOK, "")
	case r.URL.Path == "/v1/status/leader":
		writeJSON(w, http.StatusOK, "172.17.0.2:8300")
	case r.URL.Path == "/v1/agent/self":
		writeJSON(w, http.StatusOK, map[string]any{"Config": map[string]string{"Version": "1.8.7"}})
	case isKey && r.Method == http.MethodDelete:
		writeJSON(w, http.StatusOK, true)
	case isKey:
		c.serveKeys(w, key, r.URL.Query().Has("keys"))
	default:
		writeError(w, http.StatusNotFound, "page not found")
	}
}

func (c *Cluster) serveKeys(w http.ResponseWriter, prefix string, namesOnly bool) {
	held := map[string]string{}
	for _, h := range c.Hosts {
		addr := h.Engine().String()
		held["docker/nodes/"+addr] = addr
		if h.isRunning("join") {
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
			value := base64.StdEncoding.EncodeToString([]byte(held[k]))
			entries = append(entries, map[string]any{"Key": k, "Value": value, "Session": "a session"})
		}
	}
	switch {
	case len(names) == 0:
		writeError(w, http.StatusNotFound, "")
	case namesOnly:
		writeJSON(w, http.StatusOK, names)
	default:
		writeJSON(w, http.StatusOK, entries)
	}
}
