package engines

import (
	"time"

	"github.com/docker/docker/api/types/events"
)

// maxUnread is how many events a stream may be behind. One that does not read is ended,
// as Swarm then asks for everything again.
const maxUnread = 1024

// listen returns a channel that receives the engine's events until unlisten is called.
// It is closed if it is not read.
func (e *Engine) listen() chan events.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	received := make(chan events.Message, maxUnread)
	e.listeners[received] = true
	return received
}

func (e *Engine) unlisten(received chan events.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, received)
}

// emit tells those who listen what became of a container. It is called with the lock.
func (e *Engine) emit(c *simulated, action events.Action) {
	now := time.Now()
	m := events.Message{
		Status: string(action), ID: c.id, From: c.config.Image, //nolint:staticcheck // Swarm reads these
		Type: events.ContainerEventType, Action: action,
		Actor: events.Actor{ID: c.id, Attributes: map[string]string{"image": c.config.Image, "name": c.name}},
		Time:  now.Unix(), TimeNano: now.UnixNano(),
	}
	for received := range e.listeners {
		select {
		case received <- m:
		default:
			close(received)
			delete(e.listeners, received)
		}
	}
}
