package tutorial

import "labcheck/harness"

// Step is a command of the page that changes the cluster.
type Step struct {
	ID      string `json:"id"`   // consul, manager, join-frontend01, …, network
	Page    string `json:"page"` // the page's number for it
	Host    string `json:"host"` // the host that it changes
	Command string `json:"command"`
}

const (
	consulID  = "consul"
	managerID = "manager"
	networkID = "network"
)

func joinID(h harness.Host) string { return "join-" + h.Name }

// overlay is the driver of the tutorial's network.
const overlay = "overlay"

// Steps are those commands of the page that change the cluster, in order.
func Steps(t harness.Topology) []Step {
	host := map[string]string{}
	for _, h := range t.Members {
		host[joinID(h)] = h.Name
	}
	var steps []Step
	for _, c := range Page(t) {
		if c.Step == "" {
			continue
		}
		on := c.Host
		if h, ok := host[c.Step]; ok {
			on = h
		}
		steps = append(steps, Step{c.Step, c.Page, on, c.Text})
	}
	return steps
}
