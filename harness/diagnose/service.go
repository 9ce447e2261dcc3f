package diagnose

import (
	"slices"
	"strings"

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
	code    string // of findings, before the dash
	on      *hostFacts
	works   bool // it answers
	breaks  part
	section string
}

// service fills in what the page has of a service of its.
func (d *diagnosis) service(name string, s service) service {
	s.Service = tutorial.Default().Service(name, d.topology, s.on.host)
	return s
}

// command starts the service's container, typed on the manager.
func (s service) command() string { return docker(s.on.host, "%s", s.RunCommand()) }

// imageAndArgument names the service's containers as docker ps shows them.
func (s service) imageAndArgument() string {
	if s.Spec.Image == swarmImage {
		return s.Spec.Image + " " + s.Spec.Args[0]
	}
	return s.Spec.Image
}

func (s service) hasImage() bool {
	if s.Spec.Image == swarmImage {
		return s.on.hasSwarm
	}
	return s.on.hasConsul
}

// right reports whether a container's arguments are the page's, in whatever form.
func (s service) right(b box) bool {
	return !tutorial.Deviates(tutorial.Arguments, s.Compare(b.Container))
}

// mine are the service's containers, those that run and are right first.
func (s service) mine() []box {
	var all []box
	for _, b := range s.on.containers {
		if s.Matches(b.Container) {
			all = append(all, b)
		}
	}
	rank := func(b box) int {
		switch {
		case b.Running && s.right(b):
			return 0
		case b.Running || b.State == "restarting":
			return 1
		case s.right(b):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b box) int { return rank(a) - rank(b) })
	return all
}

// fatal tells whether the last that a container wrote is why Swarm ended.
func (b box) fatal() bool {
	return strings.Contains(b.log[strings.LastIndexByte(b.log, '\n')+1:], "level=fatal")
}
