package engines

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
)

const (
	// apiVersion is that of Docker 1.12, whose API Swarm 1.2.9 speaks.
	apiVersion = "1.24"
	// Simulated is what a simulated engine gives as its version and operating system, so
	// that `docker info` of the Swarm manager shows it for each node.
	Simulated = "simulated"
	// imageID is the ID of every image.
	imageID = "0000000000000000000000000000000000000000000000000000000000000001"
	// memory is what each engine says that its machine has, in bytes.
	memory = 2 << 30
)

// requests answers the requests of an engine's API.
type requests struct{ *Engine }

// newRoutes returns the API's handlers. Paths are without their version.
func (e *Engine) newRoutes() *http.ServeMux {
	m := http.NewServeMux()
	a := requests{e}
	m.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("OK")) })
	m.HandleFunc("GET /version", answerAlways(types.Version{
		Version: Simulated, APIVersion: apiVersion, MinAPIVersion: "1.12", Os: "linux", Arch: "amd64",
	}))
	m.HandleFunc("GET /info", a.answerInfo)
	m.HandleFunc("GET /images/json", answerAlways([]image.Summary{
		{ID: "sha256:" + imageID, RepoTags: []string{Simulated + ":latest"}},
	}))
	m.HandleFunc("GET /volumes", answerAlways(volume.ListResponse{Volumes: []*volume.Volume{}, Warnings: []string{}}))
	m.HandleFunc("GET /networks", answerAlways(a.networks()))
	m.HandleFunc("GET /networks/{id}", a.inspectNetwork)
	m.HandleFunc("GET /events", a.streamEvents)
	m.HandleFunc("GET /containers/json", a.listContainers)
	m.HandleFunc("GET /containers/{id}/json", a.onContainer(a.inspectContainer))
	m.HandleFunc("POST /containers/create", a.createContainer)
	m.HandleFunc("POST /containers/{id}/start", a.startContainer)
	m.HandleFunc("POST /containers/{id}/stop", a.endContainer(events.ActionStop))
	m.HandleFunc("POST /containers/{id}/kill", a.endContainer())
	m.HandleFunc("POST /containers/{id}/wait", a.waitForContainer)
	m.HandleFunc("DELETE /containers/{id}", a.onContainer(a.removeContainer))
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotImplemented, "a simulated engine does not answer "+r.Method+" "+r.URL.Path)
	})
	return m
}

var versionInPath = regexp.MustCompile(`^/v1\.\d+`)

// ServeHTTP answers a request of the Engine API, of whichever version.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = versionInPath.ReplaceAllString(r.URL.Path, "")
	r.URL.RawPath = ""
	w.Header().Set("Api-Version", apiVersion)
	w.Header().Set("Server", "Docker/"+Simulated)
	e.routes.ServeHTTP(w, r)
}

// answer writes a document, or, for nil, no content.
func answer(w http.ResponseWriter, code int, v any) {
	if v == nil {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v) // who asked may have gone
}

func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, code, errorDocument(message))
}

// errorDocument returns the document of an error.
func errorDocument(message string) map[string]string { return map[string]string{"message": message} }

// answerAlways returns a handler that answers each request with the same document.
func answerAlways(document any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, document) }
}

func (e requests) answerInfo(w http.ResponseWriter, _ *http.Request) {
	all, running := e.counts()
	answer(w, http.StatusOK, system.Info{
		ID: e.id, Name: e.name, Containers: all, ContainersRunning: running, ContainersStopped: all - running, Images: 1,
		Driver: "overlay2", NCPU: 1, MemTotal: memory, ServerVersion: Simulated, OSType: "linux", OperatingSystem: Simulated,
		SystemTime: time.Now().Format(time.RFC3339Nano), Labels: []string{},
	})
}

// networks returns what every engine has. Containers are on bridge.
func (e requests) networks() []network.Inspect {
	return []network.Inspect{
		{Name: "bridge", Driver: "bridge", ID: e.bridge, Scope: "local"},
		{Name: "host", Driver: "host", ID: "1" + e.bridge[1:], Scope: "local"},
		{Name: "none", Driver: "null", ID: "2" + e.bridge[1:], Scope: "local"},
	}
}

