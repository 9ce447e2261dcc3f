package tutorial

import (
	"fmt"
	"net/netip"
	"testing"

	"labcheck/harness/internal/enginetest"
)

// TestCheckTold: who was told of what, and of what only others were.
func TestCheckTold(t *testing.T) {
	former := func(left bool) enginetest.Heard {
		return enginetest.Heard{Endpoint: "former", Addr: "10.0.0.2", Host: "frontend02", Left: left}
	}
	for name, test := range map[string]struct {
		breaks func(*enginetest.Cluster)
		untold string // the host whose engine was not told of the container on store
	}{
		"all":           {func(*enginetest.Cluster) {}, ""},
		"not of one":    {func(f *enginetest.Cluster) { f.Hosts["frontend01"].Untold = []string{"10.0.0.2"} }, "frontend01"},
		"not of itself": {func(f *enginetest.Cluster) { f.Hosts["store"].Untold = []string{"10.0.0.2"} }, ""},
		"of one elsewhere": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Untold = []string{"10.0.0.2"}
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)}
		}, "worker01"},
		"of one that nobody knows to be gone": {func(f *enginetest.Cluster) { f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)} }, ""},
		"of one that others know to be gone": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, "worker01"},
		"of one and that it is gone": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false), former(true)}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, ""},
		"of another address's that is gone": {func(f *enginetest.Cluster) {
			e := former(false)
			e.Addr = "10.0.0.9"
			f.Hosts["worker01"].Heard = []enginetest.Heard{e}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, ""},
		"nobody can be asked": {func(f *enginetest.Cluster) { f.Hosts["worker01"].Off = true }, ""},
	} {
		_, c := fake(t, performed(func(f *enginetest.Cluster) {
			attach(f, "store", "10.0.0.2")
			attach(f, "manager", "10.0.0.3")
			test.breaks(f)
		}))
		want := "<nil>"
		if test.untold != "" {
			want = "the engine of " + test.untold + " has not received the endpoint event of 10.0.0.2 on store yet"
		}
		at := map[netip.Addr]string{netip.MustParseAddr("10.0.0.2"): "store", netip.MustParseAddr("10.0.0.3"): "manager"}
		if got := fmt.Sprint(CheckTold(t.Context(), c, at)); got != want {
			t.Errorf("%s: %s, not %s", name, got, want)
		}
	}
}

func attach(f *enginetest.Cluster, host, addr string) {
	h := f.Hosts[host]
	h.Containers = append(h.Containers, &enginetest.Container{ID: addr, Name: "on-" + host, Networks: map[string]string{"mynet": addr}})
}
