package sim

import (
	"cmp"
	"encoding/json"
	"reflect"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// findTopology returns the topology of a lab: the one that it was made with, or else
// the wanted one. It returns an error if both are there and differ, unless the lab is only to
// be removed. Without a lab, bridge is nil.
func findTopology(bridge *labBridge, wanted Options) (harness.Topology, error) {
	exists := bridge != nil
	if exists && wanted.Removing {
		return bridge.readTopology()
	}
	if exists && (!wanted.Subnet.IsValid() || wanted.Subnet.Masked() == bridge.subnet) {
		wanted.Subnet = bridge.subnet
		if wanted.Topology == nil && wanted.Hosts == 0 {
			return bridge.readTopology()
		}
	}
	t, err := wanted.newTopology()
	if err != nil {
		return t, harness.WithSetting(err, lang.Text{})
	}
	if exists {
		err = bridge.checkSame(wanted.Lab, t)
	}
	return t, err
}

// newTopology returns the topology of a lab that is to be made: the wanted one, or else
// the tutorial's, on the wanted subnet, or else on its own or the narrowest.
func (o Options) newTopology() (t harness.Topology, err error) {
	t = harness.Tutorial()
	switch {
	case o.Hosts != 0 && o.Subnet.IsValid():
		return harness.Numbered(o.Hosts, o.Subnet)
	case o.Hosts != 0:
		return harness.Numbered(o.Hosts, t.Subnet)
	case o.Topology != nil && len(o.Topology.Members) == 0:
		return t, lang.Errorf("there is only the manager: a lab has hosts that join it, too")
	case o.Topology != nil:
		t = *o.Topology
	}
	if !t.Subnet.IsValid() {
		t, err = t.Around()
	}
	if err != nil {
		return t, err
	}
	return t.In(cmp.Or(o.Subnet, t.Subnet))
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

// checkSame returns an error unless a lab with the bridge was made with a topology.
func (b labBridge) checkSame(lab string, t harness.Topology) error {
	switch {
	case b.subnet != t.Subnet:
		return newSubnetError(
			t.Subnet, lang.Textf("lab %s is running on %s", lab, b.subnet),
			lang.Text{EN: "leave --subnet out, or name another lab with --lab"},
		)
	case b.topology != recordTopology(t):
		return harness.WithHint(
			lang.Errorf("lab %s was made with other hosts", lab),
			lang.Textf("remove it first (labcheck down --lab %s), leave --inventory and --nodes out, "+
				"or name another lab with --lab", lab),
		)
	}
	return nil
}
