package report

import (
	"strings"

	"labcheck/harness"
)

// Sizes says which sizes were expected of the hosts: the page's, or those that
// an inventory gives.
func Sizes(l harness.Lang, t harness.Topology) string {
	own := map[bool][]string{}
	for _, h := range t.Hosts() {
		for _, size := range []struct {
			name string
			own  bool
		}{{"CPUs", h.Own.CPUs}, {l.Say("memory", "メモリ"), h.Own.Memory}} {
			own[size.own] = append(own[size.own], l.Say("%s of %s", "%[2]s の %[1]s", size.name, h.Name))
		}
	}
	switch {
	case len(own[true]) == 0:
		return l.Say("the page's", "ページの値")
	case len(own[false]) == 0:
		return l.Say("the inventory's", "インベントリの値")
	}
	return l.Say("the inventory's; the page's for the %s", "インベントリの値。ページの値を使うもの: %s", strings.Join(own[false], ", "))
}
