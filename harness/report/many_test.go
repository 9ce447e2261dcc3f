package report

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/lang"
)

// TestManyHosts: of many hosts those that are alike are shown together, and one that
// differs in anything but its name, address and containers' names by itself.
func TestManyHosts(t *testing.T) {
	e := recorded(t)
	last := &e.Snapshots[len(e.Snapshots)-1]
	member := last.Hosts[1]
	for i := range 15 {
		more := member
		more.Name, more.Containers = fmt.Sprintf("node%02d", i), slices.Clone(member.Containers)
		more.Containers[0].Name = fmt.Sprintf("name_%d", i)
		more.Peers = 20
		last.Hosts = append(last.Hosts, more)
	}
	for i := range last.Hosts {
		last.Hosts[i].Peers = 20
	}
	lost := &last.Hosts[10]
	lost.Member, lost.Containers = "", nil
	e.Snapshots = e.Snapshots[len(e.Snapshots)-1:]
	var got []string
	for _, h := range newPictures(e, lang.English)[0].Hosts {
		text := fmt.Sprintf("%s %d", h.Name, h.Number())
		if h.Number() > 1 {
			text += " " + h.Last()
		}
		got = append(got, text)
	}
	want := []string{"manager 1", "frontend01 18 node14", lost.Name + " 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	var rows [][]any
	for i := range 20 {
		rows = append(rows, []any{fmt.Sprintf("node%02d", i), "10.0.0.1", i == 7})
	}
	got = nil
	for _, r := range groupRows(lang.English, rows) {
		got = append(got, fmt.Sprint(r...))
	}
	if diff := cmp.Diff([]string{"node00 … node1919 hostsfalse", "node0710.0.0.1true"}, got); diff != "" {
		t.Error(diff)
	}
	if few := groupRows(lang.English, rows[8:]); len(few) != 12 {
		t.Errorf("12 hosts are %d rows", len(few))
	}
}
