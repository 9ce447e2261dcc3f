package report

import (
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Sizes says whose sizes the hosts are expected to have: the page's, or those that
// an inventory gives.
func Sizes(l lang.Language, t harness.Topology) string {
	own := map[bool][]string{}
	for _, h := range t.Hosts() {
		for _, size := range []struct {
			name string
			own  bool
		}{{"CPUs", h.Own.CPUs}, {l.Say("memory"), h.Own.Memory}} {
			own[size.own] = append(own[size.own], l.Say("%s of %s", size.name, h.Name))
		}
	}
	switch {
	case len(own[true]) == 0:
		return l.Say("the page's")
	case len(own[false]) == 0:
		return l.Say("the inventory's")
	}
	return l.Say("the inventory's; the page's for the %s", strings.Join(own[false], ", "))
}
