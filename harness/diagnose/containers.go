package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// serviceCodes are the codes of what can be wrong with a service's container.
type serviceCodes struct {
	noImage, missing, paused, restarting, stopped string
	otherImage, restartPolicy, wrongArguments     string
	portTaken, wrongPort                          string // of a service with a port
}

var (
	consulCodes = serviceCodes{
		"consul-no-image", "consul-missing", "consul-paused", "consul-restarting", "consul-stopped",
		"consul-other-image", "consul-restart-policy", "consul-wrong-arguments", "consul-port-taken", "consul-wrong-port",
	}
	managerCodes = serviceCodes{
		"manager-no-image", "manager-missing", "manager-paused", "manager-restarting", "manager-stopped",
		"manager-other-image", "manager-restart-policy", "manager-wrong-arguments", "manager-port-taken", "manager-wrong-port",
	}
	joinCodes = serviceCodes{
		noImage: "join-no-image", missing: "join-missing", paused: "join-paused", restarting: "join-restarting",
		stopped: "join-stopped", otherImage: "join-other-image", restartPolicy: "join-restart-policy",
		wrongArguments: "join-other-arguments",
	}
)

// findContainer finds the service's container; ok says that it runs and that
// nothing is known yet to be wrong with it.
func findContainer(d *diagnosis, s service) (found survey.Container, ok bool) {
	mine := s.ownContainers()
	if s.isElsewhere(mine) {
		reportElsewhere(d, s)
		return found, false
	}
	if other, taken := s.inTheWay(); taken && (len(mine) == 0 || !mine[0].Running) {
		reportPortTaken(d, s, other, mine)
		return found, false
	}
	if len(mine) == 0 {
		reportMissing(d, s)
		return found, false
	}
	found = mine[0]
	switch {
	case found.State == "paused":
		s.reportContainer(d, s.codes.paused, found).addRemedy(dockerCommand(s.on.Host, "unpause %s", found.Name))
	case found.State == "restarting" || found.RestartCount > 0 && (!found.Running || !s.works || isFatal(found.Log)):
		s.makeAnew(s.reportContainer(d, s.codes.restarting, found), found)
	case !found.Running && s.hasPageArguments(found):
		f := s.reportContainer(d, s.codes.stopped, found).addRemedy(dockerCommand(s.on.Host, "start %s", found.Name))
		f.stopped = &harness.Fault{Kind: harness.FaultStop, Node: s.on.Name, Service: s.Name}
	case !found.Running:
		f := s.reportContainer(d, s.codes.stopped, found)
		f.setCause("%s on %s has ended: its arguments are wrong", s.Title, s.on.Name)
		s.makeAnew(f, found)
	default:
		return found, true
	}
	return found, false
}

// isFatal reports whether the last line of a log is why Swarm ended.
func isFatal(log string) bool {
	return strings.Contains(log[strings.LastIndexByte(log, '\n')+1:], "level=fatal")
}

func reportMissing(d *diagnosis, s service) {
	if s.lacksImage() {
		s.breakOwn(d.addFinding(s.codes.noImage, s.on.Name, s.Title, s.on.Name, s.Spec.Image)).
			addSeen(dockerCommand(s.on.Host, "image inspect %s", s.Spec.Image), "no such image").
			addRemedy(dockerCommand(s.on.Host, "pull %s", s.Spec.Image), s.typedCommand())
		return
	}
	s.breakOwn(d.addFinding(s.codes.missing, s.on.Name, s.Title, s.on.Name)).
		addSeen(dockerCommand(s.on.Host, "ps --all"), d.Lang.Say("no container of %s", s.imageAndArgument())).
		addRemedy(s.typedCommand())
}

// reportPortTaken reports a container that has the service's port.
func reportPortTaken(d *diagnosis, s service, other survey.Container, mine []survey.Container) {
	f := s.breakOwn(d.addFinding(s.codes.portTaken, s.on.Name, other.Name, s.Port.Host, s.Title)).
		addSeen(dockerCommand(s.on.Host, "ps"), fmt.Sprintf("%s: %s, port %d", other.Name, other.Image, s.Port.Host)).
		addRemedy(dockerCommand(s.on.Host, "rm -f %s", other.Name))
	if len(mine) > 0 {
		f.addRemedy(dockerCommand(s.on.Host, "start %s", mine[0].Name))
		return
	}
	f.addRemedy(s.typedCommand())
}

// checkPort reports a service that runs but is not where it should listen.
func checkPort(d *diagnosis, s service, c survey.Container) (listens bool) {
	if s.works || s.IsPublished(c.Container) {
		return true
	}
	ports := "none"
	if len(c.Ports) > 0 {
		ports = fmt.Sprint(c.Ports)
	}
	s.makeAnew(s.reportContainer(d, s.codes.wrongPort, c).addSeen(dockerCommand(s.on.Host, "port %s", c.Name), ports), c)
	return false
}

