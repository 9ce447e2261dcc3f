package diagnose

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
)

// part is something of a cluster that can be broken, and on which others rest:
// of one host, or of the cluster where the host is empty.
type part struct {
	what kind
	host string
}

// kind is what a part is.
type kind string

// The kinds, from the bottom up.
const (
	engineKind      kind = "engine"        // the host's engine answers, as itself
	nameKind        kind = "name"          // the engine goes by its host's name
	settingKind     kind = "setting"       // its cluster store and what it advertises
	diskKind        kind = "disk"          // it has room
	consulBoxKind   kind = "consul-box"    // the Consul container is as the page has it
	consulKind      kind = "consul"        // Consul answers and has a leader
	consulLookKind  kind = "consul-look"   // the rest of what the page gives Consul
	serverKind      kind = "consul-server" // the host's Consul, where there is more than the manager's
	replicaKind     kind = "replica"       // the host's Swarm manager, where there is more than the manager's
	reachKind       kind = "reach-consul"  // the host reaches Consul
	managerBoxKind  kind = "manager-box"   // the Swarm manager container is as the page has it
	managerLookKind kind = "manager-look"  // the rest of what the page gives the manager
	managerKind     kind = "manager"       // the Swarm manager answers
	strategyKind    kind = "strategy"      // it spreads
	joinKind        kind = "join"          // the host's join container is as the page has it
	joinLookKind    kind = "join-look"     // the rest of what the page gives it
	imageKind       kind = "image"         // the host's containers are of images with the page's names
	rebootKind      kind = "reboot"        // what starts again with the host is what the page has start
	aloneKind       kind = "alone"         // the host runs no more of the page's services than the page has
	renewKind       kind = "renew"         // its join container can renew the host's key
	placeKind       kind = "place"         // the manager can have its engine start containers
	keyKind         kind = "key"           // the host is registered for Swarm
	pathKind        kind = "path"          // the manager's host reaches the engine
	memberKind      kind = "member"        // the manager lists it as Healthy
	listKind        kind = "list"          // the manager lists nothing else
	registeredKind  kind = "registered"    // the engine is registered with Consul
	networkKind     kind = "network"       // the host has the overlay network
	gossipKind      kind = "gossip"        // its engine knows all others
	packetKind      kind = "packet"        // what leaves its containers arrives
)

// rests are the kinds that each rests on, directly: of the same host.
var rests = map[kind][]kind{
	nameKind:        {engineKind},
	settingKind:     {engineKind},
	diskKind:        {engineKind},
	joinKind:        {engineKind, diskKind},
	joinLookKind:    {joinKind},
	renewKind:       {joinKind},
	placeKind:       {memberKind},
	imageKind:       {engineKind},
	rebootKind:      {engineKind},
	aloneKind:       {engineKind},
	keyKind:         {joinKind, reachKind, consulKind},
	reachKind:       {engineKind},
	pathKind:        {engineKind},
	memberKind:      {keyKind, managerKind, pathKind},
	listKind:        {managerKind, consulKind},
	consulBoxKind:   {engineKind},
	consulKind:      {consulBoxKind},
	consulLookKind:  {consulBoxKind},
	serverKind:      {engineKind},
	replicaKind:     {engineKind},
	managerLookKind: {managerBoxKind},
	managerBoxKind:  {engineKind},
	managerKind:     {managerBoxKind},
	strategyKind:    {managerKind},
	registeredKind:  {settingKind, reachKind, consulKind},
	networkKind:     {settingKind, consulKind, reachKind},
	gossipKind:      {registeredKind},
	packetKind:      {networkKind, gossipKind, consulKind, reachKind},
}

// ofCluster are the kinds of which there is one, on the manager.
var ofCluster = []kind{
	consulBoxKind, consulLookKind, managerLookKind, consulKind, managerBoxKind, managerKind, strategyKind, listKind,
}

// partOf returns a kind's part of a host, or the cluster's only one.
func (d *diagnosis) partOf(k kind, host string) part {
	if slices.Contains(ofCluster, k) {
		return part{k, ""}
	}
	return part{k, host}
}

// partsBelow returns a part and all that it rests on, without those to leave out and what
// only these rest on.
func (d *diagnosis) partsBelow(p part, leaveOut func(part) bool) []part {
	if leaveOut != nil && leaveOut(p) {
		return nil
	}
	all := []part{p}
	for _, k := range rests[p.what] {
		all = append(all, d.partsBelow(d.partOf(k, cmp.Or(p.host, d.topology.Manager.Name)), leaveOut)...)
	}
	return all
}

// isIntact reports whether nothing was found so far that breaks a part.
func (d *diagnosis) isIntact(k kind, host string) bool {
	below := d.partsBelow(d.partOf(k, host), nil)
	return !slices.ContainsFunc(d.found, func(f *finding) bool { return f.breaksAny(below) })
}

