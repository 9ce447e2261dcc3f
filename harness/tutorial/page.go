// Package tutorial is the tutorial "Try Swarm at scale": its pages as data, the
// steps of a page, performing them through the APIs, and finding out how far a
// cluster has come.
package tutorial

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Page is a page of the tutorial, as a file such as page.yaml has it. Its commands
// and services are templates over a topology.
type Page struct {
	Terminal    Template      `yaml:"terminal"` // the host on which commands are typed
	Services    []serviceKind `yaml:"services"`
	Parts       []part        `yaml:"parts"`
	Differences []Difference  `yaml:"differences"`
}

type part struct {
	Heading  lang.Text         `yaml:"heading"`
	Commands []commandTemplate `yaml:"commands"`
}

type commandTemplate struct {
	Page     string     `yaml:"page"`
	For      hostChoice `yaml:"for"`      // the hosts for which it is typed, once for each
	Terminal Template   `yaml:"terminal"` // the page's if it is empty
	Does     struct {
		EN Template `yaml:"en"`
		JA Template `yaml:"ja"`
	} `yaml:"does"`
	Text     Template      `yaml:"text"`
	Starts   string        `yaml:"starts"`  // the name of a service, instead of a text
	Creates  string        `yaml:"creates"` // "network" if the text creates the topology's network
	Phase    int           `yaml:"phase"`
	Within   time.Duration `yaml:"within"`
	Kind     Kind          `yaml:"kind"`
	Shown    Template      `yaml:"shown"`
	Misprint *Misprint     `yaml:"misprint"`
}

// Command is a command of a page in a topology.
type Command struct {
	Page     string    // the page's number for it, such as 1.9
	Heading  lang.Text // of the part that it stands in
	Does     lang.Text // what it is for, in a sentence or two
	Host     string    // where it is typed
	Text     string
	Printed  string // the text as the page prints it, with the page's addresses
	Step     *Step  // nil if the command only looks
	Kind     Kind   // of the output; empty if the page shows none
	Shown    string // the output as the page shows it
	Misprint *Misprint

	expected string // the output as the page would show it in this topology
}

// Misprint is an error of the page in an output that it shows.
type Misprint struct {
	Printed string    `yaml:"printed"`
	Meant   string    `yaml:"meant"`
	Reason  lang.Text `yaml:"reason"`
}

//go:embed page.yaml
var setUpClusterResources []byte

var defaultPage = sync.OnceValue(func() *Page {
	p, err := Load(setUpClusterResources)
	if err != nil {
		panic(err) // it is compiled in; a test loads it
	}
	return p
})

// Default returns the page "Set up cluster resources".
func Default() *Page { return defaultPage() }

// Load reads a page. It renders the page in the topologies that labcheck can
// build, so that rendering it later does not fail.
func Load(content []byte) (*Page, error) {
	p := &Page{}
	if err := yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(p); err != nil {
		return nil, lang.Errorf("page.yaml: %w", err)
	}
	plain := harness.Tutorial()
	replicated, alone := plain, plain
	replicated.Replicas, replicated.RestartJoin, alone.Members = 2, true, nil
	for _, t := range []harness.Topology{plain, replicated, alone} {
		commands, err := p.renderCommands(t)
		for _, c := range commands {
			err = errors.Join(err, c.checkShown())
		}
		for _, name := range p.ServiceNames() {
			_, wrong := p.renderService(name, &place{Topology: t, Host: t.Manager})
			err = errors.Join(err, wrong)
		}
		if err != nil {
			return nil, lang.Errorf("page.yaml: %w", err)
		}
	}
	for _, d := range p.Differences {
		if err := d.checkEntry(); err != nil {
			return nil, lang.Errorf("page.yaml: %v %v: %w", d.Pages, d.Fields, err)
		}
	}
	return p, nil
}