// checkDetails reports what of a service that does its work is not as the page has
// it: the name of its image, and what happens when the host restarts.
func checkDetails(d *diagnosis, s service, c survey.Container) {
	if tutorial.Deviates(tutorial.ImageName, s.Compare(c.Container)) {
		f := s.reportContainer(d, s.codes.otherImage, c)
		if s.lacksImage() {
			f.addRemedy(dockerCommand(s.on.Host, "tag %s %s", c.Image, s.Spec.Image))
		}
		s.makeAnew(f, c)
	}
	if have, want := cmp.Or(c.RestartPolicy, "no"), cmp.Or(s.Spec.Restart, "no"); have != want {
		f := s.reportContainer(d, s.codes.restartPolicy, c).
			addRemedy(dockerCommand(s.on.Host, "update --restart=%s %s", want, c.Name))
		f.Seen[0].Answered = c.Name + ": " + have
	}
}

// report reports something of a service's container, and what it is like.
func (s service) reportContainer(d *diagnosis, code string, c survey.Container) *finding {
	f := s.breakOwn(d.addFinding(code, s.on.Name, s.Title, s.on.Name)).
		addSeen(dockerCommand(s.on.Host, "ps --all --no-trunc"),
			fmt.Sprintf("%s: %s %s, %s, exit code %d", c.Name, c.Image, c.Command, c.State, c.ExitCode))
	if last := lastLine(c.Log, "level=fatal", "ERR", "==> ", "rror"); last != "" && c.State != "running" {
		f.addSeen(dockerCommand(s.on.Host, "logs %s", c.Name), last)
	}
	return f
}

// breakOwn has a finding break what the service is, if it is not the page's.
func (s service) breakOwn(f *finding) *finding {
	if s.breaks != (part{}) {
		f.setBreaks(s.breaks)
	}
	return f
}

// makeAnew fixes a finding by the page's own command, or by what is right but does
// not run, after what is wrong is out of the way.
func (s service) makeAnew(f *finding, wrong survey.Container) {
	f.addRemedy(dockerCommand(s.on.Host, "rm -f %s", wrong.Name))
	for _, c := range s.ownContainers() {
		if c.ID != wrong.ID && s.hasPageArguments(c) && !c.Running {
			f.addRemedy(dockerCommand(s.on.Host, "start %s", c.Name))
			return
		}
	}
	f.addRemedy(s.typedCommand())
}

// inTheWay returns a running container that has the service's port and is another.
func (s service) inTheWay() (survey.Container, bool) {
	for _, c := range s.on.Containers {
		if s.Port.Host != 0 && c.Running && survey.Publishes(c.Container, s.Port.Host) && !s.Matches(c.Container) {
			return c, true
		}
	}
	return survey.Container{}, false
}

// isElsewhere reports whether the manager's service answers, although none of its
// containers runs.
func (s service) isElsewhere(mine []survey.Container) bool {
	isOnManager := s.breaks == (part{}) && s.Port.Host != 0
	return isOnManager && s.works && (len(mine) == 0 || !mine[0].Running)
}

// reportElsewhere reports a service that another container, or none, does the work of.
func reportElsewhere(d *diagnosis, s service) {
	f := d.addFinding(s.codes.missing, s.on.Name, s.Title, s.on.Name).setBreaks(part{s.look, ""}, part{aloneKind, s.on.Name}).
		addSeen(dockerCommand(s.on.Host, "ps --all"), d.Lang.Say("no container of %s", s.imageAndArgument()))
	f.setCause("%s on %s is not there; what answers on port %d is something else", s.Title, s.on.Name, s.Port.Host)
	f.Advice = d.Lang.Say("it works as it is")
	if other, taken := s.inTheWay(); taken {
		f.addSeen(dockerCommand(s.on.Host, "ps"), fmt.Sprintf("%s: %s %s", other.Name, other.Image, other.Command))
	}
}

// reportDifferences reports what of a container that does its work the page has
// otherwise, as far as a claim says so.
func reportDifferences(d *diagnosis, s service, c survey.Container) {
	all := s.describeDifferences(c)
	if len(all) == 0 {
		return
	}
	f := s.reportContainer(d, s.codes.wrongArguments, c).setBreaks(d.partOf(s.look, s.on.Name)).
		addSeen(dockerCommand(s.on.Host, "inspect %s", c.Name), strings.Join(all, "\n"))
	f.setAdvice(dockerCommand(s.on.Host, "rm -f %s", c.Name), s.typedCommand())
}

// publishedAs returns ports as docker run is given them.
func publishedAs(ports []engine.Port) string {
	all := ""
	for _, p := range ports {
		all += " -p " + p.String()
	}
	return cmp.Or(strings.TrimSpace(all), "no -p")
}

// describeDifferences returns what of a container is not as the page types it.
func (s service) describeDifferences(c survey.Container) []string {
	var all []string
	compare := func(have, want string) {
		if have != want {
			all = append(all, have+" instead of "+want)
		}
	}
	if call, isCall := tutorial.CallOf(c.Container); isCall {
		page := s.PageCall()
		compare(call.Discovery, strings.TrimSuffix(s.pageDiscovery, "/"))
		if page.Command == "join" {
			compare("--advertise="+call.Advertise, "--advertise="+page.Advertise)
		}
	} else {
		compare(strings.Join(c.Args, " "), strings.Join(s.Spec.Args, " "))
		compare("-h "+c.Hostname, "-h "+s.Spec.Hostname)
	}
	if s.Port.Host != 0 && !slices.Equal(c.Ports, s.Spec.Ports) {
		compare(publishedAs(c.Ports), publishedAs(s.Spec.Ports))
	}
	return all
}
