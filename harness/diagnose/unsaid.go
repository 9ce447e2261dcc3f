package diagnose

import (
	"errors"
	"strings"

	"labcheck/harness"
)

// unsaid notes what hosts do not say of themselves: once, where the reason is the
// same.
func (d *diagnosis) unsaid() {
	hosts := map[string][]string{}
	var gaps []string
	for _, h := range d.topology.Hosts() {
		for _, g := range d.gaps(d.facts.hosts[h.Name].probe) {
			if hosts[g] == nil {
				gaps = append(gaps, g)
			}
			hosts[g] = append(hosts[g], h.Name)
		}
	}
	for _, g := range gaps {
		d.notAsked = append(d.notAsked, strings.Join(hosts[g], ", ")+": "+g)
	}
}

// gaps are what a host does not say of itself, and why.
func (d *diagnosis) gaps(p probe) []string {
	var all []string
	switch {
	case p.unasked != nil:
		all = append(all, d.Lang.Say("what only the host itself can tell: %s", d.noWay(p.unasked)))
	case p.partial:
		all = append(all, d.Lang.Say("all that the host says of itself: it did not come to an end in time"))
	case p.err == nil && p.silent == nil:
		all = append(all, d.Lang.Say("what the host reaches: it has no perl to dial with"))
	}
	if p.user {
		all = append(all, d.Lang.Say("its packet filter, and what its kernel was told of containers elsewhere: only root may read them, and sudo does not work there without a password"))
	}
	return all
}

// noWay is why no command can be run on a host, without the host.
func (d *diagnosis) noWay(err error) string {
	if un := (*harness.UnreachableError)(nil); errors.As(err, &un) {
		return un.What.In(d.Lang)
	}
	return d.Lang.Error(err)
}
