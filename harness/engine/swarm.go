package engine

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Swarm is what a Swarm manager's `docker info` says of its cluster.
type Swarm struct {
	Role     string   `json:"role"`              // primary or replica
	Primary  string   `json:"primary,omitempty"` // who is, where this is a replica
	Strategy string   `json:"strategy"`
	Filters  []string `json:"filters"`
	Members  []Member `json:"members"` // in the order shown
}

// Member is one node of the cluster as the Swarm manager shows it.
type Member struct {
	Name string         `json:"name"` // "(unknown)" until the manager has asked its engine
	Addr netip.AddrPort `json:"addr"`
	// Advertised is the address as it was given if that has a name in it, such as
	// worker01:2375; Addr is not valid then.
	Advertised string `json:"advertised,omitempty"`
	// Problem is why a line below it could not be read; the others were.
	Problem string `json:"problem,omitempty"`
	// ID, Status and the lines below it. Versions of Swarm differ in which
	// they show; what is not shown is empty or nil.
	ID     string `json:"id,omitempty"`
	Status string `json:"status"` // Pending, Healthy, Unhealthy, Disconnected; empty before Swarm 1.0.1
	// Containers are all, stopped ones too; Running, Paused and Stopped are 0
	// where the manager does not show them.
	Containers   int `json:"containers"`
	Running      int `json:"running"`
	Paused       int `json:"paused"`
	Stopped      int `json:"stopped"`
	ReservedCPUs int `json:"reserved_cpus"`
	CPUs         int `json:"cpus"`
	// ReservedMemory and Memory are as the tutorial shows them, "0 B" and
	// "1.017 GiB", also where Swarm leaves the space out.
	ReservedMemory string            `json:"reserved_memory"`
	Memory         string            `json:"memory"`
	Labels         map[string]string `json:"labels,omitempty"`
	Error          string            `json:"error,omitempty"` // empty for "(none)"
	UpdatedAt      time.Time         `json:"updated_at,omitzero"`
	ServerVersion  string            `json:"server_version,omitempty"`
}

// Replica is the role of a Swarm manager that passes on to another one, the
// primary, what it is asked to do.
const Replica = "replica"

// Healthy is the status of a member that containers can be placed on.
const Healthy = "Healthy"

// Member finds a member by its name.
func (s *Swarm) Member(name string) (Member, bool) {
	i := slices.IndexFunc(s.Members, func(m Member) bool { return m.Name == name })
	if i < 0 {
		return Member{}, false
	}
	return s.Members[i], true
}

// IsAt reports whether a member's address is that of a host's engine, which may have
// been given by the host's name.
func (m Member) IsAt(h harness.Host) bool {
	return m.Addr == h.Engine() || NamesHost(m.Advertised, h)
}

// At finds a host in the list: at its address, or else at its name, which may be left
// from before. Nil, of a manager that does not answer, lists none.
func (s *Swarm) At(h harness.Host) (found Member, ok bool) {
	if s == nil {
		return found, false
	}
	for _, m := range s.Members {
		if m.Addr == h.Engine() {
			return m, true
		}
		if !ok && m.IsAt(h) {
			found, ok = m, true
		}
	}
	return found, ok
}

// Address returns the member's address as it was given.
func (m Member) Address() string {
	if m.Advertised != "" {
		return m.Advertised
	}
	return m.Addr.String()
}

// NamesHost reports whether NAME:PORT is a host's engine by the host's name, with or
// without its domain.
func NamesHost(at string, h harness.Host) bool {
	name, port, err := net.SplitHostPort(at)
	name, _, _ = strings.Cut(name, ".")
	return err == nil && strings.EqualFold(name, h.Name) && port == fmt.Sprint(h.Engine().Port())
}

// StatusError is a line of a Swarm's SystemStatus that is not as Swarm writes
// it.
type StatusError struct {
	Line       int    // from 0
	Key, Value string // as they came
	Reason     string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("Swarm's status, line %d, %q: %q: %s", e.Line, e.Key, e.Value, e.Reason)
}

