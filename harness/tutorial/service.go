package tutorial

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
)

// The names of the default page's services. The one called manager runs on the
// host of that name, and on those of its replicas.
const (
	Consul       = "consul"
	SwarmManager = "manager"
	SwarmJoin    = "join"
)

// The restart policies of the page's services: that of the joins, which an engine
// takes an empty one for, and that of the others.
const (
	noRestart     = "no"
	unlessStopped = "unless-stopped"
)

// serviceKind is what a page says of a service, on whichever host.
type serviceKind struct {
	Name   string    `yaml:"name"`   // consul, manager or join
	Called lang.Text `yaml:"called"` // as the features call it: Swarm manager
	Title  lang.Text `yaml:"title"`  // for messages: the Swarm manager container
	// Keys is the path of Consul at which it writes a key, the address of its host's
	// engine; empty if it writes none.
	Keys       string   `yaml:"keys"`
	Image      string   `yaml:"image"`
	OneVersion bool     `yaml:"one-version"` // all of them run the image that the manager has
	Process    string   `yaml:"process"`     // the program and what it is told first, as in /swarm manage
	Arguments  Template `yaml:"arguments"`   // separated by spaces
	Listens    Template `yaml:"listens"`     // as docker's -p
	Ports      Template `yaml:"ports"`       // as docker's -p, separated by spaces
	Hostname   Template `yaml:"hostname"`
	Restart    Template `yaml:"restart"`
	MayRestart bool     `yaml:"may-restart"` // one that starts again with its host is right, too
	Works      string   `yaml:"works"`
}

// Service is what one container of a page is on one host.
type Service struct {
	serviceKind
	Host harness.Host
	Spec engine.RunSpec
	// Port is where it answers; the zero Port if it only asks others.
	Port engine.Port

	topology harness.Topology
	check    check
}

func (k serviceKind) renderOn(on *place) (Service, error) {
	if k.Keys != "" {
		k.Keys = on.KeysOf(k.Keys)
	}
	s := Service{serviceKind: k, Host: on.Host, topology: on.Topology, Spec: engine.RunSpec{
		Image: k.Image, Args: strings.Fields(on.renderText(k.Arguments)),
		Hostname: on.renderText(k.Hostname), Restart: on.renderText(k.Restart),
	}}
	if k.Image == "" || k.Process == "" {
		return s, errors.New("a service needs an image and a process")
	}
	var err error
	if s.check, err = checkNamed(k.Works); err != nil {
		return s, err
	}
	listens := on.renderText(k.Listens)
	for _, words := range strings.Fields(listens + " " + on.renderText(k.Ports)) {
		port, err := parsePort(words)
		if err != nil {
			return s, err
		}
		if words == listens {
			s.Port = port
		}
		s.Spec.Ports = append(s.Spec.Ports, port)
	}
	slices.SortStableFunc(s.Spec.Ports, func(a, b engine.Port) int { return int(a.Host) - int(b.Host) })
	return s, on.err
}

// parsePort reads what docker's -p is given, such as 8301:8301/udp.
func parsePort(text string) (engine.Port, error) {
	ports, udp := strings.CutSuffix(text, "/udp")
	p := engine.Port{UDP: udp}
	if _, err := fmt.Sscanf(ports, "%d:%d", &p.Host, &p.Container); err != nil || p.String() != text {
		return p, fmt.Errorf("%q is no port to publish", text)
	}
	return p, nil
}

// RunCommand returns what follows docker, and its own options, in the command
// that starts the container.
func (s Service) RunCommand() string {
	words := []string{"run"}
	if s.Spec.Restart != "" {
		words = append(words, "--restart="+s.Spec.Restart)
	}
	words = append(words, "-d")
	for _, p := range s.Spec.Ports {
		words = append(words, "-p", p.String())
	}
	if s.Spec.Hostname != "" {
		words = append(words, "-h", s.Spec.Hostname)
	}
	return strings.Join(append(append(words, s.Spec.Image), s.Spec.Args...), " ")
}

// typedOn returns the command that starts the container, typed on a host.
func (s Service) typedOn(host string) string {
	if s.Host.Name == host {
		return "docker " + s.RunCommand()
	}
	return fmt.Sprintf("docker -H=tcp://%s %s", s.Host.Engine(), s.RunCommand())
}

// Matches reports whether a container, listed or inspected, is the service's,
// whatever its image is called by now and whatever it is told to do.
func (s Service) Matches(c engine.Container) bool {
	words, process := strings.Fields(c.Command), strings.Fields(s.Process)
	if isSwarm(s) {
		call, ok := CallOf(c)
		return ok && call.Command == process[1]
	}
	if imageWithoutTag(c.Image) == s.Image {
		return !slices.ContainsFunc(process[1:], func(word string) bool { return !slices.Contains(words, word) })
	}
	n := len(process)
	return len(words) > n && strings.HasSuffix(words[0], process[0]) && slices.Equal(words[1:n], process[1:])
}

