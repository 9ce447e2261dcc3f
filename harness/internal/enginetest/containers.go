package enginetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// findContainer returns the container that has an ID or a name, and its host.
func (a api) findContainer(id string) (*Host, *Container) {
	for _, h := range a.hosts {
		for _, c := range h.Containers {
			if c.ID == id || c.Name == id || strings.HasPrefix(c.ID, id) && len(id) >= 12 {
				return h, c
			}
		}
	}
	return nil, nil
}

func (a api) serveContainers(w http.ResponseWriter, r *http.Request, parts []string) {
	switch parts[0] {
	case "json":
		a.listContainers(w, r.URL.Query().Get("all") != "")
		return
	case "create":
		a.createContainer(w, r)
		return
	}
	h, c := a.findContainer(parts[0])
	if c == nil {
		writeError(w, http.StatusNotFound, "No such container: %s", parts[0])
		return
	}
	switch what := parts[len(parts)-1]; {
	case r.Method == http.MethodDelete && c.State == "running" && r.URL.Query().Get("force") == "":
		writeError(w, http.StatusConflict, "You cannot remove a running container %s", c.ID)
	case r.Method == http.MethodDelete:
		h.Containers = slices.DeleteFunc(h.Containers, func(o *Container) bool { return o == c })
		writeJSON(w, http.StatusNoContent, nil)
	case what == "json":
		writeJSON(w, http.StatusOK, a.inspectResult(h, c))
	case what == "start", what == "restart":
		c.State = "running"
		writeJSON(w, http.StatusNoContent, nil)
	case what == "stop":
		c.State = "exited"
		writeJSON(w, http.StatusNoContent, nil)
	case what == "logs":
		if r.URL.Query().Get("stderr") != "" {
			_, _ = w.Write(streamFrame(2, c.Log)) // Swarm and Consul write there
		}
	case what == "exec":
		var asked struct{ Cmd []string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		id := a.c.newID("exec")
		a.c.running[id] = run{on: h.Name, in: c, argv: asked.Cmd}
		writeJSON(w, http.StatusCreated, map[string]string{"Id": id})
	}
}

func (a api) listContainers(w http.ResponseWriter, stopped bool) {
	all := []map[string]any{}
	for _, h := range a.hosts {
		for _, c := range h.Containers {
			if stopped || c.State == "running" {
				all = append(all, a.listEntry(h, c))
			}
		}
	}
	writeJSON(w, http.StatusOK, all)
}

func (a api) listEntry(h *Host, c *Container) map[string]any {
	name := "/" + c.Name
	if a.swarm {
		name = "/" + h.Name + name
	}
	var ports []map[string]any
	for _, p := range c.Ports {
		if c.State == "running" {
			ports = append(ports, map[string]any{"PrivatePort": p.Container, "PublicPort": p.Host, "Type": "tcp"})
		}
	}
	return map[string]any{
		"Id": c.ID, "Names": []string{name}, "Image": c.Image, "State": c.State, "Labels": c.Labels, "Ports": ports,
		"Command":         strings.Join(append([]string{c.programPath()}, c.Args...), " "),
		"NetworkSettings": c.networkSettings(),
	}
}

func (c *Container) networkSettings() map[string]any {
	all := map[string]any{}
	for name, addr := range c.Networks {
		all[name] = map[string]any{"IPAddress": addr}
	}
	return map[string]any{"Networks": all}
}

func (a api) inspectResult(h *Host, c *Container) map[string]any {
	ports := map[string]any{}
	for _, p := range c.Ports {
		ports[fmt.Sprintf("%d/tcp", p.Container)] = []map[string]any{{"HostPort": fmt.Sprint(p.Host)}}
	}
	running := c.State == "running" || c.State == "paused"
	all := map[string]any{
		"Id": c.ID, "Name": "/" + c.Name, "Path": c.programPath(), "Args": c.Args,
		"RestartCount": c.Restarts, "Created": c.Created,
		"State":           map[string]any{"Status": c.State, "Running": running, "ExitCode": c.ExitCode},
		"Config":          map[string]any{"Image": c.Image, "Hostname": c.Hostname, "Labels": c.Labels, "Env": c.Env},
		"HostConfig":      map[string]any{"RestartPolicy": map[string]any{"Name": c.Restart}, "PortBindings": ports},
		"NetworkSettings": c.networkSettings(),
	}
	if a.swarm {
		all["Node"] = map[string]any{"Name": h.Name}
	}
	return all
}

// createRequest is the body of a request to create a container.
type createRequest struct {
	Image, Hostname string
	Cmd, Env        []string
	Labels          map[string]string
	HostConfig      struct {
		NetworkMode   string
		RestartPolicy struct{ Name string }
		PortBindings  map[string][]struct{ HostPort string }
	}
}

func (a api) createContainer(w http.ResponseWriter, r *http.Request) {
	var asked createRequest
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		writeError(w, http.StatusBadRequest, "%v", err)
		return
	}
	name := r.URL.Query().Get("name")
	if _, taken := a.findContainer(name); taken != nil && name != "" {
		writeError(w, http.StatusConflict, "Conflict. The container name %q is already in use", name)
		return
	}
	h := a.placeContainer(asked.Env)
	switch {
	case h == nil:
		writeError(w, http.StatusInternalServerError,
			"Unable to find a node that satisfies the following conditions %v", asked.Env)
		return
	case !slices.Contains(h.Images, asked.Image):
		writeError(w, http.StatusNotFound, "No such image: %s:latest", asked.Image)
		return
	}
	c := Container{
		Name: name, Image: asked.Image, Args: asked.Cmd, State: "created", Hostname: asked.Hostname,
		Labels: asked.Labels, Env: asked.Env, Restart: asked.HostConfig.RestartPolicy.Name,
	}
	if mode := asked.HostConfig.NetworkMode; mode != "default" && mode != "host" {
		c.Networks = map[string]string{mode: fmt.Sprintf("10.0.0.%d", 2+a.c.created%250)}
	}
	for inside, bindings := range asked.HostConfig.PortBindings {
		var p Port
		_, _ = fmt.Sscanf(inside, "%d/tcp", &p.Container)
		_, _ = fmt.Sscan(bindings[0].HostPort, &p.Host)
		c.Ports = append(c.Ports, p)
	}
	writeJSON(w, http.StatusCreated, map[string]any{"Id": h.Add(c).ID})
}

// placeContainer returns the host with the fewest containers of those that the
// constraints in a container's environment allow.
func (a api) placeContainer(env []string) *Host {
	var best *Host
	for _, h := range a.hosts {
		fits := !slices.ContainsFunc(env, func(e string) bool {
			node, constrained := strings.CutPrefix(e, "constraint:node==")
			node, soft := strings.CutPrefix(node, "~")
			return constrained && node != h.Name && (!soft || a.c.Hosts[node].isRunning("join"))
		})
		if fits && (best == nil || len(h.Containers) < len(best.Containers)) {
			best = h
		}
	}
	return best
}
