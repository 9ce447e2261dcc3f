package engine

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/network"
)

// Overlay is the driver of networks that reach across engines.
const Overlay = "overlay"

// Network is a network as an engine or Swarm shows it.
type Network struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"` // Swarm lists local ones as frontend01/bridge
	Driver  string            `json:"driver"`
	Scope   string            `json:"scope"` // local or global
	Subnets []netip.Prefix    `json:"subnets,omitempty"`
	Options map[string]string `json:"options,omitempty"` // such as com.docker.network.driver.mtu
	// Containers are those attached, by name. Network knows them; Networks
	// does not. An engine names those of other engines ep-ID or as they are
	// called there.
	Containers []Endpoint `json:"containers,omitempty"`
}

// Endpoint is a container's place in a network.
type Endpoint struct {
	Container string     `json:"container"` // its ID
	Name      string     `json:"name"`
	Addr      netip.Addr `json:"addr,omitzero"`
}

// Networks lists all networks by name; an engine answers in no order.
func (c *Client) Networks(ctx context.Context) ([]Network, error) {
	all, err := c.api.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, failed(c, "list networks", asWrongService(err))
	}
	listed := make([]Network, 0, len(all))
	for _, n := range all {
		listed = append(listed, networkOf(n))
	}
	slices.SortFunc(listed, func(a, b Network) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return listed, nil
}

// Network tells all of one network, by its name or ID. The error is ErrNotFound
// where there is none.
func (c *Client) Network(ctx context.Context, name string) (Network, error) {
	n, err := c.api.NetworkInspect(ctx, name, network.InspectOptions{})
	if err != nil {
		return Network{}, failed(c, "inspect network "+name, err)
	}
	return networkOf(n), nil
}

func networkOf(n network.Inspect) Network {
	listed := Network{ID: n.ID, Name: n.Name, Driver: n.Driver, Scope: n.Scope, Options: n.Options}
	for _, c := range n.IPAM.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil {
			listed.Subnets = append(listed.Subnets, p)
		}
	}
	for id, e := range n.Containers {
		endpoint := Endpoint{Container: id, Name: e.Name}
		if p, err := netip.ParsePrefix(e.IPv4Address); err == nil {
			endpoint.Addr = p.Addr()
		}
		listed.Containers = append(listed.Containers, endpoint)
	}
	slices.SortFunc(listed.Containers, func(a, b Endpoint) int { return strings.Compare(a.Name, b.Name) })
	return listed
}

// CreateNetwork makes a network, as `docker network create --driver` does, with
// --subnet if subnet is valid. The error is ErrExists where the name is taken.
func (c *Client) CreateNetwork(ctx context.Context, name, driver string, subnet netip.Prefix) error {
	options := network.CreateOptions{Driver: driver}
	if subnet.IsValid() {
		options.IPAM = &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String()}}}
	}
	_, err := c.api.NetworkCreate(ctx, name, options)
	// Swarm answers with status 500, whatever the engine that it asked said.
	if err != nil && strings.Contains(err.Error(), "already exists") {
		err = &kindError{ErrExists, err}
	}
	return failed(c, "create network "+name, err)
}

// RemoveNetwork removes a network.
func (c *Client) RemoveNetwork(ctx context.Context, name string) error {
	return failed(c, "remove network "+name, c.api.NetworkRemove(ctx, name))
}
