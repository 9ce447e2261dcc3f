package diagnose

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
)

// checkAnswer finds out why a connection came about, and no engine's answer.
func checkAnswer(d *diagnosis, h *survey.Host) {
	var f *finding
	switch err := h.InfoError.Err; {
	case survey.Unreached(err) != nil:
		f = reportUnreached(d, survey.Unreached(err), part{engineKind, h.Name})
	case errors.Is(err, engine.ErrWrongService):
		f = d.addFinding("engine-port-taken", h.Name, h.Engine().Port(), h.Name)
	case h.Probe.Failed.Err != nil:
		f = reportFrozen(d, h)
	case h.Probe.Engine == survey.Stopped:
		f = d.addFinding("engine-frozen", h.Name, h.Name).addSeen("ps, on "+h.Name, engineState(h.Probe)).
			addRemedyOn(h.Name, "pkill -CONT -x dockerd")
	default:
		f = d.addFinding("engine-silent", h.Name, h.Name).addSeen("ps, on "+h.Name, engineState(h.Probe))
	}
	f.addSeen(dockerCommand(h.Host, "info"), reasonOf(h.InfoError.Err))
}

// reportFrozen reports a host on which nothing runs any more.
func reportFrozen(d *diagnosis, h *survey.Host) *finding {
	return d.addFinding("host-frozen", h.Name, h.Name).addSeen("a command on "+h.Name, h.Probe.Failed.Err.Error())
}

// checkHanging lays engines that hang to what keeps them from their cluster store,
// if something does: they wait for it.
func checkHanging(d *diagnosis) bool {
	for _, h := range d.state.Hosts {
		asked, err := dockerCommand(h.Host, "info"), h.InfoError.Err
		if h.Answers() {
			asked, err = dockerCommand(h.Host, "ps"), h.ContainersError.Err
		}
		if h.Hangs() || h.Answers() && err != nil {
			reportHanging(d, h, asked, reasonOf(err))
		}
	}
	return true
}

func reportHanging(d *diagnosis, h *survey.Host, asked, answered string) {
	store := []part{{consulBoxKind, ""}, {consulKind, ""}, {reachKind, h.Name}}
	for _, f := range d.found {
		if f.breaksAny(store) {
			f.breaks = append(f.breaks, part{engineKind, h.Name})
			f.addSeen(asked, d.Lang.Say("%s: it waits for its cluster store", answered))
			return
		}
	}
	code := "engine-hangs"
	if h.Probe.Unasked.Err != nil {
		code = "engine-silent"
	}
	d.addFinding(code, h.Name, h.Name).addSeen("ps, on "+h.Name, engineState(h.Probe)).addSeen(asked, answered)
}

// checkSettings finds engines that are not set up for the cluster store, or have
// no room.
func checkSettings(d *diagnosis) bool {
	for h := range d.hostsWith(engineKind) {
		checkStore(d, h)
		checkEngineProxy(d, h)
		if full := h.Probe.Full; len(full) > 0 {
			d.addFinding("disk-full", h.Name, h.Name).addSeen("df, on "+h.Name, strings.Join(full, "; ")).
				setAdvice(dockerCommand(h.Host, "system df"))
		}
	}
	return true
}

// lastWithStore is the last version of the engine that has --cluster-store.
const lastWithStore = 20

func checkStore(d *diagnosis, h *survey.Host) {
	have, advertised := strings.TrimSuffix(h.Info.ClusterStore, "/"), h.Info.ClusterAdvertise
	store, asked := storeOf(d.topology), dockerCommand(h.Host, "info")
	major, _, _ := strings.Cut(h.Info.ServerVersion, ".")
	version, _ := strconv.Atoi(major)
	switch {
	case have == "" && version > lastWithStore:
		d.addFinding("engine-too-new", h.Name, h.Name, h.Info.ServerVersion).
			addSeen(asked, "Server Version: "+h.Info.ServerVersion)
	case have == "":
		d.addFinding("engine-no-store", h.Name, h.Name).addSeen(asked, "no Cluster Store").
			setAdvice(store, h.Engine().String())
	case have != store:
		d.addFinding("engine-wrong-store", h.Name, h.Name).addSeen(asked, "Cluster Store: "+have).
			setAdvice(store, h.Engine().String())
	case advertised != h.Engine().String():
		d.addFinding("engine-wrong-advertise", h.Name, h.Name).addSeen(asked, "Cluster Advertise: "+cmp.Or(advertised, "none")).
			setAdvice(store, h.Engine().String())
	}
}

