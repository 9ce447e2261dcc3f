package enginetest

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// run is a command in a container, between its start and its end.
type run struct {
	on   string
	in   *Container
	argv []string
	code int
}

func say(w http.ResponseWriter, status int, what any) {
	w.Header().Set("API-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what) // who asks may be gone
}

func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	say(w, status, map[string]string{"message": fmt.Sprintf(format, args...)})
}

var version = regexp.MustCompile(`^/v1\.\d+`)

// engine is a host's engine.
func (h *Host) engine(w http.ResponseWriter, r *http.Request) {
	path := version.ReplaceAllString(r.URL.Path, "")
	h.cluster.note(h.Name, r, path)
	if path == "/info" {
		say(w, http.StatusOK, h.info())
		return
	}
	api{c: h.cluster, hosts: []*Host{h}}.serve(w, r, path)
}

func (h *Host) info() map[string]any {
	name := h.Name
	if h.CalledAs != "" {
		name = h.CalledAs
	}
	return map[string]any{
		"ID": h.ID, "Name": name, "ServerVersion": h.Version, "NCPU": h.CPUs, "MemTotal": h.Memory,
		"Containers": len(h.Containers), "Images": len(h.Images), "ClusterStore": h.Store, "ClusterAdvertise": h.Advertise,
	}
}

// api is the Engine API of one engine, or of Swarm over several.
type api struct {
	c     *Cluster
	hosts []*Host
	swarm bool
}

func (a api) serve(w http.ResponseWriter, r *http.Request, path string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/_ping":
		say(w, http.StatusOK, "OK")
	case parts[0] == "containers" && len(parts) > 1:
		a.containers(w, r, parts[1:])
	case parts[0] == "exec" && len(parts) == 3:
		a.exec(w, r, parts[1], parts[2])
	case parts[0] == "networks":
		a.networks(w, r, parts[1:])
	case path == "/images/create":
		a.pull(w, r)
	case parts[0] == "images":
		a.image(w, strings.Join(parts[1:len(parts)-1], "/"))
	default:
		refuse(w, http.StatusNotFound, "page not found")
	}
}

// find is a container by its ID or name.
func (a api) find(id string) (*Host, *Container) {
	for _, h := range a.hosts {
		for _, c := range h.Containers {
			if c.ID == id || c.Name == id || strings.HasPrefix(c.ID, id) && len(id) >= 12 {
				return h, c
			}
		}
	}
	return nil, nil
}

func (a api) containers(w http.ResponseWriter, r *http.Request, parts []string) {
	switch parts[0] {
	case "json":
		a.list(w, r.URL.Query().Get("all") != "")
		return
	case "create":
		a.create(w, r)
		return
	}
	h, c := a.find(parts[0])
	if c == nil {
		refuse(w, http.StatusNotFound, "No such container: %s", parts[0])
		return
	}
	switch what := parts[len(parts)-1]; {
	case r.Method == http.MethodDelete && c.State == "running" && r.URL.Query().Get("force") == "":
		refuse(w, http.StatusConflict, "You cannot remove a running container %s", c.ID)
	case r.Method == http.MethodDelete:
		h.Containers = slices.DeleteFunc(h.Containers, func(o *Container) bool { return o == c })
		say(w, http.StatusNoContent, nil)
	case what == "json":
		say(w, http.StatusOK, a.inspected(h, c))
	case what == "start":
		c.State = "running"
		say(w, http.StatusNoContent, nil)
	case what == "stop":
		c.State = "exited"
		say(w, http.StatusNoContent, nil)
	case what == "logs":
		if r.URL.Query().Get("stderr") != "" {
			_, _ = w.Write(framed(2, c.Log)) // Swarm and Consul write there
		}
	case what == "exec":
		var asked struct{ Cmd []string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		id := a.c.newID("exec")
		a.c.running[id] = run{on: h.Name, in: c, argv: asked.Cmd}
		say(w, http.StatusCreated, map[string]string{"Id": id})
	}
}

func (a api) list(w http.ResponseWriter, stopped bool) {
	all := []map[string]any{}
	for _, h := range a.hosts {
		for _, c := range h.Containers {
			if stopped || c.State == "running" {
				all = append(all, a.listed(h, c))
			}
		}
	}
	say(w, http.StatusOK, all)
}

func (a api) listed(h *Host, c *Container) map[string]any {
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
		"Command": strings.Join(append([]string{c.path()}, c.Args...), " "), "NetworkSettings": c.attached(),
	}
}

