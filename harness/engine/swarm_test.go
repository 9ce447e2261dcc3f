package engine

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"labcheck/harness"
)

var byValue = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

// recorded reads a SystemStatus that TestLab recorded from a real lab, with
// -update.
func recorded(t testing.TB, name string) [][2]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var status [][2]string
	if err := json.Unmarshal(content, &status); err != nil {
		t.Fatal(err)
	}
	return status
}

func TestParseSwarmRecorded(t *testing.T) {
	got, err := ParseSwarm(recorded(t, "swarm-1.2.9.json"))
	if err != nil {
		t.Fatal(err)
	}
	members := got.Members
	got.Members = nil
	want := Swarm{Role: "primary", Strategy: "spread", Filters: []string{
		"health", "port", "containerslots", "dependency", "affinity", "constraint", "whitelist",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	type member struct{ Name, Addr, Memory string }
	var shown []member
	for _, m := range members {
		shown = append(shown, member{m.Name, m.Addr.String(), m.Memory})
		if m.Status != Healthy || m.Containers != 1 || m.Running != 1 || m.ReservedCPUs != 0 || m.CPUs != 1 ||
			m.ReservedMemory != "0 B" || m.ID == "" || m.UpdatedAt.IsZero() || m.ServerVersion != "20.10.5+dfsg1" ||
			m.Labels["operatingsystem"] != "Debian GNU/Linux 11 (bullseye)" || m.Labels["storagedriver"] != "overlay2" {
			t.Errorf("%+v", m)
		}
	}
	wantMembers := []member{
		{"frontend01", "192.168.36.20:2375", "1.017 GiB"},
		{"frontend02", "192.168.36.21:2375", "1.017 GiB"},
		{"store", "192.168.36.250:2375", "3.86 GiB"},
		{"worker01", "192.168.36.200:2375", "1.017 GiB"},
	}
	if diff := cmp.Diff(wantMembers, shown); diff != "" {
		t.Error(diff)
	}
}

// tutorial111 is from the output that the page shows in 1.11, by the Swarm of
// its time.
var tutorial111 = [][2]string{
	{"Role", "primary"},
	{"Strategy", "spread"},
	{"Filters", "health, port, dependency, affinity, constraint"},
	{"Nodes", "1"},
	{" frontend01", "192.168.33.20:2375"},
	{"  └ Status", "Healthy"},
	{"  └ Containers", "1"},
	{"  └ Reserved CPUs", "0 / 1"},
	{"  └ Reserved Memory", "0 B / 1.017 GiB"},
	{"  └ Labels", "executiondriver=native-0.2, kernelversion=3.16.0-57-generic, operatingsystem=Ubuntu 14.04.3 LTS, storagedriver=aufs"},
	{"  └ Error", "(none)"},
	{"  └ UpdatedAt", "2016-02-14T19:02:53Z"},
}

func TestParseSwarmOfThePage(t *testing.T) {
	got, err := ParseSwarm(tutorial111)
	if err != nil {
		t.Fatal(err)
	}
	want := Swarm{
		Role: "primary", Strategy: "spread", Filters: []string{"health", "port", "dependency", "affinity", "constraint"},
		Members: []Member{{
			Name: "frontend01", Addr: netip.MustParseAddrPort("192.168.33.20:2375"), Status: "Healthy",
			Containers: 1, CPUs: 1, ReservedMemory: "0 B", Memory: "1.017 GiB",
			Labels: map[string]string{
				"executiondriver": "native-0.2", "kernelversion": "3.16.0-57-generic",
				"operatingsystem": "Ubuntu 14.04.3 LTS", "storagedriver": "aufs",
			},
			UpdatedAt: time.Date(2016, 2, 14, 19, 2, 53, 0, time.UTC),
		}},
	}
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Error(diff)
	}
	if m, ok := got.Member("frontend01"); !ok || m.CPUs != 1 {
		t.Errorf("%+v %v", m, ok)
	}
	if _, ok := got.Member("frontend02"); ok {
		t.Error("found a member that is not there")
	}
}

func TestParseSwarmDetail(t *testing.T) {
	base := Member{Name: "a", Addr: netip.MustParseAddrPort("10.0.0.1:2375"), Status: "Pending"}
	for _, test := range []struct {
		key, value string
		want       func(*Member)
	}{
		{"Containers", "4 (1 Running, 2 Paused, 1 Stopped)", func(m *Member) { m.Containers, m.Running, m.Paused, m.Stopped = 4, 1, 2, 1 }},
		{"Containers", "0", func(*Member) {}},
		{"Reserved CPUs", "3 / 8", func(m *Member) { m.ReservedCPUs, m.CPUs = 3, 8 }},
		{"Reserved Memory", "512MiB / 3.86GiB", func(m *Member) { m.ReservedMemory, m.Memory = "512 MiB", "3.86 GiB" }},
		{"Labels", "", func(m *Member) { m.Labels = map[string]string{} }},
		{"Labels", "a=b, and c, d=", func(m *Member) { m.Labels = map[string]string{"a": "b, and c", "d": ""} }},
		{"Error", "Cannot connect to the Docker daemon", func(m *Member) { m.Error = "Cannot connect to the Docker daemon" }},
		{"ServerVersion", "", func(*Member) {}},
	} {
		want := base
		test.want(&want)
		got, err := ParseSwarm(append(oneMember(), [2]string{"  └ " + test.key, test.value}))
		if err != nil {
			t.Errorf("%s %q: %v", test.key, test.value, err)
			continue
		}
		if diff := cmp.Diff(want, got.Members[0], byValue); diff != "" {
			t.Errorf("%s %q:\n%s", test.key, test.value, diff)
		}
	}
}

func oneMember() [][2]string {
	return [][2]string{
		{"Role", "primary"},
		{"Strategy", "spread"},
		{"Filters", ""},
		{"Nodes", "1"},
		{" a", "10.0.0.1:2375"},
		{"  └ Status", "Pending"},
	}
}

// TestParseSwarmOfNone: a cluster that nothing has joined yet is one.
func TestParseSwarmOfNone(t *testing.T) {
	status := oneMember()[:4]
	status[3][1] = "0"
	if got, err := ParseSwarm(status); err != nil || got.Strategy != "spread" || len(got.Members) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseSwarmRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		status [][2]string
		want   StatusError
	}{
		"nothing":      {nil, StatusError{Reason: "no Role"}},
		"no strategy":  {[][2]string{{"Role", "primary"}}, StatusError{Line: 1, Reason: "no Strategy"}},
		"no nodes":     {oneMember()[:3], StatusError{Line: 3, Reason: "no Nodes"}},
		"too few":      {oneMember()[:4], StatusError{Line: 4, Reason: "1 Nodes announced, 0 shown"}},
		"unknown key":  {[][2]string{{"Weather", "fine"}}, StatusError{0, "Weather", "fine", "unknown"}},
		"early member": {[][2]string{{" a", "10.0.0.1:2375"}}, StatusError{0, " a", "10.0.0.1:2375", "a member before Nodes"}},
		"early detail": {[][2]string{{"  └ Status", "Healthy"}}, StatusError{0, "  └ Status", "Healthy", "before any member"}},
		"late key":     {add("Role", "primary"), StatusError{6, "Role", "primary", "a member or a line of one is expected after Nodes"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseSwarm(test.status)
			var got *StatusError
			if !errors.As(err, &got) {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestParseSwarmProblems: a line of a member that can't be read is a problem of that
// member, and hides neither its other lines nor the other members.
func TestParseSwarmProblems(t *testing.T) {
	for name, test := range map[string]struct{ key, value, want string }{
		"unknown":     {"Weather", "fine", `Weather: "fine": unknown`},
		"twice":       {"Status", "Healthy", `Status: "Healthy": a second time for the same member`},
		"cpus":        {"Reserved CPUs", "1", `Reserved CPUs: "1": not USED / ALL`},
		"memory":      {"Reserved Memory", "much / more", `Reserved Memory: "much / more": "much" is no size`},
		"counts":      {"Containers", "1 (1 Running)", `Containers: "1 (1 Running)": not ALL (… Running, … Paused, … Stopped)`},
		"less than 0": {"Containers", "-1", `Containers: "-1": not a count: strconv.ParseUint: parsing "-1": invalid syntax`},
		"label":       {"Labels", "blue", `Labels: "blue": "blue" is no label`},
	} {
		status := append(add("  └ "+test.key, test.value), [2]string{" b", "10.0.0.2:2375"}, [2]string{"  └ Status", "Healthy"})
		status[3][1] = "2"
		got, err := ParseSwarm(status)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []Member{
			{Name: "a", Addr: netip.MustParseAddrPort("10.0.0.1:2375"), Status: "Pending", Problem: test.want},
			{Name: "b", Addr: netip.MustParseAddrPort("10.0.0.2:2375"), Status: "Healthy"},
		}
		if diff := cmp.Diff(want, got.Members, byValue, cmpopts.IgnoreFields(Member{}, "Containers")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestParseSwarmNames: a member may advertise a name, which is its host's with or
// without a domain.
func TestParseSwarmNames(t *testing.T) {
	host := harness.Host{Name: "worker01", Addr: netip.MustParseAddr("10.0.0.7")}
	for at, is := range map[string]bool{
		"10.0.0.7:2375": true, "worker01:2375": true, "Worker01.example.com:2375": true,
		"10.0.0.8:2375": false, "worker01:2376": false, "worker02:2375": false, "worker01": false, "": false,
	} {
		status := oneMember()
		status[4] = [2]string{" ", at}
		got, err := ParseSwarm(status)
		if err != nil {
			t.Errorf("%q: %v", at, err)
			continue
		}
		if m := got.Members[0]; m.IsAt(host) != is || at != "" && m.Address() != at || m.Name != "(unknown)" {
			t.Errorf("%q: %+v is worker01's: %v", at, m, m.IsAt(host))
		}
	}
}

// TestAt: a host is at its address rather than at a name that is left from before.
func TestAt(t *testing.T) {
	host := harness.Host{Name: "a", Addr: netip.MustParseAddr("10.0.0.1")}
	s := Swarm{Members: []Member{{Advertised: "a:2375", Status: "Pending"}, {Addr: host.Engine(), Status: Healthy}}}
	if m, ok := s.At(host); !ok || m.Status != Healthy {
		t.Errorf("%+v %v", m, ok)
	}
	s.Members = s.Members[:1]
	if m, ok := s.At(host); !ok || m.Status != "Pending" {
		t.Errorf("by name: %+v %v", m, ok)
	}
	if m, ok := s.At(harness.Host{Name: "b"}); ok {
		t.Errorf("another: %+v", m)
	}
}

// TestOldStatus: Swarm 1.0 tells its state as DriverStatus, as docker/swarm 1.0.1
// writes it, and 1.0.0 without Status.
func TestOldStatus(t *testing.T) {
	old := [][2]string{
		{"\bRole", "primary"},
		{"\bStrategy", "spread"},
		{"\bFilters", "health, port"},
		{"\bNodes", "1"},
		{"a", "10.0.0.1:2375"},
		{" └ Status", "Healthy"},
		{" └ Containers", "2"},
		{" └ Reserved CPUs", "0 / 1"},
	}
	want := Swarm{
		Role: "primary", Strategy: "spread", Filters: []string{"health", "port"},
		Members: []Member{{Name: "a", Addr: netip.MustParseAddrPort("10.0.0.1:2375"), Status: "Healthy", Containers: 2, CPUs: 1}},
	}
	for name, status := range map[string][][2]string{"1.0.1": old, "no role": old[1:], "1.0.0": append(old[:5:5], old[6:]...)} {
		got, err := ParseSwarm(asStatus(status))
		ignore := cmpopts.IgnoreFields(Member{}, "Status")
		if err != nil || cmp.Diff(want, got, byValue, ignore) != "" {
			t.Errorf("%s: %v\n%s", name, err, cmp.Diff(want, got, byValue, ignore))
		}
		if is := got.Members[0].Status; (is == "") != (name == "1.0.0") {
			t.Errorf("%s: Status %q", name, is)
		}
	}
	if s := asStatus([][2]string{{"Backing Filesystem", "extfs"}, {"Supports d_type", "true"}}); s != nil {
		t.Errorf("an engine's: %q", s)
	}
}

func add(key, value string) [][2]string { return append(oneMember(), [2]string{key, value}) }

// FuzzParseSwarm wants what is accepted to be what was announced, and what is
// refused to be a *StatusError.
func FuzzParseSwarm(f *testing.F) {
	for _, status := range [][][2]string{recorded(f, "swarm-1.2.9.json"), tutorial111, oneMember()} {
		content, err := json.Marshal(status)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var status [][2]string
		if json.Unmarshal(content, &status) != nil {
			t.Skip()
		}
		got, err := ParseSwarm(status)
		if err != nil {
			if !errors.As(err, new(*StatusError)) || !reflect.DeepEqual(got, Swarm{}) {
				t.Fatalf("%T %v %+v", err, err, got)
			}
			return
		}
		if got.Role == "" || got.Strategy == "" {
			t.Fatalf("%+v", got)
		}
		sameWritten(t, got)
		for _, m := range got.Members {
			if m.Addr.IsValid() && m.Advertised != "" || m.Name == "" || m.CPUs < 0 || m.Containers < 0 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
