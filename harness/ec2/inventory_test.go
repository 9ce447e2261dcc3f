package ec2_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"labcheck/harness"
	"labcheck/harness/ec2"
)

const five = `manager: manager
nodes:
  - {name: manager, address: 10.0.0.1}
  - {name: frontend01, address: 10.0.0.2}
  - {name: frontend02, address: 10.0.0.3, port: 2376}
  - {name: worker01, address: 10.0.0.4, cpus: 2, memory: 4011036672}
  - {name: store, address: 10.0.0.5, memory: 3854600 kB}
`

func TestTopology(t *testing.T) {
	i, err := ec2.Read("f", []byte("ports: {engine: 4243, swarm: 4000}\n"+five))
	if err != nil {
		t.Fatal(err)
	}
	got := i.Topology()
	page := harness.Tutorial()
	want := []string{"10.0.0.1:4243", "10.0.0.2:4243", "10.0.0.3:2376", "10.0.0.4:4243", "10.0.0.5:4243"}
	for k, h := range got.Hosts() {
		if h.Engine().String() != want[k] || h.Name != page.Hosts()[k].Name {
			t.Errorf("host %d is %s at %s", k, h.Name, h.Engine())
		}
	}
	if got.Swarm().Port() != 4000 || got.Consul().Port() != harness.ConsulPort || got.Network != "mynet" {
		t.Errorf("Swarm at %s, Consul at %s, network %s", got.Swarm(), got.Consul(), got.Network)
	}
	worker, store := got.Members[2], got.Members[3]
	if worker.CPUs != 2 || worker.Memory != 4011036672 || !worker.Own.CPUs || !worker.Own.Memory {
		t.Errorf("worker01 is %+v", worker)
	}
	if store.CPUs != 1 || store.Memory != 3854600<<10 || store.Own.CPUs || !store.Own.Memory {
		t.Errorf("store is %+v", store)
	}
	if got.Manager.Memory != page.Manager.Memory || got.Manager.Own != (harness.Sizes{}) {
		t.Errorf("the manager's sizes are not the page's: %+v", got.Manager)
	}
}

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestTutorialIsThePage(t *testing.T) {
	got := ec2.Tutorial().Topology()
	page := harness.Tutorial()
	if diff := cmp.Diff(page.Hosts(), got.Hosts(), sameAddr); diff != "" {
		t.Error(diff)
	}
}

func TestRefused(t *testing.T) {
	more := func(s string) string { return five + s }
	tests := []struct{ name, content, want string }{
		{"nothing", "", "f: there is nothing in it"},
		{"only a comment", "# nothing\n", "f: there is nothing in it"},
		{"no YAML", "nodes: [", "f:1:8: "},
		{"an unknown field", more("region: x\n"), `f:8:1: unknown field "region"`},
		{"an unknown field of a node", more("  - {name: a, addr: 10.0.0.9}\n"), `f:8:15: unknown field "addr"`},
		{"a field twice", more("manager: store\n"), "f:8:1: "},
		{"a port too high", more("ports: {swarm: 70000}\n"), "f:8:16: "},
		{"a word for a number", more("  - {name: store2, address: 10.0.0.9, cpus: two}\n"), "f:8:45: "},
		{"two documents", more("---\nmanager: a\n"), "f: a second document"},
		{"no nodes", "manager: a\nnodes: []\n", "f:2:8: there are no nodes"},
		{"no manager among them", strings.Replace(five, "manager: manager", "manager: boss", 1), `f:1:10: the manager is "boss"; no node has that name`},
		{"no manager at all", strings.Replace(five, "manager: manager\n", "", 1), `the manager is ""`},
		{"no address", strings.Replace(five, "10.0.0.3", "host3", 1), `f:5:33: "host3", the address of frontend02, is no IP address`},
		{"one address for two", strings.Replace(five, "10.0.0.3", "10.0.0.2", 1), "f:5:33: frontend01 and frontend02 have the same address"},
		{"two of a name", strings.Replace(five, "frontend02", "frontend01", 1), "f:5:12: there are two nodes frontend01"},
		{"a name that is none", strings.Replace(five, "frontend02", "front end", 1), "can't be a node's name"},
		{"a rounded size", strings.Replace(five, "3854600 kB", "3.676 GiB", 1), `f:7:46: the memory of store: "3.676 GiB" is not an exact size`},
		{"an immense size", strings.Replace(five, "3854600 kB", "9999999999 GiB", 1), "is not an exact size"},
		{"a node the page has not", more("  - {name: store2, address: 10.0.0.9}\n"), "f:8:5: the page has no node store2"},
		{"no name of a network", more("network: my net\n"), "f:8:10: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := ec2.Read("f", []byte(test.content))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if !errors.As(err, new(*ec2.InventoryError)) {
				t.Errorf("%T is no *InventoryError", err)
			}
		})
	}
}

// TestAllThatIsWrong: everything that is wrong is told at once, in the order of the text.
func TestAllThatIsWrong(t *testing.T) {
	_, err := ec2.Read("f", []byte("manager: boss\nregion: x\nports: {swarm: high}\nnodes:\n"+
		"  - {name: manager, addr: 10.0.0.9}\n  - {name: store, address: 10.0.0.2, cpus: -1}\n"))
	if err == nil {
		t.Fatal("it can be used")
	}
	want := []string{
		`f:1:10: the manager is "boss"; no node has that name`,
		`f:2:1: unknown field "region"`,
		`f:3:16: cannot unmarshal string into Go struct field Inventory.Ports of type uint16`,
		`f:5:5: manager has no address`,
		`f:5:21: unknown field "addr"`,
		`f:6:44: store can't have -1 CPUs`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The example says all there is to say, and what is written can be read again.
func TestExample(t *testing.T) {
	i, err := ec2.Read("example.yaml", ec2.Example)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := i.Write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := ec2.Read("written", b.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if diff := cmp.Diff(i, again); diff != "" {
		t.Error(diff)
	}
	for name, content := range map[string][]byte{"example": ec2.Example, "written": b.Bytes(), "five": []byte(five)} {
		if err := schemaSays(t, content); err != nil {
			t.Errorf("the schema of %s: %v", name, err)
		}
	}
	for _, wrong := range []string{"region: x\n", "ports: {swarm: 70000}\n", "network: my net\n"} {
		if schemaSays(t, []byte(five+wrong)) == nil {
			t.Errorf("the schema takes %q", wrong)
		}
	}
}

func schemaSays(t *testing.T, content []byte) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(ec2.Schema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("inventory.schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("inventory.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(content)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(asJSON, &value); err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

// FuzzRead: whatever is read, it is refused or can be written and read again.
func FuzzRead(f *testing.F) {
	f.Add(ec2.Example)
	f.Add([]byte(five))
	f.Add([]byte("manager: &a m\nnodes: [{name: *a, address: 10.0.0.1}]\n"))
	f.Add([]byte("manager: manager\nnodes:\n- name: manager\n  address: '::1'\n  ssh: {key: \"\\x00\"}\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		i, err := ec2.Read("f", content)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := i.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := ec2.Read("written", b.Bytes())
		if err != nil {
			t.Fatalf("%v\n%q", err, b.String())
		}
		if diff := cmp.Diff(i.Topology().Hosts(), again.Topology().Hosts(), sameAddr); diff != "" {
			t.Error(diff)
		}
	})
}