// hostsWith returns the hosts of which a part is intact. Each is judged when its turn comes, by
// all findings until then.
func (d *diagnosis) hostsWith(k kind) iter.Seq[*survey.Host] {
	return func(yield func(*survey.Host) bool) {
		for _, h := range d.state.Hosts {
			if d.isIntact(k, h.Name) && !yield(h) {
				return
			}
		}
	}
}

// checkEachMember checks the members of which a part is intact, and reports whether there
// are any.
func (d *diagnosis) checkEachMember(k kind, check func(*diagnosis, harness.Host)) (could bool) {
	for _, h := range d.topology.Members {
		if d.isIntact(k, h.Name) {
			could = true
			check(d, h)
		}
	}
	return could
}

// finding is a harness.Finding as it comes together, and what it breaks.
type finding struct {
	harness.Finding
	code   Code
	lang   lang.Language
	breaks []part
	// rules are those of the packet filter of the host rulesOn that stop packets.
	rules   []string
	rulesOn string
	// stopped is the container that does not run and can be started as it is.
	stopped *harness.Fault
	// unreached is the service that can't be reached, of the code unreachable.
	unreached *harness.UnreachableError
}

func (f *finding) breaksAny(parts []part) bool {
	return slices.ContainsFunc(f.breaks, func(p part) bool { return slices.Contains(parts, p) })
}

// addFinding adds a finding as the table has it, with the arguments of its cause.
func (d *diagnosis) addFinding(code, host string, cause ...any) *finding {
	f := d.newFinding(code, host, cause...)
	d.found = append(d.found, f)
	return f
}

func (d *diagnosis) newFinding(code, host string, cause ...any) *finding {
	c := codeOf(code)
	f := &finding{
		Finding: harness.Finding{
			Code: code, Node: host, Confidence: cmp.Or(c.Sure, harness.Certain),
			Doc: docOf(c, d.Lang), Seen: []harness.Observation{},
		},
		code: c, lang: d.Lang, breaks: []part{d.partOf(c.Breaks, host)},
	}
	if format := c.Advice; !strings.Contains(format, "%") {
		f.Advice = d.Lang.Say(format)
	}
	format := c.Cause
	return f.setCause(format, cause...)
}

// mergeSame makes one finding of those with the same cause, which was met on several
// ways.
func mergeSame(found []*finding) (all []*finding) {
	for _, f := range found {
		isSame := func(o *finding) bool { return o.Code == f.Code && o.Node == f.Node && o.Cause == f.Cause }
		if i := slices.IndexFunc(all, isSame); i >= 0 {
			all[i].mergeWith(f)
		} else {
			all = append(all, f)
		}
	}
	return all
}

// mergeWith adds what another finding saw, and what it breaks.
func (f *finding) mergeWith(o *finding) {
	f.breaks = append(f.breaks, o.breaks...)
	for _, s := range o.Seen {
		if !slices.Contains(f.Seen, s) {
			f.addSeen(s.Asked, s.Answered)
		}
	}
	for _, command := range o.Remedy {
		if !slices.Contains(f.Remedy, command) {
			f.addRemedy(command)
		}
	}
}

// setCause gives a finding another cause than the table's.
func (f *finding) setCause(format string, args ...any) *finding {
	f.Cause = f.lang.Say(format, args...)
	return f
}

// setAdvice gives the arguments of the table's advice.
func (f *finding) setAdvice(args ...any) *finding {
	format := f.code.Advice
	f.Advice = f.lang.Say(format, args...)
	return f
}

// setBreaks says what a finding breaks, other than the table does.
func (f *finding) setBreaks(parts ...part) *finding {
	f.breaks = parts
	return f
}

// addSeen adds an observation; what was asked is told once, with all its answers.
func (f *finding) addSeen(asked, answered string) *finding {
	answered = strings.TrimSpace(answered)
	for i, o := range f.Seen {
		if o.Asked == asked {
			f.Seen[i].Answered += "\n" + answered
			return f
		}
	}
	f.Seen = append(f.Seen, harness.Observation{Asked: asked, Answered: answered})
	return f
}

func (f *finding) addRemedy(commands ...string) *finding {
	f.Remedy = append(f.Remedy, commands...)
	return f
}

// addRemedyOn adds commands that are typed on a host itself.
func (f *finding) addRemedyOn(host string, commands ...string) *finding {
	f.RemedyHost = host
	return f.addRemedy(commands...)
}

// hasFound reports whether a finding has a code already.
func (d *diagnosis) hasFound(code string) bool {
	return slices.ContainsFunc(d.found, func(f *finding) bool { return f.Code == code })
}

// partOnEachHost returns a kind's part of each host.
func (d *diagnosis) partOnEachHost(k kind) []part {
	var all []part
	for _, h := range d.topology.Hosts() {
		all = append(all, part{k, h.Name})
	}
	return all
}

// dockerCommand returns the docker command for a host's engine, as typed on the manager.
func dockerCommand(h harness.Host, format string, args ...any) string {
	return fmt.Sprintf("docker -H=tcp://%s %s", h.Engine(), fmt.Sprintf(format, args...))
}
