package harness

import (
	"testing"

	"labcheck/harness/lang"
)

// TestUnreachableError: an error names the service if it is about one, and is about the
// same as another whatever is known of the failure.
func TestUnreachableError(t *testing.T) {
	e := UnreachableError{Node: "store", Service: "192.168.33.250:2375", Layer: LayerFirewall, What: lang.Text{EN: "no answer"}}
	host, again, tls, other := e, e, e, e
	host.Service, again.What, tls.Layer, other.Node = "", lang.Text{EN: "silence"}, LayerTLS, "worker01"
	for want, e := range map[string]UnreachableError{
		"store can't be reached at 192.168.33.250:2375: no answer": e,
		"store can't be reached: no answer":                        host,
	} {
		if got := e.Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if !e.IsSame(&again) || e.IsSame(&host) || e.IsSame(&tls) || e.IsSame(&other) {
		t.Error("the same is another, or another the same")
	}
}