func (e requests) inspectNetwork(w http.ResponseWriter, r *http.Request) {
	for _, n := range e.networks() {
		if id := r.PathValue("id"); n.ID == id || n.Name == id {
			answer(w, http.StatusOK, n)
			return
		}
	}
	refuse(w, http.StatusNotFound, "No such network: "+r.PathValue("id"))
}

func (e requests) listContainers(w http.ResponseWriter, r *http.Request) {
	asked, err := filters.FromJSON(r.URL.Query().Get("filters"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	answer(w, http.StatusOK, e.list(isTrue(r, "all"), asked.Get("id")))
}

func isTrue(r *http.Request, key string) bool {
	value := r.URL.Query().Get(key)
	return value == "1" || value == "true"
}

// onContainer returns a handler of requests about a container. It answers with what f
// returns, or with 404 if there is no such container. f is called with the lock.
func (e requests) onContainer(f func(*simulated, *http.Request) (code int, v any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		code, v := http.StatusNotFound, any(errorDocument("No such container: "+id))
		e.mu.Lock()
		if c := e.find(id); c != nil {
			code, v = f(c, r)
		}
		e.mu.Unlock()
		answer(w, code, v)
	}
}

func (e requests) inspectContainer(c *simulated, _ *http.Request) (code int, v any) {
	command, state := commandOf(c.config), c.state
	return http.StatusOK, &container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: c.id, Created: c.created.Format(time.RFC3339Nano), Path: command[0], Args: command[1:], State: &state,
			Image: "sha256:" + imageID, Name: "/" + c.name, Driver: "overlay2", Platform: "linux", HostConfig: c.host,
		},
		Mounts: []container.MountPoint{}, Config: c.config,
		NetworkSettings: &container.NetworkSettings{Networks: e.attachments(c)},
	}
}

func (e requests) createContainer(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		container.Config
		HostConfig container.HostConfig
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	simulateWork(r.Context(), e.delay/2)
	id, ok := e.create(r.URL.Query().Get("name"), &asked.Config, &asked.HostConfig)
	if !ok {
		refuse(w, http.StatusConflict, "Conflict. The container name is already in use")
		return
	}
	answer(w, http.StatusCreated, container.CreateResponse{ID: id, Warnings: []string{}})
}

func (e requests) startContainer(w http.ResponseWriter, r *http.Request) {
	simulateWork(r.Context(), e.delay/2)
	e.onContainer(func(c *simulated, _ *http.Request) (int, any) {
		e.start(c)
		return http.StatusNoContent, nil
	})(w, r)
}

// simulateWork waits, as a real engine would work.
func simulateWork(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// endContainer ends a container, and emits signals behind its end.
func (e requests) endContainer(signals ...events.Action) http.HandlerFunc {
	return e.onContainer(func(c *simulated, _ *http.Request) (int, any) {
		e.stop(c, signals...)
		return http.StatusNoContent, nil
	})
}

func (e requests) waitForContainer(w http.ResponseWriter, r *http.Request) {
	gone, exitCode := e.wait(r.PathValue("id"))
	if gone == nil {
		refuse(w, http.StatusNotFound, "No such container: "+r.PathValue("id"))
		return
	}
	select {
	case <-r.Context().Done():
	case <-gone:
		answer(w, http.StatusOK, container.WaitResponse{StatusCode: int64(exitCode())})
	}
}

// removeContainer removes a container. One that runs is removed only by force.
func (e requests) removeContainer(c *simulated, r *http.Request) (code int, v any) {
	if c.state.Running && !isTrue(r, "force") {
		return http.StatusConflict, errorDocument("You cannot remove a running container")
	}
	e.stop(c)
	delete(e.containers, c.id)
	e.emit(c, events.ActionDestroy)
	return http.StatusNoContent, nil
}

// streamEvents sends what becomes of containers until the client goes.
func (e requests) streamEvents(w http.ResponseWriter, r *http.Request) {
	received := e.listen()
	defer e.unlisten(received)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	stream, flush := json.NewEncoder(w), http.NewResponseController(w).Flush
	for err := flush(); err == nil; err = flush() {
		select {
		case <-r.Context().Done():
			return
		case m, ok := <-received:
			if !ok || stream.Encode(m) != nil {
				return
			}
		}
	}
}