// checkEngineProxy reports an engine that is not registered with Consul, because it asks
// that through a proxy.
func checkEngineProxy(d *diagnosis, h *survey.Host) {
	proxy := proxyFor(map[string]string{"HTTP_PROXY": h.Info.HTTPProxy, "NO_PROXY": h.Info.NoProxy}, d.topology.Consul())
	if proxy == "" || isRegistered(d, h) || !keysAreKnown(d) || !d.isIntact(registeredKind, h.Name) {
		return
	}
	d.addFinding("engine-proxy", h.Name, h.Name, proxy).setAdvice(d.topology.Manager.Addr, h.Name).
		setBreaks(part{registeredKind, h.Name}, part{networkKind, h.Name}).
		addSeen(dockerCommand(h.Host, "info"), "HTTP Proxy: "+h.Info.HTTPProxy+"\nNo Proxy: "+h.Info.NoProxy)
}

// storeOf returns the cluster store that every engine is to have.
func storeOf(t harness.Topology) string {
	return strings.TrimSuffix(t.Discovery(), "/") + strings.TrimSuffix("/"+t.StorePath, "/")
}

// noteUnsaid notes what hosts do not say of themselves: once, if the reason is the
// same.
func noteUnsaid(d *diagnosis) bool {
	hosts := map[string][]string{}
	var gaps []string
	skipped := 0
	for _, h := range d.state.Hosts {
		if h.Probe.Skipped {
			skipped++
			continue
		}
		for _, g := range gapsIn(d, h.Probe) {
			if hosts[g] == nil {
				gaps = append(gaps, g)
			}
			hosts[g] = append(hosts[g], h.Name)
		}
	}
	if skipped > 0 {
		d.held = append(d.held, d.Lang.Count(skipped, "%d host shows no fault; its packet filter was not read",
			"%d hosts show no fault; their packet filters were not read"))
	}
	for _, g := range gaps {
		d.notAsked = append(d.notAsked, strings.Join(hosts[g], ", ")+": "+g)
	}
	return true
}

// gapsIn returns what a host does not say of itself, and why.
func gapsIn(d *diagnosis, p survey.Probe) []string {
	var all []string
	switch {
	case p.Unasked.Err != nil:
		why := d.Lang.Error(p.Unasked.Err)
		if un := (*harness.UnreachableError)(nil); errors.As(p.Unasked.Err, &un) {
			why = un.What.In(d.Lang) // without the host, which may be one of several
		}
		all = append(all, d.Lang.Say("what only the host itself can tell: %s", why))
	case p.Partial:
		all = append(all, d.Lang.Say("what the host says about itself: the command did not end in time"))
	case p.Failed.Err == nil && !p.Dialled:
		all = append(all, d.Lang.Say("what the host reaches: it has no perl to dial with"))
	}
	if p.User {
		all = append(all, d.Lang.Say("its packet filter, and what its kernel was told of containers elsewhere: only "+
			"root may read them, or a user of group sudo, wheel or admin for whom sudo needs no password"))
	}
	return all
}

// reasonOf returns what the system said in an error.
func reasonOf(err error) string { return survey.KindOf(err).Error() }

// lastLine returns the last line of a log that has one of the words.
func lastLine(log string, words ...string) string {
	for _, l := range slices.Backward(strings.Split(log, "\n")) {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(l, w) }) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

func engineState(p survey.Probe) string {
	switch {
	case p.Unasked.Err != nil:
		return "could not be asked"
	case p.Engine == "" && p.Partial:
		return "no answer in time"
	case p.Engine == "":
		return "no dockerd"
	case p.Engine == survey.Stopped:
		return "dockerd in state T (stopped)"
	}
	return "dockerd in state " + p.Engine
}
