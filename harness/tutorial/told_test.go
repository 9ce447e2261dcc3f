package tutorial

import (
	"errors"
	"net/netip"
	"testing"

	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
)

// TestTold: who was told of what, and of what only others were.
func TestTold(t *testing.T) {
	addr := netip.MustParseAddr
	former := func(left bool) enginetest.Heard {
		return enginetest.Heard{Endpoint: "former", Addr: "10.0.0.2", Host: "frontend02", Left: left}
	}
	for name, test := range map[string]struct {
		breaks func(*enginetest.Cluster)
		want   error
	}{
		"all":           {func(*enginetest.Cluster) {}, nil},
		"not of one":    {func(f *enginetest.Cluster) { f.Hosts["frontend01"].Untold = []string{"10.0.0.2"} }, &UntoldError{"frontend01", addr("10.0.0.2"), "store"}},
		"not of itself": {func(f *enginetest.Cluster) { f.Hosts["store"].Untold = []string{"10.0.0.2"} }, nil},
		"of one elsewhere": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Untold = []string{"10.0.0.2"}
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)}
		}, &UntoldError{"worker01", addr("10.0.0.2"), "store"}},
		"of one that nobody knows to be gone": {func(f *enginetest.Cluster) { f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)} }, nil},
		"of one that others know to be gone": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false)}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, &UntoldError{"worker01", addr("10.0.0.2"), "store"}},
		"of one and that it is gone": {func(f *enginetest.Cluster) {
			f.Hosts["worker01"].Heard = []enginetest.Heard{former(false), former(true)}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, nil},
		"of another address's that is gone": {func(f *enginetest.Cluster) {
			e := former(false)
			e.Addr = "10.0.0.9"
			f.Hosts["worker01"].Heard = []enginetest.Heard{e}
			f.Hosts["manager"].Heard = []enginetest.Heard{former(true)}
		}, nil},
		"nobody can be asked": {func(f *enginetest.Cluster) { f.Hosts["worker01"].Off = true }, engine.ErrRefused},
	} {
		_, c := fake(t, performed(func(f *enginetest.Cluster) {
			attach(f, "store", "10.0.0.2")
			attach(f, "manager", "10.0.0.3")
			test.breaks(f)
		}))
		err := Told(t.Context(), c, map[netip.Addr]string{addr("10.0.0.2"): "store", addr("10.0.0.3"): "manager"})
		var got, want *UntoldError
		switch {
		case errors.As(test.want, &want):
			if !errors.As(err, &got) || *got != *want || !errors.Is(Awaited(err), err) {
				t.Errorf("%s: %v, not %v", name, err, want)
			}
		case !errors.Is(err, test.want) || Awaited(err) != nil:
			t.Errorf("%s: %v, not %v", name, err, test.want)
		}
	}
}

func attach(f *enginetest.Cluster, host, addr string) {
	h := f.Hosts[host]
	h.Containers = append(h.Containers, &enginetest.Container{ID: addr, Name: "on-" + host, Networks: map[string]string{"mynet": addr}})
}

// TestAwaited: it is waited for what engines were not told yet, and not for what
// can't be known.
func TestAwaited(t *testing.T) {
	f, c := fake(t, performed(func(f *enginetest.Cluster) {
		attach(f, "store", "10.0.0.2")
		f.Hosts["manager"].Untold = []string{"10.0.0.2"}
	}))
	at := map[netip.Addr]string{netip.MustParseAddr("10.0.0.2"): "store"}
	if err := Awaited(Told(t.Context(), c, at)); err == nil {
		t.Error("an engine that was not told is not waited for")
	}
	f.Change(func() { f.Hosts["manager"].Untold = nil })
	if err := Told(t.Context(), c, at); err != nil {
		t.Error(err)
	}
	f.Change(func() { f.Hosts["manager"].Off = true })
	if err := Told(t.Context(), c, at); err == nil || Awaited(err) != nil {
		t.Errorf("an engine that is off: %v", err)
	}
}
