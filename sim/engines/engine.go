package engines

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/network"
)

// Engine is a simulated engine. It implements http.Handler.
type Engine struct {
	name, id string
	bridge   string // the ID of its network called bridge
	delay    time.Duration
	routes   *http.ServeMux

	mu         sync.Mutex
	containers map[string]*simulated
	created    int // how many containers were, so that each has an address of its own
	listeners  map[chan events.Message]bool
}

// NewEngine returns the engine of a number. delay is how long creating a container and
// starting it take together.
func NewEngine(number int, delay time.Duration) *Engine {
	e := &Engine{
		name: fmt.Sprintf("sim%04d", number), id: newID(), bridge: newID(), delay: delay,
		containers: map[string]*simulated{}, listeners: map[chan events.Message]bool{},
	}
	e.routes = e.newRoutes()
	return e
}

// newID returns an ID as engines give them to containers.
func newID() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it does not fail
	return hex.EncodeToString(b[:])
}

// simulated is a container that exists in name only.
type simulated struct {
	id, name string
	config   *container.Config
	host     *container.HostConfig
	addr     string
	created  time.Time
	state    container.State
	gone     chan struct{} // closed when it stops
	timer    *time.Timer   // ends it, if it is to end by itself
}

// create makes a container. ok is false if another one has the name.
func (e *Engine) create(name string, config *container.Config, host *container.HostConfig) (id string, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id = newID()
	if name == "" {
		name = "sim_" + id[:12]
	}
	if e.find(name) != nil {
		return "", false
	}
	e.created++
	c := &simulated{
		id: id, name: name, config: config, host: host, created: time.Now().UTC(),
		addr:  fmt.Sprintf("172.17.%d.%d", e.created/250%250, 2+e.created%250),
		state: container.State{Status: container.StateCreated},
	}
	e.containers[id] = c
	e.emit(c, events.ActionCreate)
	return id, true
}

// start has a container run. What is told to sleep for some seconds ends by itself after
// them. It is called with the lock.
func (e *Engine) start(c *simulated) {
	if c.state.Running {
		return
	}
	c.gone = make(chan struct{})
	c.state = container.State{
		Status: container.StateRunning, Running: true, Pid: 1 + e.created,
		StartedAt: time.Now().UTC().Format(time.RFC3339Nano),
	}
	e.emit(c, events.ActionStart)
	if after, ends := sleepOf(c.config.Cmd); ends {
		gone := c.gone
		c.timer = time.AfterFunc(after, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			if c.gone == gone { // it may have been started again
				e.end(c, 0)
			}
		})
	}
}

// sleepOf returns how long a command such as `sleep 2` runs.
func sleepOf(command []string) (time.Duration, bool) {
	if len(command) != 2 || command[0] != "sleep" {
		return 0, false
	}
	after, err := time.ParseDuration(command[1] + "s")
	return after, err == nil
}

// stop ends a container that runs by a signal, and emits others. It is called with the lock.
func (e *Engine) stop(c *simulated, others ...events.Action) {
	if !c.state.Running {
		return
	}
	e.emit(c, events.ActionKill)
	e.end(c, 137)
	for _, s := range others {
		e.emit(c, s)
	}
}

// end is called with the lock.
func (e *Engine) end(c *simulated, exitCode int) {
	if !c.state.Running {
		return
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.state.Running, c.state.Pid, c.state.Status, c.state.ExitCode = false, 0, container.StateExited, exitCode
	c.state.FinishedAt = time.Now().UTC().Format(time.RFC3339Nano)
	close(c.gone)
	e.emit(c, events.ActionDie)
}

// find returns the container of an ID, the beginning of one, or a name; nil if there is
// none. It is called with the lock.
func (e *Engine) find(id string) *simulated {
	if c := e.containers[id]; c != nil {
		return c
	}
	id = strings.TrimPrefix(id, "/")
	for _, c := range e.containers {
		if c.name == id || len(id) >= 12 && strings.HasPrefix(c.id, id) {
			return c
		}
	}
	return nil
}

// list returns the containers whose IDs begin with one of prefixes, or all, newest first.
// The stopped ones are listed only if asked for.
func (e *Engine) list(all bool, prefixes []string) []container.Summary {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(prefixes) == 1 && e.containers[prefixes[0]] != nil { // as Swarm asks after each event
		return []container.Summary{e.summary(e.containers[prefixes[0]])}
	}
	listed := []container.Summary{}
	for _, c := range slices.SortedFunc(maps.Values(e.containers), newestFirst) {
		isAsked := len(prefixes) == 0 ||
			slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.id, p) })
		if isAsked && (all || c.state.Running) {
			listed = append(listed, e.summary(c))
		}
	}
	return listed
}

func newestFirst(a, b *simulated) int { return b.created.Compare(a.created) }

func (e *Engine) summary(c *simulated) container.Summary {
	s := container.Summary{
		ID: c.id, Names: []string{"/" + c.name}, Image: c.config.Image, ImageID: "sha256:" + imageID,
		Command: strings.Join(commandOf(c.config), " "), Created: c.created.Unix(), Labels: c.config.Labels,
		State: c.state.Status, Status: statusOf(c.state),
		NetworkSettings: &container.NetworkSettingsSummary{Networks: e.attachments(c)},
	}
	s.HostConfig.NetworkMode = string(c.host.NetworkMode)
	return s
}

// statusOf describes a state as `docker ps` does. Swarm makes its own of the state.
func statusOf(s container.State) string {
	switch s.Status {
	case container.StateRunning:
		return "Up"
	case container.StateExited:
		return fmt.Sprintf("Exited (%d)", s.ExitCode)
	}
	return "Created"
}

// commandOf returns what a container would run. Its image is not there to be asked.
func commandOf(c *container.Config) []string {
	if command := slices.Concat(c.Entrypoint, c.Cmd); len(command) > 0 {
		return command
	}
	return []string{"/bin/idle"}
}

func (e *Engine) attachments(c *simulated) map[string]*network.EndpointSettings {
	settings := &network.EndpointSettings{NetworkID: e.bridge}
	if c.state.Running {
		settings.IPAddress, settings.IPPrefixLen, settings.Gateway = c.addr, 16, "172.17.0.1"
		settings.EndpointID = c.id
	}
	return map[string]*network.EndpointSettings{"bridge": settings}
}

// wait returns a channel that is closed when a container has stopped, and then its exit
// code; nil if there is no such container.
func (e *Engine) wait(id string) (gone chan struct{}, exitCode func() int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.find(id)
	if c == nil {
		return nil, nil
	}
	gone = c.gone
	if gone == nil { // it was never started
		gone = make(chan struct{})
		close(gone)
	}
	return gone, func() int {
		e.mu.Lock()
		defer e.mu.Unlock()
		return c.state.ExitCode
	}
}

// counts returns how many containers there are, and how many of them run.
func (e *Engine) counts() (all, running int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.containers {
		if c.state.Running {
			running++
		}
	}
	return len(e.containers), running
}
