package engine

import (
	"context"
	"time"

	"labcheck/harness/lang"
)

// Info is what `docker info` shows: of one engine, or of a Swarm's cluster.
type Info struct {
	ID            string `json:"id"` // empty on Swarm
	Name          string `json:"name"`
	ServerVersion string `json:"server_version"`
	CPUs          int    `json:"cpus"`
	// Memory is in bytes.
	Memory           int64  `json:"memory"`
	Containers       int    `json:"containers"` // stopped ones too
	Images           int    `json:"images"`
	ClusterStore     string `json:"cluster_store,omitempty"`
	ClusterAdvertise string `json:"cluster_advertise,omitempty"`
	// HTTPProxy and NoProxy are the engine's own, by which it asks its cluster store.
	HTTPProxy string `json:"http_proxy,omitempty"`
	NoProxy   string `json:"no_proxy,omitempty"`
	Swarm     *Swarm `json:"swarm,omitempty"` // nil on a plain engine
	// SystemTime is the clock of the engine's host; the zero time where it tells none.
	SystemTime time.Time `json:"-"`
}

// rawInfo is GET /info. The client library's type has no ClusterStore any more.
type rawInfo struct {
	ID, Name, ServerVersion        string
	NCPU                           int
	MemTotal                       int64
	Containers, Images             int
	ClusterStore, ClusterAdvertise string
	HTTPProxy, NoProxy             string
	SystemStatus, DriverStatus     [][2]string
	SystemTime                     string
}

// Info asks for what `docker info` shows. Where Swarm answers with a status
// that can't be understood the error is a *StatusError.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var raw rawInfo
	if err := c.getJSON(ctx, "/info", &raw); err != nil {
		return Info{}, failed(c, "info", err)
	}
	if raw.Name == "" {
		return Info{}, failed(c, "info", &kindError{ErrWrongService, lang.Errorf("the answer to /info has no name")})
	}
	info := Info{
		ID: raw.ID, Name: raw.Name, ServerVersion: raw.ServerVersion,
		CPUs: raw.NCPU, Memory: raw.MemTotal,
		Containers: raw.Containers, Images: raw.Images,
		ClusterStore: raw.ClusterStore, ClusterAdvertise: raw.ClusterAdvertise,
		HTTPProxy: withoutPassword(raw.HTTPProxy), NoProxy: raw.NoProxy,
	}
	info.SystemTime, _ = time.Parse(time.RFC3339Nano, raw.SystemTime)
	status := raw.SystemStatus
	if status == nil {
		status = asStatus(raw.DriverStatus)
	}
	if status == nil {
		return info, nil
	}
	if info.ServerVersion == "" {
		var version struct{ Version string }
		_ = c.getJSON(ctx, "/version", &version) // all else is known without it
		info.ServerVersion = version.Version
	}
	swarm, err := ParseSwarm(status)
	info.Swarm = &swarm
	return info, failed(c, "info", err)
}
