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
	"time"
)

// run is a command that runs in a container.
type run struct {
	on   string
	in   *Container
	argv []string
	code int
}

func writeJSON(w http.ResponseWriter, status int, what any) {
	w.Header().Set("API-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(what) // the client may be gone
}

func writeError(w http.ResponseWriter, status int, format string, args ...any) {
	writeJSON(w, status, map[string]string{"message": fmt.Sprintf(format, args...)})
}

var version = regexp.MustCompile(`^/v1\.\d+`)

// serveEngine serves the API of a host's engine.
func (h *Host) serveEngine(w http.ResponseWriter, r *http.Request) {
	path := version.ReplaceAllString(r.URL.Path, "")
	h.cluster.recordCall(h.Name, r, path)
	if path == "/info" {
		writeJSON(w, http.StatusOK, h.infoResult())
		return
	}
	api{c: h.cluster, hosts: []*Host{h}}.serveAPI(w, r, path)
}

func (h *Host) infoResult() map[string]any {
	name := h.Name
	if h.CalledAs != "" {
		name = h.CalledAs
	}
	return map[string]any{
		"ID": h.ID, "Name": name, "ServerVersion": h.Version, "NCPU": h.CPUs, "MemTotal": h.Memory,
		"Containers": len(h.Containers), "Images": len(h.Images),
		"ClusterStore": h.Store, "ClusterAdvertise": h.Advertise,
		"SystemTime": epoch.Add(h.Uptime).Format(time.RFC3339Nano),
	}
}

// api is the Engine API of one engine, or of Swarm over several.
type api struct {
	c     *Cluster
	hosts []*Host
	swarm bool
}

func (a api) serveAPI(w http.ResponseWriter, r *http.Request, path string) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/_ping":
		writeJSON(w, http.StatusOK, "OK")
	case parts[0] == "containers" && len(parts) > 1:
		a.serveContainers(w, r, parts[1:])
	case parts[0] == "exec" && len(parts) == 3:
		a.serveExec(w, r, parts[1], parts[2])
	case parts[0] == "networks":
		a.serveNetworks(w, r, parts[1:])
	case path == "/images/create":
		a.pullImage(w, r)
	case parts[0] == "images":
		a.inspectImage(w, strings.Join(parts[1:len(parts)-1], "/"))
	default:
		writeError(w, http.StatusNotFound, "page not found")
	}
}

func (a api) inspectImage(w http.ResponseWriter, ref string) {
	if !slices.Contains(a.hosts[0].Images, ref) {
		writeError(w, http.StatusNotFound, "No such image: %s", ref)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"Id": "sha256:1"})
}

// pullImage adds any image to the host, except one that is called nothere.
func (a api) pullImage(w http.ResponseWriter, r *http.Request) {
	ref := r.URL.Query().Get("fromImage")
	writeJSON(w, http.StatusOK, map[string]string{"status": "Pulling"})
	if strings.HasSuffix(ref, "/nothere") {
		_, _ = io.WriteString(w, `{"error": "manifest unknown"}`)
		return
	}
	a.hosts[0].Images = append(a.hosts[0].Images, strings.TrimPrefix(ref, "docker.io/library/"))
}

// streamFrame returns a frame of a multiplexed stream of the API: a byte for the
// stream, three zero bytes, the length, and the text.
func streamFrame(stream byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{stream, 0, 0, 0}, uint32(len(text))), text...)
}

func (a api) serveExec(w http.ResponseWriter, r *http.Request, id, what string) {
	_, _ = io.Copy(io.Discard, r.Body) // closing with something unread would reset the connection
	asked := a.c.running[id]
	if what == "json" {
		writeJSON(w, http.StatusOK, map[string]any{"ExitCode": asked.code})
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
	defer func() { _ = conn.Close() }() // the client may be gone
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"+
		"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	_, _ = conn.Write(append(streamFrame(1, stdout), streamFrame(2, stderr)...))
}
