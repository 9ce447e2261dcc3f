package sim

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// findTopology returns the topology of a lab: the one that it was made with, or else
// the wanted one, on the requested subnet if that is valid.
func findTopology(
	ctx context.Context, o labObjects, wanted *harness.Topology, requested netip.Prefix,
) (harness.Topology, error) {
	bridge, err := o.findBridge(ctx)
	if err != nil && !errors.Is(err, harness.ErrNoNodes) {
		return harness.Topology{}, err
	}
	exists := err == nil
	if exists && wanted == nil && (!requested.IsValid() || requested.Masked() == bridge.subnet) {
		return bridge.readTopology()
	}
	t, err := placeTopology(wanted, requested)
	if err != nil {
		return t, &TopologyError{err}
	}
	if exists {
		err = subnetRequest{objects: o, topology: t}.checkSame(bridge)
	}
	return t, err
}

// placeTopology returns the wanted topology, or else the tutorial's, on a subnet: the
// requested one if that is valid, or else its own, or else the narrowest.
func placeTopology(wanted *harness.Topology, requested netip.Prefix) (t harness.Topology, err error) {
	t = harness.Tutorial()
	if wanted != nil {
		t = *wanted
	}
	if !t.Subnet.IsValid() {
		t, err = t.Around()
	}
	if err == nil && requested.IsValid() {
		t, err = t.In(requested)
	}
	return t, err
}

// recordTopology returns the value of labelTopology; it is empty for the tutorial's
// topology, on whichever subnet.
func recordTopology(t harness.Topology) string {
	if plain, err := harness.Tutorial().In(t.Subnet); err == nil && reflect.DeepEqual(t, plain) {
		return ""
	}
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // it has neither channels nor functions
	}
	return string(text)
}

// readTopology returns the topology that a lab was made with.
func (b labBridge) readTopology() (t harness.Topology, err error) {
	if b.topology == "" {
		return harness.Tutorial().In(b.subnet)
	}
	if err := json.Unmarshal([]byte(b.topology), &t); err != nil {
		return t, lang.Errorf("label %s of the lab's network: %w", labelTopology, err)
	}
	return t, nil
}

// TopologyError reports a topology that a lab can't have.
type TopologyError struct{ Err error }

func (e *TopologyError) Error() string { return e.In(lang.English) }
func (e *TopologyError) Unwrap() error { return e.Err }

// In returns the text in a language.
func (e *TopologyError) In(l lang.Language) string { return l.Error(e.Err) }

// OtherHostsError reports that the lab was made with another topology than the
// requested one.
type OtherHostsError struct{ Lab string }

func (e *OtherHostsError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *OtherHostsError) In(l lang.Language) string {
	return l.Say("lab %s was made with other hosts", e.Lab)
}

// HintIn implements harness.Hinter.
func (e *OtherHostsError) HintIn(l lang.Language) string {
	return l.Say("leave --inventory and --nodes out, or name another lab with --lab")
}

// checkSame returns an error if a bridge is not of the requested topology.
func (r subnetRequest) checkSame(bridge labBridge) error {
	switch {
	case bridge.subnet != r.topology.Subnet:
		return onOtherSubnet(r.objects.lab, r.topology.Subnet, bridge)
	case bridge.topology != recordTopology(r.topology):
		return &OtherHostsError{r.objects.lab}
	}
	return nil
}
