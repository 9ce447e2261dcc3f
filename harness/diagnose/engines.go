package diagnose

import (
	"errors"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// silent: a connection came about, and no engine's answer.
func (d *diagnosis) silent(f *hostFacts) {
	h := f.host
	asked, answered := docker(h, "info"), reason(f.infoErr)
	var r *finding
	switch {
	case unreached(f.infoErr) != nil:
		r = d.notReached(hostsSection, unreached(f.infoErr), part{engineKind, h.Name})
	case errors.Is(f.infoErr, engine.ErrWrongService):
		r = d.report("engine-port-taken", h.Name, hostsSection, d.Lang.Say("what answers on port %d of %s is no engine", h.Engine().Port(), h.Name), part{engineKind, h.Name}).
			advise(d.Lang.Say("stop what has the port and start the engine"))
	case f.probe.err != nil:
		r = d.report("host-frozen", h.Name, hostsSection, d.Lang.Say("%s takes connections, but nothing on it runs", h.Name), part{engineKind, h.Name}).
			saw("a command on "+h.Name, f.probe.err.Error()).sure(harness.Likely).
			advise(d.Lang.Say("the machine is paused or overloaded: resume or restart it"))
	case f.probe.state == 'T':
		r = d.report("engine-frozen", h.Name, hostsSection, d.Lang.Say("the engine of %s is stopped: it takes connections and says nothing", h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe)).
			advise(d.Lang.Say("let it go on: pkill -CONT -x dockerd, on the host itself"))
	default:
		r = d.silentEngine(f)
	}
	r.saw(asked, answered)
}

func (d *diagnosis) silentEngine(f *hostFacts) *finding {
	h := f.host
	return d.report("engine-silent", h.Name, hostsSection, d.Lang.Say("the engine of %s takes connections and gives no answer", h.Name), part{engineKind, h.Name}).
		saw("ps, on "+h.Name, engineState(f.probe)).sure(harness.Likely).
		advise(d.Lang.Say("restart it: systemctl restart docker, on the host itself"))
}

// hung lays engines that hang to what keeps them from their cluster store,
// where something does: they wait for it.
func (d *diagnosis) hung() {
	for _, h := range d.topology.Hosts() {
		f := d.facts.hosts[h.Name]
		asked, err := docker(h, "info"), f.infoErr
		if f.answers() {
			asked, err = docker(h, "ps"), f.boxesErr
		}
		if !f.hangs() && (!f.answers() || err == nil) {
			continue
		}
		answered := reason(err)
		store := []part{{consulBoxKind, ""}, {consulKind, ""}, {reachKind, h.Name}}
		i := slices.IndexFunc(d.found, func(r *finding) bool { return r.breaksAny(store) })
		if i >= 0 {
			d.found[i].breaks = append(d.found[i].breaks, part{engineKind, h.Name})
			d.found[i].saw(asked, d.Lang.Say("%s: it waits for its cluster store", answered))
			continue
		}
		if f.probe.unasked != nil {
			d.silentEngine(f).saw(asked, answered)
			continue
		}
		d.report("engine-hangs", h.Name, hostsSection, d.Lang.Say("the engine of %s runs, takes connections and does not answer", h.Name), part{engineKind, h.Name}).
			saw("ps, on "+h.Name, engineState(f.probe)).saw(asked, answered).sure(harness.Likely).
			advise(d.Lang.Say("restart it: systemctl restart docker, on the host itself"))
	}
}

// whyEnded adds what an engine's log says of its end, and narrows the cause
// where that is known.
func (d *diagnosis) whyEnded(f *hostFacts, r *finding) {
	last := line(f.log, "failed to start daemon", "fatal", "level=error", "unable to configure")
	if last == "" {
		return
	}
	r.saw("the engine's log, on "+f.host.Name, last)
	switch {
	case strings.Contains(last, "advertise"):
		r.Code = "engine-bad-advertise"
		r.Cause = d.Lang.Say("the engine of %s does not start: what it is to advertise is no address of it", f.host.Name)
		r.Advice = d.Lang.Say("start it with --cluster-advertise=%s", f.host.Engine().String())
	case strings.Contains(last, "discovery") && strings.Contains(last, "not supported"):
		r.Code = "engine-no-backend"
		r.Cause = d.Lang.Say("the engine of %s does not start: it was built without the backend that its cluster store names", f.host.Name)
		r.Advice = d.Lang.Say("start it with --cluster-store=%s, and an engine that has Consul's backend (up to 20.10; Debian 12's has not)", d.store())
	}
}

// reason is the last part of an error: what the system said.
func reason(err error) string { return root(err).Error() }

// root is the known kind of error that another is of, or that itself.
func root(err error) error {
	if un := (*harness.UnreachableError)(nil); errors.As(err, &un) && un.Err != nil {
		err = un.Err
	}
	for _, kind := range []error{engine.ErrRefused, engine.ErrTimeout, engine.ErrClosed, engine.ErrWrongService} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	return err
}

func engineState(p probe) string {
	switch {
	case p.unasked != nil:
		return "could not be asked"
	case p.state == 0 && p.partial:
		return "no answer in time"
	case p.state == 0:
		return "no dockerd"
	case p.state == 'T':
		return "dockerd in state T (stopped)"
	}
	return "dockerd in state " + string(p.state)
}