// Property is something of a container that the page determines.
type Property string

// The properties.
const (
	ImageName      Property = "image name"
	Arguments      Property = "arguments"
	RestartPolicy  Property = "restart policy"
	PublishedPorts Property = "published ports"
	Hostname       Property = "host name"
)

// Deviation is a property of a container that is not as the page has it. Its
// values are strings, but []string for Arguments and []engine.Port for
// PublishedPorts.
type Deviation struct {
	Property   Property
	Want, Have any
}

// Compare returns what of an inspected container does not do what the page has it do.
// It takes arguments in whatever form their programs do, and ports that are published
// besides.
func (s Service) Compare(c engine.Container) []Deviation {
	var all []Deviation
	compare := func(p Property, same bool, want, have any) {
		if !same {
			all = append(all, Deviation{p, want, have})
		}
	}
	compare(ImageName, imageWithoutTag(c.Image) == s.Spec.Image, s.Spec.Image, imageWithoutTag(c.Image))
	compare(Arguments, s.takesArguments(c), s.Spec.Args, c.Args)
	want, have := cmp.Or(s.Spec.Restart, noRestart), cmp.Or(c.RestartPolicy, noRestart)
	compare(RestartPolicy, want == have, want, have)
	compare(PublishedPorts, s.IsPublished(c), s.Spec.Ports, c.Ports)
	compare(Hostname, s.Spec.Hostname == "" || s.Spec.Hostname == c.Hostname, s.Spec.Hostname, c.Hostname)
	return all
}

// isSwarm reports whether the service's program is Swarm's.
func isSwarm(s Service) bool { return strings.HasPrefix(s.Process, "/swarm ") }

// takesArguments reports whether a container's arguments mean what the page's do.
func (s Service) takesArguments(c engine.Container) bool {
	if !isSwarm(s) {
		return slices.Equal(plainArguments(s.Spec.Args), plainArguments(c.Args))
	}
	have, _ := CallOf(c)
	have.Discovery = have.DiscoveryIn(s.topology)
	if engine.NamesHost(have.Advertise, s.Host) {
		have.Advertise = s.Host.Engine().String()
	}
	return have.isSame(s.PageCall())
}

// IsOfSwarm reports whether a container uses the service's discovery backend, and not
// that of another swarm on the same hosts.
func (s Service) IsOfSwarm(c engine.Container) bool {
	have, _ := CallOf(c)
	return have.DiscoveryIn(s.topology) == s.PageCall().Discovery
}

// PageCall returns the call of Swarm's program that the page has.
func (s Service) PageCall() Call {
	call, _ := CallOf(engine.Container{Args: s.Spec.Args})
	return call
}

// IsPublished reports whether a container is reached on all ports of the service: of
// Swarm's manager the port in the container is the one on which it listens.
func (s Service) IsPublished(c engine.Container) bool {
	call, isCall := CallOf(c)
	onHost := slices.ContainsFunc(c.Networks, func(n engine.Attachment) bool { return n.Network == "host" })
	for _, p := range s.Spec.Ports {
		if isSwarm(s) && isCall && call.Listens != "" {
			listens, _ := strconv.ParseUint(call.Listens, 10, 16) // 0 is no port's
			p.Container = uint16(listens)
		}
		if !slices.Contains(c.Ports, p) && (!onHost || p.Host != p.Container) {
			return false
		}
	}
	return true
}

// Deviates reports whether a property is among those that deviate.
func Deviates(p Property, all []Deviation) bool {
	return slices.ContainsFunc(all, func(d Deviation) bool { return d.Property == p })
}

// imageWithoutTag returns an image's name without its tag.
func imageWithoutTag(image string) string {
	at := strings.LastIndexByte(image, '/') + 1 // a registry before it may have a port
	name, _, _ := strings.Cut(image[at:], ":")
	return image[:at] + name
}

// plainArguments returns arguments with each flag's value as an argument of its
// own, with one dash before each flag, and without a slash at the end.
func plainArguments(args []string) []string {
	var all []string
	for _, a := range args {
		if strings.HasPrefix(a, "--") {
			a = a[1:]
		}
		name, value, ok := strings.Cut(a, "=")
		if ok && strings.HasPrefix(a, "-") {
			all = append(all, name)
			a = value
		}
		all = append(all, strings.TrimSuffix(a, "/"))
	}
	return all
}

// nameOf returns the name of the service that a container is of, on whichever
// host it is; empty if it is of none.
func nameOf(c engine.Container, t harness.Topology) string {
	for _, name := range Default().ServiceNames() {
		if Default().Service(name, t, t.Manager).Matches(c) {
			return name
		}
	}
	return ""
}
