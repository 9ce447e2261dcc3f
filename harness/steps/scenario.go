package steps

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/harness/workload"
)

// scenario is what the sentences of every subject need.
type scenario struct {
	cluster  *engine.Cluster
	lang     lang.Language
	waiting  func(elapsed time.Duration, seen error)
	page     *tutorial.Page
	patience *patience // nil: as long as the sentences say
	load     *workload.Workload

	addresses   tutorial.Addresses
	addressesOf *engine.Cluster // for which addresses are

	mu       sync.Mutex
	commands []harness.Result
}

func (s *scenario) takeCommands() []harness.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.commands
	s.commands = nil
	return taken
}

func (s *scenario) recordCommands(ran ...harness.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, ran...)
}

func (s *scenario) topology() harness.Topology { return s.cluster.Topology() }

// engineOf returns the engine of a host that a sentence names, which may be none.
func (s *scenario) engineOf(host string) (*engine.Client, error) {
	return s.cluster.Engine(host), s.topology().CheckHosts(host)
}

// here writes a text of the features, which has the page's addresses, with
// those that the hosts have in this topology.
func (s *scenario) here(text string) string {
	if s.addressesOf != s.cluster {
		s.addresses, s.addressesOf = tutorial.AddressesOf(s.topology()), s.cluster
	}
	return s.addresses.Here(text)
}

// swarmInfo returns what Swarm answers on port 3375.
func (s *scenario) swarmInfo(ctx context.Context) (engine.Info, error) {
	info, err := s.cluster.Swarm().Info(ctx)
	if err == nil && info.Swarm == nil {
		err = s.mismatch(s.lang.Say("port 3375"), s.lang.Say("a Swarm manager"), s.lang.Say("an engine, %s", info.Name))
	}
	return info, err
}

// mismatch returns the error of a claim that is false, in texts of the run's language.
func (s *scenario) mismatch(what, expected, seen string) error {
	return &harness.Mismatch{Lang: s.lang, What: what, Expected: expected, Seen: seen}
}

// compare begins a comparison of what a text names.
func (s *scenario) compare(format string, args ...any) comparison {
	return comparison{lang: s.lang, what: s.lang.Say(format, args...)}
}

// listed joins values for a person.
func (s *scenario) listed(values []string) string {
	if len(values) == 0 {
		return s.lang.Say("nothing")
	}
	return strings.Join(values, ", ")
}

func (s *scenario) orNone(value string) string {
	if value == "" {
		return s.lang.Say("none")
	}
	return value
}

// attached says whether something is attached to a network.
func (s *scenario) attached(yes bool) string {
	return map[bool]string{true: s.lang.Say("attached"), false: s.lang.Say("not attached")}[yes]
}

// orNotShown is said of a line or a field that lacks if the value is empty.
func (s *scenario) orNotShown(value string) string {
	if value == "" {
		return s.lang.Say("(not shown)")
	}
	return value
}

// comparison collects all that differs, so that a person sees the whole of it.
type comparison struct {
	lang           lang.Language
	what           string
	expected, seen []string
	hosts          []string // that the differences are about, if that is known
}

// expectEqual compares two values of a field as a reader would.
func (c *comparison) expectEqual(field, expected, seen string) {
	if normalizeValue(expected) != normalizeValue(seen) {
		c.addDifference(field+": "+expected, field+": "+seen)
	}
}

func (c *comparison) addDifference(expected, seen string) {
	c.expected = append(c.expected, expected)
	c.seen = append(c.seen, seen)
}

// addDifferenceOf adds a difference that is about some hosts.
func (c *comparison) addDifferenceOf(hosts []string, expected, seen string) {
	c.hosts = append(c.hosts, hosts...)
	c.addDifference(expected, seen)
}

// mismatch returns a *harness.Mismatch with all that differs, and the hosts that it is
// about; nil if nothing differs.
func (c *comparison) mismatch() error {
	if len(c.expected) == 0 {
		return nil
	}
	slices.Sort(c.hosts)
	return harness.AboutHosts(&harness.Mismatch{
		Lang: c.lang, What: c.what,
		Expected: strings.Join(c.expected, "\n"), Seen: strings.Join(c.seen, "\n"),
	}, slices.Compact(c.hosts)...)
}

// askEach asks several hosts at once and collects the answers in their order. It
// ends with the first error, which is about its host.
func askEach[T any](
	ctx context.Context, hosts []harness.Host, ask func(context.Context, harness.Host) (T, error),
) ([]T, error) {
	return harness.Each(ctx, hosts, func(ctx context.Context, h harness.Host) (T, error) {
		answer, err := ask(ctx, h)
		if h.Name != "" {
			err = harness.AboutHosts(err, h.Name)
		}
		return answer, err
	})
}
