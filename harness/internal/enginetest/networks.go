package enginetest

import (
	"encoding/json"
	"net/http"
	"slices"
)

func (a api) serveNetworks(w http.ResponseWriter, r *http.Request, parts []string) {
	switch {
	case len(parts) == 0:
		a.listNetworks(w)
	case parts[0] == "create":
		a.createNetwork(w, r)
	default:
		a.serveNetwork(w, r, parts[0])
	}
}

func (a api) listNetworks(w http.ResponseWriter) {
	all := []map[string]any{}
	seen := map[string]bool{}
	for _, h := range a.hosts {
		for _, n := range h.Networks {
			shown := n.inspectResult()
			if a.swarm && n.Scope != "global" {
				shown["Name"] = h.Name + "/" + n.Name
			}
			if !seen[n.ID] {
				all = append(all, shown)
			}
			seen[n.ID] = true
		}
	}
	writeJSON(w, http.StatusOK, all)
}

func (n Network) inspectResult() map[string]any {
	scope := n.Scope
	if scope == "" {
		scope = "local"
	}
	inside := map[string]any{}
	for id, addr := range n.Containers {
		inside[id] = map[string]string{"Name": id, "IPv4Address": addr}
	}
	return map[string]any{
		"Id": n.ID, "Name": n.Name, "Driver": n.Driver, "Scope": scope, "Options": n.Options, "Containers": inside,
		"IPAM": map[string]any{"Config": []map[string]string{{"Subnet": n.Subnet}}},
	}
}

func (a api) createNetwork(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Name, Driver string }
	_ = json.NewDecoder(r.Body).Decode(&asked)
	for _, n := range a.hosts[0].Networks {
		if n.Name == asked.Name {
			writeError(w, http.StatusInternalServerError, "network with name %s already exists", asked.Name)
			return
		}
	}
	n := Network{
		ID: a.c.newID("network"), Name: asked.Name, Driver: asked.Driver, Scope: "global", Subnet: "10.0.0.0/24",
	}
	a.c.addNetwork(n)
	writeJSON(w, http.StatusCreated, map[string]string{"Id": n.ID})
}

func (a api) serveNetwork(w http.ResponseWriter, r *http.Request, name string) {
	is := func(n Network) bool { return n.Name == name || n.ID == name }
	for _, h := range a.hosts {
		i := slices.IndexFunc(h.Networks, is)
		if i < 0 {
			continue
		}
		if r.Method != http.MethodDelete {
			writeJSON(w, http.StatusOK, h.Networks[i].inspectResult())
			return
		}
		for _, other := range a.c.Hosts {
			other.Networks = slices.DeleteFunc(other.Networks, is)
		}
		writeJSON(w, http.StatusNoContent, nil)
		return
	}
	writeError(w, http.StatusNotFound, "network %s not found", name)
}