// ParseSwarm reads the SystemStatus of a Swarm manager's /info. Its lines are
// written by docker/swarm 1.2.9, cli/manage.go, (*statusHandler).Status, and
// cluster/swarm/cluster.go, (*Cluster).Info; the tutorial's older Swarm has no
// ID, no counts behind Containers and no ServerVersion, and "(none)" as Error.
// A line of a member that can't be read is the member's Problem. The error is a
// *StatusError.
func ParseSwarm(status [][2]string) (Swarm, error) {
	p := swarmParser{nodes: -1}
	for i, line := range status {
		if err := p.parseLine(line[0], line[1]); err != nil {
			return Swarm{}, &StatusError{i, line[0], line[1], err.Error()}
		}
	}
	if err := p.checkComplete(); err != nil {
		return Swarm{}, &StatusError{Line: len(status), Reason: err.Error()}
	}
	return p.swarm, nil
}

// asStatus returns the SystemStatus that an older Swarm tells as DriverStatus, where
// its keys begin with a backspace, or the names of members with nothing, and each
// line of a member with one space (docker/swarm 1.0.1, cluster/swarm/cluster.go,
// Info); nil if it is an engine's.
func asStatus(driver [][2]string) [][2]string {
	var status [][2]string
	isSwarm, hasRole := false, false
	for _, line := range driver {
		key, isKey := strings.CutPrefix(line[0], "\b")
		detail, isDetail := strings.CutPrefix(strings.TrimLeft(line[0], " "), strings.TrimLeft(detailPrefix, " "))
		switch {
		case isKey:
			isSwarm, hasRole = true, hasRole || key == "Role"
		case isDetail:
			key = detailPrefix + detail
		default:
			key = " " + strings.TrimLeft(key, " ")
		}
		status = append(status, [2]string{key, line[1]})
	}
	switch {
	case !isSwarm:
		return nil
	case !hasRole: // it has no replicas yet
		return append([][2]string{{"Role", "primary"}}, status...)
	}
	return status
}

// detailPrefix is what Swarm puts before each line of a member.
const detailPrefix = "  └ "

type swarmParser struct {
	swarm Swarm
	nodes int // as announced; -1 before the line
	seen  map[string]bool
}

func (p *swarmParser) parseLine(key, value string) error {
	if name, ok := strings.CutPrefix(key, detailPrefix); ok {
		return p.parseDetail(name, value)
	}
	if name, ok := strings.CutPrefix(key, " "); ok {
		return p.parseMember(name, value)
	}
	if p.nodes >= 0 {
		return errors.New("a member or a line of one is expected after Nodes")
	}
	switch key {
	case "Role":
		p.swarm.Role = value
	case "Primary":
		p.swarm.Primary = value
	case "Strategy":
		p.swarm.Strategy = value
	case "Filters":
		p.swarm.Filters = splitList(value)
	case "Nodes":
		return parseCount(value, &p.nodes)
	default:
		return errors.New("unknown")
	}
	return nil
}

func (p *swarmParser) parseMember(name, addr string) error {
	if p.nodes < 0 {
		return errors.New("a member before Nodes")
	}
	m := Member{Name: cmp.Or(strings.TrimSpace(name), "(unknown)")}
	var err error
	if m.Addr, err = netip.ParseAddrPort(addr); err != nil {
		m.Advertised = addr
	}
	p.swarm.Members = append(p.swarm.Members, m)
	p.seen = map[string]bool{}
	return nil
}

func (p *swarmParser) parseDetail(key, value string) error {
	if len(p.swarm.Members) == 0 {
		return errors.New("before any member")
	}
	m := &p.swarm.Members[len(p.swarm.Members)-1]
	if p.seen[key] {
		m.addProblem(key, value, errors.New("a second time for the same member"))
		return nil
	}
	p.seen[key] = true
	m.addProblem(key, value, setDetail(m, key, value))
	return nil
}

