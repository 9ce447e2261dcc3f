package diagnose

import (
	"slices"
	"strings"

	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/survey"
	"labcheck/harness/tutorial"
)

// The images of the page, as its commands have them.
const (
	consulImage = "progrium/consul"
	swarmImage  = "swarm"
)

// service is a container of the page on its host, and what it should be.
type service struct {
	codes   serviceCodes
	name    lang.Text
	on      *survey.Host
	image   string
	arg     string // Swarm's first argument; empty for Consul
	port    engine.Port
	command string   // as typed on the manager, with -H
	want    []string // its arguments
	works   bool     // it answers
	breaks  part     // what it is, where it is not the page's own
}

// service is the one of a step of the tutorial.
func (d *diagnosis) service(id string, s service) service {
	for _, step := range tutorial.Steps(d.topology) {
		if step.ID != id {
			continue
		}
		words := strings.Fields(step.Command)
		run := slices.Index(words, "run")
		s.want = words[slices.Index(words, s.image)+1:]
		s.command = docker(s.on.Host, "%s", strings.Join(words[run:], " "))
	}
	return s
}

// is tells whether a container is this service's, whatever its image is called
// by now.
func (s service) is(b survey.Container) bool {
	image, _, _ := strings.Cut(b.Image, ":")
	if s.arg == "" {
		return image == s.image || strings.HasPrefix(b.Command, "/bin/start ")
	}
	return runs(b.Container, s.arg) || image == s.image && strings.Contains(" "+b.Command+" ", " "+s.arg+" ")
}

// right tells whether a container's arguments are the page's, in whatever form.
func (s service) right(b survey.Container) bool {
	return slices.Equal(plain(s.want), plain(b.Args))
}

// plain are arguments with a flag's value beside it and no slash at the end.
func plain(args []string) []string {
	var all []string
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if ok && strings.HasPrefix(a, "--") {
			all = append(all, name)
			a = value
		}
		all = append(all, strings.TrimSuffix(a, "/"))
	}
	return all
}

// mine are the service's containers, those that run and are right first.
func (s service) mine() []survey.Container {
	var all []survey.Container
	for _, b := range s.on.Containers {
		if s.is(b) {
			all = append(all, b)
		}
	}
	rank := func(b survey.Container) int {
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
	slices.SortStableFunc(all, func(a, b survey.Container) int { return rank(a) - rank(b) })
	return all
}