// Commands returns every command of the page for a topology, in the page's order.
// A command for what a topology has beside the page has the number of the
// command that it repeats.
func (p *Page) Commands(t harness.Topology) []Command {
	all, err := p.renderCommands(t)
	if err != nil {
		panic(err) // Load has rendered every template
	}
	return all
}

// Typed returns the commands as the scenarios type them on a cluster: those of
// the page as it is printed, at the addresses of the cluster's hosts.
func (p *Page) Typed(t harness.Topology) []Command { return p.Commands(printedIn(t)) }

// Steps returns the steps of the page for a topology, in the page's order.
func (p *Page) Steps(t harness.Topology) []Step {
	var steps []Step
	for _, c := range p.Commands(t) {
		if c.Step != nil {
			steps = append(steps, *c.Step)
		}
	}
	return steps
}

// Service returns the page's service of a name, as it is or would be on a host.
func (p *Page) Service(name string, t harness.Topology, h harness.Host) Service {
	s, err := p.renderService(name, &place{Topology: t, Host: h})
	if err != nil {
		panic(err) // Load has rendered every template
	}
	return s
}

// ServiceCalled returns the name of the service that the features call by a word,
// in whichever language.
func (p *Page) ServiceCalled(word string) (name string, ok bool) {
	for _, s := range p.Services {
		if word == s.Called.In(lang.English) || word == s.Called.In(lang.Japanese) {
			return s.Name, true
		}
	}
	return "", false
}

// ServiceNames returns the names of the page's services in its order.
func (p *Page) ServiceNames() []string {
	var names []string
	for _, s := range p.Services {
		names = append(names, s.Name)
	}
	return names
}

func (p *Page) renderCommands(t harness.Topology) ([]Command, error) {
	var all []Command
	for _, part := range p.Parts {
		for _, c := range part.Commands {
			hosts, err := c.For.hostsIn(t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Page, err)
			}
			for _, h := range hosts {
				command, err := p.renderCommand(c, t, h)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", c.Page, err)
				}
				command.Heading = part.Heading
				all = append(all, command)
			}
		}
	}
	return all, nil
}

func (p *Page) renderCommand(c commandTemplate, t harness.Topology, h harness.Host) (Command, error) {
	here, printed, expected := &place{Topology: t, Host: h}, placeOf(harness.Tutorial(), h), placeOf(printedIn(t), h)
	command := Command{
		Page: c.Page, Host: here.renderText(cmp.Or(c.Terminal, p.Terminal)), Kind: c.Kind, Misprint: c.Misprint,
		Text: here.renderText(c.Text), Printed: printed.renderText(c.Text),
		Shown: printed.renderText(c.Shown), expected: expected.renderText(c.Shown),
	}
	command.Does.EN, command.Does.JA = here.renderText(c.Does.EN), here.renderText(c.Does.JA)
	if err := errors.Join(here.err, printed.err, expected.err); err != nil {
		return command, err
	}
	switch {
	case c.Starts != "":
		s, err := p.renderService(c.Starts, here)
		if err != nil {
			return command, err
		}
		asPrinted, err := p.renderService(c.Starts, printed)
		command.Text, command.Printed = s.typedOn(command.Host), asPrinted.typedOn(command.Host)
		command.Step = c.newStep(command.Text, s.stepID(), s.Host.Name, s)
		return command, err
	case c.Creates == "network":
		command.Step = c.newStep(command.Text, c.Creates, t.Manager.Name, networkPart{t})
	case c.Creates != "":
		return command, fmt.Errorf("no command creates %q", c.Creates)
	}
	return command, nil
}

func (c commandTemplate) newStep(text, id, host string, p stepPart) *Step {
	return &Step{ID: id, Page: c.Page, Host: host, Command: text, part: p, within: c.Within, phase: c.Phase}
}

func (p *Page) renderService(name string, on *place) (Service, error) {
	for _, s := range p.Services {
		if s.Name == name {
			return s.renderOn(on)
		}
	}
	return Service{}, fmt.Errorf("the page has no service %q", name)
}