// addProblem notes that a line of a member can't be read, if there is an error.
func (m *Member) addProblem(key, value string, err error) {
	if err != nil && m.Problem == "" {
		m.Problem = fmt.Sprintf("%s: %q: %v", key, value, err)
	}
}

func setDetail(m *Member, key, value string) (err error) {
	switch key {
	case "ID":
		m.ID = value
	case "Status":
		m.Status = value
	case "Containers":
		return containers(value, m)
	case "Reserved CPUs":
		used, all, ok := strings.Cut(value, " / ")
		if !ok {
			return errors.New("not USED / ALL")
		}
		if err := parseCount(used, &m.ReservedCPUs); err != nil {
			return err
		}
		return parseCount(all, &m.CPUs)
	case "Reserved Memory":
		used, all, ok := strings.Cut(value, " / ")
		if !ok {
			return errors.New("not USED / ALL")
		}
		if m.ReservedMemory, err = parseSize(used); err != nil {
			return err
		}
		m.Memory, err = parseSize(all)
	case "Labels":
		m.Labels, err = parseLabels(value)
	case "Error":
		if value != "(none)" {
			m.Error = strings.ReplaceAll(value, "\n", `\x0a`) // it is one line of an answer
		}
	case "UpdatedAt":
		m.UpdatedAt, err = time.Parse(time.RFC3339, value)
	case "ServerVersion":
		m.ServerVersion = value
	default:
		return errors.New("unknown")
	}
	return err
}

// checkComplete tells whether anything that every Swarm shows lacks.
func (p *swarmParser) checkComplete() error {
	switch {
	case p.swarm.Role == "":
		return errors.New("no Role")
	case p.swarm.Strategy == "":
		return errors.New("no Strategy")
	case p.nodes < 0:
		return errors.New("no Nodes")
	case p.nodes != len(p.swarm.Members):
		return fmt.Errorf("%d Nodes announced, %d shown", p.nodes, len(p.swarm.Members))
	}
	return nil
}

// containers reads "1" and "4 (1 Running, 2 Paused, 1 Stopped)".
func containers(s string, m *Member) error {
	all, states, counted := strings.Cut(s, " (")
	if err := parseCount(all, &m.Containers); err != nil || !counted {
		return err
	}
	counts := containerStates.FindStringSubmatch(states)
	if counts == nil {
		return errors.New("not ALL (… Running, … Paused, … Stopped)")
	}
	for i, into := range []*int{&m.Running, &m.Paused, &m.Stopped} {
		if err := parseCount(counts[i+1], into); err != nil {
			return err
		}
	}
	return nil
}

var containerStates = regexp.MustCompile(`^(\d+) Running, (\d+) Paused, (\d+) Stopped\)$`)

// parseSize reads "1.017 GiB", and "1.017GiB" as go-units writes it from 0.4 on, and
// returns the former.
func parseSize(s string) (string, error) {
	number := strings.TrimRight(s, "KMGTPEZYiB")
	unit := s[len(number):]
	number = strings.TrimSuffix(number, " ")
	if _, err := strconv.ParseFloat(number, 64); err != nil || !strings.HasSuffix(unit, "B") {
		return "", fmt.Errorf("%q is no size", s)
	}
	return number + " " + unit, nil
}

func parseCount(s string, into *int) error {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return lang.Errorf("not a count: %w", err)
	}
	*into = int(n)
	return nil
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ", ")
}

// parseLabels reads "a=b, c=d, e". A part without "=" belongs to the value before
// it, because values may have commas.
func parseLabels(s string) (map[string]string, error) {
	all := map[string]string{}
	last := ""
	for _, part := range splitList(s) {
		key, value, ok := strings.Cut(part, "=")
		switch {
		case ok && key != "":
			all[key], last = value, key
		case last == "":
			return nil, fmt.Errorf("%q is no label", part)
		default:
			all[last] += ", " + part
		}
	}
	return all, nil
}
