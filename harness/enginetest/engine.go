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
	defer func() { _ = conn.Close() }() // who asked may be gone
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	_, _ = conn.Write(append(framed(1, stdout), framed(2, stderr)...))
}
