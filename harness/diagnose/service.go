package diagnose

import (
	"slices"

	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// The images of the page, as its commands have them.
const (
	consulImage = "progrium/consul"
	swarmImage  = "swarm"
)

// service is a container of the page on its host, and what its findings say.
type service struct {
	tutorial.Service
	codes serviceCodes
	on    *survey.Host
	works bool // it answers
	look  kind // what the page gives it beside that
	// pageDiscovery is what the page types, whichever path the cluster uses.
	pageDiscovery string
	breaks        part // what it is, if it is not the page's own
}

// service fills in what the page has of a service of its.
func (d *diagnosis) serviceOn(name string, s service) service {
	s.Service = tutorial.Default().Service(name, d.topology, s.on.Host)
	root := d.topology
	root.DiscoveryPath = ""
	s.pageDiscovery = root.DiscoveryOf(s.on.Host)
	return s
}

// typedCommand returns the command that starts the service's container, typed on the
// manager.
func (s service) typedCommand() string { return dockerCommand(s.on.Host, "%s", s.RunCommand()) }

// imageAndArgument names the service's containers as docker ps shows them.
func (s service) imageAndArgument() string {
	if s.Spec.Image == swarmImage {
		return s.Spec.Image + " " + s.Spec.Args[0]
	}
	return s.Spec.Image
}

func (s service) lacksImage() bool { return slices.Contains(s.on.MissingImages, s.Spec.Image) }

// hasPageArguments reports whether a container's arguments are the page's, in whatever form.
func (s service) hasPageArguments(c survey.Container) bool {
	return !tutorial.Deviates(tutorial.Arguments, s.Compare(c.Container))
}

// ownContainers returns the service's containers, those that run and are right first.
func (s service) ownContainers() []survey.Container {
	var all []survey.Container
	for _, c := range s.on.Containers {
		if s.Matches(c.Container) {
			all = append(all, c)
		}
	}
	rank := func(c survey.Container) int {
		switch {
		case c.Running && s.hasPageArguments(c):
			return 0
		case c.Running || c.State == "restarting":
			return 1
		case s.hasPageArguments(c):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b survey.Container) int { return rank(a) - rank(b) })
	return all
}
