package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// look finds the service's container; ok says that it runs and that nothing is
// known yet to be wrong with it.
func (d *diagnosis) look(s service) (found box, ok bool) {
	mine := s.mine()
	if other, taken := s.inTheWay(); taken && (len(mine) == 0 || !mine[0].Running) {
		d.portTaken(s, other, mine)
		return box{}, false
	}
	if len(mine) == 0 {
		d.missing(s)
		return box{}, false
	}
	found = mine[0]
	switch {
	case found.State == "paused":
		d.about(s, "paused", found, "%s on %s is paused").
			mend(docker(s.on.host, "unpause %s", found.Name))
	case found.State == "restarting" || found.RestartCount > 0 && (!found.Running || !s.works || found.fatal()):
		d.again(s, d.about(s, "restarting", found, "%s on %s ends and is started again and again"), found, mine)
	case !found.Running && s.right(found):
		d.about(s, "stopped", found, "%s on %s does not run").
			mend(docker(s.on.host, "start %s", found.Name))
	case !found.Running:
		d.again(s, d.about(s, "stopped", found, "%s on %s has ended: its arguments are wrong"), found, mine)
	default:
		return found, true
	}
	return found, false
}

// about reports something of a service's container, and what it is like.
func (d *diagnosis) about(s service, code string, b box, format string) *finding {
	r := d.report(s.code+"-"+code, s.on.host.Name, s.section, d.Lang.Say(format, s.name.In(d.Lang), s.on.host.Name), s.breaks).
		saw(docker(s.on.host, "ps --all --no-trunc"), fmt.Sprintf("%s: %s %s, %s, exit code %d", b.Name, b.Image, b.Command, b.State, b.ExitCode))
	if last := line(b.log, "level=fatal", "level=error", "ERR", "==> ", "rror"); last != "" && b.State != "running" {
		r.saw(docker(s.on.host, "logs %s", b.Name), last)
	}
	return r
}

// again mends by the page's own command, or by what of mine is right but does
// not run, after what is wrong is out of the way.
func (d *diagnosis) again(s service, r *finding, wrong box, mine []box) {
	r.mend(docker(s.on.host, "rm -f %s", wrong.Name))
	for _, b := range mine {
		if b.ID != wrong.ID && s.right(b) && !b.Running {
			r.mend(docker(s.on.host, "start %s", b.Name))
			return
		}
	}
	r.mend(s.command)
}

func (d *diagnosis) missing(s service) {
	has := s.on.hasSwarm
	if s.arg == "" {
		has = s.on.hasConsul
	}
	name := s.name.In(d.Lang)
	if !has {
		d.report(s.code+"-no-image", s.on.host.Name, s.section, d.Lang.Say("%s on %s is not there, and neither is its image %s", name, s.on.host.Name, s.image), s.breaks).
			saw(docker(s.on.host, "image inspect %s", s.image), "no such image").
			mend(docker(s.on.host, "pull %s", s.image), s.command)
		return
	}
	d.report(s.code+"-missing", s.on.host.Name, s.section, d.Lang.Say("%s on %s is not there", name, s.on.host.Name), s.breaks).
		saw(docker(s.on.host, "ps --all"), d.Lang.Say("no container of %s", strings.TrimSpace(s.image+" "+s.arg))).
		mend(s.command)
}

// inTheWay is a running container that has the service's port and is another.
func (s service) inTheWay() (box, bool) {
	for _, b := range s.on.containers {
		if s.port.Host != 0 && b.Running && publishes(b.Container, s.port.Host) && !s.is(b) {
			return b, true
		}
	}
	return box{}, false
}

func (d *diagnosis) portTaken(s service, other box, mine []box) {
	r := d.report(s.code+"-port-taken", s.on.host.Name, s.section, d.Lang.Say("container %s has the port %d of %s", other.Name, s.port.Host, s.name.In(d.Lang)), s.breaks).
		saw(docker(s.on.host, "ps"), fmt.Sprintf("%s: %s, port %d", other.Name, other.Image, s.port.Host)).
		mend(docker(s.on.host, "rm -f %s", other.Name))
	if len(mine) > 0 {
		r.mend(docker(s.on.host, "start %s", mine[0].Name))
		return
	}
	r.mend(s.command)
}

// published reports a service that runs but is not where it should listen.
func (d *diagnosis) published(s service, b box) bool {
	if slices.Contains(b.Ports, s.port) {
		return true
	}
	ports := "none"
	if len(b.Ports) > 0 {
		ports = fmt.Sprint(b.Ports)
	}
	r := d.about(s, "wrong-port", b, "%s on %s is not published on its port").
		saw(docker(s.on.host, "port %s", b.Name), ports)
	d.again(s, r, b, s.mine())
	return false
}

// surplus reports more than one running container of a service.
func (d *diagnosis) surplus(s service) {
	var names []string
	for _, b := range s.mine() {
		if b.Running {
			names = append(names, b.Name)
		}
	}
	if len(names) < 2 {
		return
	}
	r := d.report(s.code+"-twice", s.on.host.Name, s.section, d.Lang.Say("%s runs more than once on %s", s.name.In(d.Lang), s.on.host.Name), s.breaks).
		saw(docker(s.on.host, "ps"), strings.Join(names, ", "))
	for _, n := range names[1:] {
		r.mend(docker(s.on.host, "rm -f %s", n))
	}
}

// settled reports what of a service that does its work is not as the page has
// it: the name of its image, and what happens when the host restarts.
func (d *diagnosis) settled(s service, b box, restart string, look part) {
	if image, _, _ := strings.Cut(b.Image, ":"); image != s.image {
		r := d.about(s, "other-image", b, "%s on %s is of an image with another name: Swarm hides its own containers by that name")
		r.breaks = []part{look}
		if (s.arg == "" && !s.on.hasConsul) || (s.arg != "" && !s.on.hasSwarm) {
			r.mend(docker(s.on.host, "tag %s %s", b.Image, s.image))
		}
		d.again(s, r, b, s.mine())
	}
	have := b.RestartPolicy
	if have == "" {
		have = "no"
	}
	if have != restart {
		r := d.about(s, "restart-policy", b, "%s on %s has another restart policy than the page gives it").
			mend(docker(s.on.host, "update --restart=%s %s", restart, b.Name))
		r.breaks = []part{look}
		r.Seen[0].Answered = b.Name + ": " + have
	}
}