func (c *Container) attached() map[string]any {
	all := map[string]any{}
	for name, addr := range c.Networks {
		all[name] = map[string]any{"IPAddress": addr}
	}
	return map[string]any{"Networks": all}
}

func (a api) inspected(h *Host, c *Container) map[string]any {
	ports := map[string]any{}
	for _, p := range c.Ports {
		ports[fmt.Sprintf("%d/tcp", p.Container)] = []map[string]any{{"HostPort": fmt.Sprint(p.Host)}}
	}
	all := map[string]any{
		"Id": c.ID, "Name": "/" + c.Name, "Path": c.path(), "Args": c.Args, "RestartCount": c.Restarts, "Created": c.Created,
		"State":           map[string]any{"Status": c.State, "Running": c.State == "running" || c.State == "paused", "ExitCode": c.ExitCode},
		"Config":          map[string]any{"Image": c.Image, "Hostname": c.Hostname, "Labels": c.Labels, "Env": c.Env},
		"HostConfig":      map[string]any{"RestartPolicy": map[string]any{"Name": c.Restart}, "PortBindings": ports},
		"NetworkSettings": c.attached(),
	}
	if a.swarm {
		all["Node"] = map[string]any{"Name": h.Name}
	}
	return all
}

// wanted is what a request to create a container says.
type wanted struct {
	Image, Hostname string
	Cmd, Env        []string
	Labels          map[string]string
	HostConfig      struct {
		NetworkMode   string
		RestartPolicy struct{ Name string }
		PortBindings  map[string][]struct{ HostPort string }
	}
}

func (a api) create(w http.ResponseWriter, r *http.Request) {
	var asked wanted
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "%v", err)
		return
	}
	name := r.URL.Query().Get("name")
	if _, taken := a.find(name); taken != nil && name != "" {
		refuse(w, http.StatusConflict, "Conflict. The container name %q is already in use", name)
		return
	}
	h := a.place(asked.Env)
	switch {
	case h == nil:
		refuse(w, http.StatusInternalServerError, "Unable to find a node that satisfies the following conditions %v", asked.Env)
		return
	case !slices.Contains(h.Images, asked.Image):
		refuse(w, http.StatusNotFound, "No such image: %s:latest", asked.Image)
		return
	}
	c := Container{
		Name: name, Image: asked.Image, Args: asked.Cmd, State: "created", Hostname: asked.Hostname, Labels: asked.Labels,
		Env: asked.Env, Restart: asked.HostConfig.RestartPolicy.Name,
	}
	if mode := asked.HostConfig.NetworkMode; mode != "default" {
		c.Networks = map[string]string{mode: fmt.Sprintf("10.0.0.%d", 2+a.c.made%250)}
	}
	for inside, bindings := range asked.HostConfig.PortBindings {
		var p Port
		_, _ = fmt.Sscanf(inside, "%d/tcp", &p.Container)
		_, _ = fmt.Sscan(bindings[0].HostPort, &p.Host)
		c.Ports = append(c.Ports, p)
	}
	say(w, http.StatusCreated, map[string]any{"Id": h.Add(c).ID})
}

