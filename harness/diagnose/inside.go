package diagnose

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// This file is about the way out of Swarm's containers: through the packet filter of
// their host, and through proxies that their environment names.

// checkContainersWay finds hosts whose Swarm containers do not reach what the host
// itself reaches.
func checkContainersWay(d *diagnosis) bool {
	for _, h := range d.state.Hosts {
		var lost []harness.Host
		for _, to := range d.topology.Hosts() {
			if h.Name != to.Name && h.Name == d.topology.Manager.Name && isLostInside(h, to.Engine()) {
				lost = append(lost, to)
			}
		}
		switch {
		case !d.isIntact(engineKind, h.Name), h.Probe.Forward == "0": // forwarding-off says why
		case isLostInside(h, d.topology.Consul()):
			reportLostInside(d, h, d.topology.Consul(), lost)
		case len(lost) > 0:
			reportLostInside(d, h, lost[0].Engine(), lost)
		}
	}
	return true
}

func isLostInside(h *survey.Host, to netip.AddrPort) bool {
	target := survey.Dial("tcp", to)
	return slices.Contains(h.Probe.SilentInside, target) && !slices.Contains(h.Probe.Silent, target)
}

// reportLostInside reports why a host's Swarm containers do not reach an address, and
// the engines of some hosts, which are lost to the manager.
func reportLostInside(d *diagnosis, h *survey.Host, to netip.AddrPort, lost []harness.Host) {
	var f *finding
	code := "manager-cut-off"
	if to == d.topology.Consul() {
		code = "consul-blocked"
	}
	if rules := h.Probe.RulesAbout(to.Port(), d.topology.Hosts()); len(rules) > 0 {
		f = reportRules(d, code, h, rules, to.Port())
	} else if f = reportFilter(d, h); f == nil {
		f = d.addFinding("containers-cut-off", h.Name, h.Name, to)
	}
	f.addSeen(survey.Dial("tcp", to)+", from the Swarm container on "+h.Name, noAnswer)
	f.setBreaks(partsLostInside(d, h, lost)...)
}

// reportFilter reports that the packet filter of a host stops what its containers send
// and receive; nil if it does not.
func reportFilter(d *diagnosis, h *survey.Host) *finding {
	if rules := h.Probe.RulesForContainers(); len(rules) > 0 {
		f := reportRules(d, "filter-stops-all", h, rules, 0)
		return f.setCause("the packet filter of %s stops all that its containers send and receive", h.Name)
	}
	if lost := h.Probe.LostRules(); len(lost) > 0 {
		return d.addFinding("docker-rules-lost", h.Name, h.Name).setAdvice(h.Name).
			addSeen("iptables-save, on "+h.Name, strings.Join(lost, "\n"))
	}
	return nil
}

// partsLostInside returns what is broken by now because a host's Swarm containers do
// not get out: what they once wrote or were told stays for a while.
func partsLostInside(d *diagnosis, h *survey.Host, lost []harness.Host) []part {
	var all []part
	for _, to := range lost {
		all = append(all, part{placeKind, to.Name})
		if m, _ := d.state.Swarm.At(to); m.Status != engine.Healthy {
			all = append(all, part{memberKind, to.Name})
		}
	}
	if h.Name == d.topology.Manager.Name {
		return all
	}
	all = append(all, part{renewKind, h.Name})
	if _, there := keyOf(d, h.Host); !there {
		all = append(all, part{keyKind, h.Name})
	}
	return all
}

// proxyFor returns the proxy through which a program with an environment asks an
// address by HTTP; empty if it asks directly.
func proxyFor(env map[string]string, to netip.AddrPort) string {
	config := httpproxy.Config{
		HTTPProxy: cmp.Or(env["HTTP_PROXY"], env["http_proxy"]), NoProxy: cmp.Or(env["NO_PROXY"], env["no_proxy"]),
	}
	proxy, err := config.ProxyFunc()(&url.URL{Scheme: "http", Host: to.String()})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Redacted()
}

// reportProxy reports a service that asks Consul through a proxy, which does not lead
// there, and what that breaks; false if it asks directly. The remedy makes the container
// anew. A Swarm manager asks engines directly, whatever its environment has.
func reportProxy(d *diagnosis, s service, code string, broken part) bool {
	mine := s.ownContainers()
	if len(mine) == 0 || proxyFor(mine[0].Env, d.topology.Consul()) == "" {
		return false
	}
	c := mine[0]
	d.addFinding(code, s.on.Name, s.Title, s.on.Name, proxyFor(c.Env, d.topology.Consul())).setBreaks(broken).
		addSeen(dockerCommand(s.on.Host, "inspect --format '{{.Config.Env}}' %s", c.Name), proxySettings(c.Env)).
		addRemedy(dockerCommand(s.on.Host, "rm -f %s", c.Name), dockerCommand(s.on.Host, "%s", withoutProxies(s.RunCommand())))
	return true
}

// proxySettings returns the proxies of an environment, as it has them.
func proxySettings(env map[string]string) string {
	var all []string
	for name, value := range env {
		if strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			all = append(all, name+"="+value)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// withoutProxies returns a docker run that keeps the docker CLI's own proxies, of
// ~/.docker/config.json, out of the container.
func withoutProxies(run string) string {
	return strings.Replace(run, "run ", "run -e HTTP_PROXY= -e http_proxy= ", 1)
}