// place is the host for a container: the one with the fewest, or the one that
// the environment constrains it to.
func (a api) place(env []string) *Host {
	var best *Host
	for _, h := range a.hosts {
		fits := !slices.ContainsFunc(env, func(e string) bool {
			node, constrained := strings.CutPrefix(e, "constraint:node==")
			node, soft := strings.CutPrefix(node, "~")
			return constrained && node != h.Name && !(soft && !a.c.Hosts[node].up("join"))
		})
		if fits && (best == nil || len(h.Containers) < len(best.Containers)) {
			best = h
		}
	}
	return best
}

func (a api) image(w http.ResponseWriter, ref string) {
	if !slices.Contains(a.hosts[0].Images, ref) {
		refuse(w, http.StatusNotFound, "No such image: %s", ref)
		return
	}
	say(w, http.StatusOK, map[string]any{"Id": "sha256:1"})
}

// pull finds every image but those that are called nothere.
func (a api) pull(w http.ResponseWriter, r *http.Request) {
	ref := r.URL.Query().Get("fromImage")
	say(w, http.StatusOK, map[string]string{"status": "Pulling"})
	if strings.HasSuffix(ref, "/nothere") {
		_, _ = io.WriteString(w, `{"error": "manifest unknown"}`)
		return
	}
	a.hosts[0].Images = append(a.hosts[0].Images, strings.TrimPrefix(ref, "docker.io/library/"))
}

// framed is a part of a stream as the API has it: a byte for which, three of
// nothing, and the length.
func framed(stream byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{stream, 0, 0, 0}, uint32(len(text))), text...)
}

func (a api) exec(w http.ResponseWriter, r *http.Request, id, what string) {
	_, _ = io.Copy(io.Discard, r.Body) // closing with something unread would reset the connection
	asked := a.c.running[id]
	if what == "json" {
		say(w, http.StatusOK, map[string]any{"ExitCode": asked.code})
		return
	}
	var stdout, stderr string
	switch {
	case asked.in.Exec != nil:
		stdout, stderr, asked.code = asked.in.Exec(asked.argv)
	case a.c.Exec != nil:
		stdout, stderr, asked.code = a.c.Exec(asked.on, asked.in, asked.argv)
	}
	a.c.running[id] = asked
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	_, _ = conn.Write(append(framed(1, stdout), framed(2, stderr)...))
}

func (a api) networks(w http.ResponseWriter, r *http.Request, parts []string) {
	switch {
	case len(parts) == 0:
		a.listNetworks(w)
	case parts[0] == "create":
		a.createNetwork(w, r)
	default:
		a.network(w, r, parts[0])
	}
}

func (a api) listNetworks(w http.ResponseWriter) {
	all := []map[string]any{}
	seen := map[string]bool{}
	for _, h := range a.hosts {
		for _, n := range h.Networks {
			shown := n.shown()
			if a.swarm && n.Scope != "global" {
				shown["Name"] = h.Name + "/" + n.Name
			}
			if !seen[n.ID] {
				all = append(all, shown)
			}
			seen[n.ID] = true
		}
	}
	say(w, http.StatusOK, all)
}

func (n Network) shown() map[string]any {
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
			refuse(w, http.StatusInternalServerError, "network with name %s already exists", asked.Name)
			return
		}
	}
	n := Network{ID: a.c.newID("network"), Name: asked.Name, Driver: asked.Driver, Scope: "global", Subnet: "10.0.0.0/24"}
	a.c.network(n)
	say(w, http.StatusCreated, map[string]string{"Id": n.ID})
}

func (a api) network(w http.ResponseWriter, r *http.Request, name string) {
	is := func(n Network) bool { return n.Name == name || n.ID == name }
	for _, h := range a.hosts {
		i := slices.IndexFunc(h.Networks, is)
		if i < 0 {
			continue
		}
		if r.Method != http.MethodDelete {
			say(w, http.StatusOK, h.Networks[i].shown())
			return
		}
		for _, other := range a.c.Hosts {
			other.Networks = slices.DeleteFunc(other.Networks, is)
		}
		say(w, http.StatusNoContent, nil)
		return
	}
	refuse(w, http.StatusNotFound, "network %s not found", name)
}
