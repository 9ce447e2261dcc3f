package ec2_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

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

// refused are inventories that can't be used, and where they say what to write.
var refused = []struct{ name, content, want string }{
	{"nothing", "", "f: there is nothing in it"},
	{"only a comment", "# nothing\n", "f: there is nothing in it"},
	{"only a byte order mark", "\ufeff", "f: there is nothing in it"},
	{"null", "~\n", "f: there is nothing in it"},
	{"no YAML", "nodes: [", "f:1:8: "},
	{
		"two documents", five + "---\nmanager: a\n",
		"f:9:1: a second document after the first: write it into a file of its own",
	},
	{"a list", "- a\n", "f:1:1: want fields here: cpus, manager, memory, network, network_subnet, nodes, one_consul, ports, replicas, ssh, subnet"},
	{"no nodes", "manager: a\nnodes: []\n", "f:2:8: there are no nodes"},
	{"a mapping of nodes", "manager: a\nnodes: {a: {address: 10.0.0.1}}\n", "f:2:8: want a list here: a line - name: NAME begins each node"},

	{"Latin 1", "# caf\xe9\n" + five, "f:1:6: this is no UTF-8: save the file as UTF-8"},
	{"half of UTF-16", "\xff\xfem\x00\x00", "f:1:2: this is no UTF-8"},
	{"UTF-32", "\xff\xfe\x00\x00m\x00\x00\x00", "f:1:1: this is no UTF-8"},
	{"a control character", "# \x1b[31m\n" + five, "f:1:3: U+001B can't be in an inventory: remove this character"},
	{"a byte order mark between", five + "\ufeffnetwork: x\n", "f:8:1: U+FEFF can't be in an inventory"},
	{
		"a tab before a field", "manager: m\nports:\n\tswarm: 1\n",
		"f:3:1: found character '\t' that cannot start any token; column 1 has U+0009: write a space",
	},
	{"a wide colon", "manager\uff1a m\n" + five, "column 8 has U+FF1A: write a space or a colon there if one is meant"},
	{"a wide space", "manager:\u3000m\n" + five, "column 9 has U+3000: write a space"},
	{"after a wide character", five + "ssh: {user: 太郎, port: x}\n", `f:8:23: "x": want a number`},

	{
		"an unknown field", five + "region: x\n",
		`f:8:1: unknown field "region": the fields here are cpus, manager, memory, network, network_subnet, nodes, one_consul, ports, replicas, ssh, subnet`,
	},
	{"a misspelt field", five + "networ: x\n", `f:8:1: unknown field "networ": write network`},
	{
		"a field in other case", "Manager: manager\n" + strings.TrimPrefix(five, "manager: manager\n"),
		`f:1:1: unknown field "Manager": write manager`,
	},
	{
		"the beginning of a field", strings.Replace(five, "address: 10.0.0.1", "addr: 10.0.0.1", 1),
		`f:3:21: unknown field "addr": write address`,
	},
	{
		"an invisible character in a field", five + "\u200bnetwork: x\n",
		`f:8:1: unknown field "\u200bnetwork": write network`,
	},
	{"a field of another place", five + "user: x\n", `f:8:1: unknown field "user": write it below ssh`},
	{"fields that are no words", five + "5: x\n", `f:8:1: unknown field "5"`},
	{
		"a field twice", five + "manager: store\n",
		`f:8:1: "manager" is there twice: remove one; the other is in line 1, column 1`,
	},
	{"a field twice, with quotes", five + "\"manager\": store\n", `f:8:1: "manager" is there twice`},
	{"a value for fields", five + "ssh: ubuntu\n", "f:8:6: want fields here: key, port, user"},
	{"a word for what is true or false", five + "one_consul: yes\n", `f:8:13: "yes": want true or false`},
	{"a value for a list", five + "replicas: frontend01\n", "f:8:11: want a list here: [one, two]"},
	{"a list for a value", five + "network: [a]\n", "f:8:10: want one value here, neither a list nor fields"},
	{"a tag", five + "network: !!str a\n", "f:8:10: an inventory has no tags: remove !!str"},

	{"an alias of nothing", five + "network: *x\n", "f:8:10: no value before *x is marked with &x"},
	{"an alias before its anchor", "network: *x\n" + five + "ssh: {user: &x a}\n", "f:1:10: no value before *x"},
	{"an alias in itself", five + "ssh: &n {<<: *n}\n", "f:8:14: no value before *n"},
	{"a merge of a value", five + "ssh: {<<: 5}\n", "f:8:11: << takes fields: write <<: *NAME"},
	{"a merge of values", five + "ssh: {<<: [5]}\n", "f:8:12: << takes fields"},
	{"a field twice beside a merge", five + "ssh: {<<: {user: a}, user: b, user: c}\n", `f:8:31: "user" is there twice`},
	{
		"a merged address", "manager: m\nnodes:\n  - &m {name: m, address: 10.0.0.1, cpus: 1, memory: 1}\n  - {<<: *m, name: n}\n",
		"f:4:5: m and n have the same address",
	},

	{
		"a port too high", five + "ports: {swarm: 70000}\n",
		`f:8:16: "70000": want a number from 1 to 65535, in decimal digits and without leading zeros`,
	},
	{
		"a word for a number", five + "  - {name: store2, address: 10.0.0.9, cpus: two, memory: 1}\n",
		`f:8:45: "two": want a number`,
	},
	{"negative CPUs", strings.Replace(five, "cpus: 2", "cpus: -1", 1), `f:6:47: "-1": want a number`},
	{
		"one port for two", five + "ports: {swarm: 8500}\n",
		"f:8:8: Swarm and Consul both have port 8500 of manager: write another one",
	},
	{
		"the engine's port", strings.Replace(five, "10.0.0.1}", "10.0.0.1, port: 3375}", 1),
		"f:3:46: the engine of manager and another service both have its port 3375",
	},
	{
		"a rounded size", strings.Replace(five, "3854600 kB", "3.676 GiB", 1),
		`f:7:46: "3.676 GiB" is not an exact size`,
	},
	{"an immense size", strings.Replace(five, "3854600 kB", "9999999999 GiB", 1), "is not an exact size"},
	{"an octal size", strings.Replace(five, "3854600 kB", "010000000", 1), "is not an exact size"},
	{"no size", strings.Replace(five, "3854600 kB", "kB", 1), "is not an exact size"},

	{
		"no manager among them", strings.Replace(five, "manager: manager", "manager: boss", 1),
		`f:1:10: the manager is "boss"; no node has that name`,
	},
	{
		"a misspelt manager", strings.Replace(five, "manager: manager", "manager: Manger", 1),
		`f:1:10: the manager is "Manger"; no node has that name: write manager`,
	},
	{
		"no manager at all", strings.Replace(five, "manager: manager\n", "", 1),
		`f:1:1: no node is the manager: write manager: and the name of a node`,
	},
	{"two of a name", strings.Replace(five, "frontend02", "frontend01", 1), "f:5:12: there are two nodes frontend01"},
	{
		"two of a name in other case", strings.Replace(five, "name: frontend02, ", "name: Store, cpus: 1, memory: 1, ", 1),
		"f:7:12: Store and store differ in upper and lower case only",
	},
	{
		"a name that is none", strings.Replace(five, "frontend02", "front end", 1),
		`f:5:12: "front end" can't be a node's name: write what docker info calls it`,
	},
	{
		"the name null", strings.Replace(five, "frontend02", "null", 1),
		"f:5:12: a node has no name: write what docker info calls it; a name such as null needs quotes",
	},
	{"a node the page has not", five + "  - {name: store2, address: 10.0.0.9}\n", "f:8:5: the page has no node store2"},
	{"a node that is null", five + "  -\n", "f:8:5: want fields here"},
	{"no name of a network", five + "network: my net\n", `f:8:10: "my net" can't be a network's name`},
	{"a network of each engine", five + "network: host\n", "f:8:10: each engine has a network host of its own"},
	{"a user that is an option", five + "ssh: {user: -l}\n", `f:8:13: "-l" can't be a user's name`},
	{
		"a node outside the subnet", strings.Replace(five, "10.0.0.4", "10.0.1.4", 1) + "subnet: 10.0.0.0/24\n",
		"f:6:31: 10.0.1.4, the address of worker01, is not in the subnet 10.0.0.0/24",
	},
	{"a key over two lines", five + "ssh: {key: \"a\\nb\"}\n", `f:8:12: "a\nb" can't be a file's name`},
}

func TestRefused(t *testing.T) {
	for _, test := range refused {
		t.Run(test.name, func(t *testing.T) {
			_, err := ec2.Read("f", []byte(test.content))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if !errors.As(err, new(*ec2.InventoryError)) {
				t.Errorf("%T is no *InventoryError", err)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("it says more than one thing: %v", err)
			}
		})
	}
}

// TestNumbers: a number is taken if everybody reads it as the same one.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]uint16{
		"3999": 3999, "'3999'": 3999, `"3999"`: 3999, "65535": 65535, "1": 1, "": 3375, "~": 3375, "null": 3375,
		"0": 0, "-1": 0, "+3999": 0, "65536": 0, "017": 0, "08": 0, "'017'": 0, "0o17": 0, "0x1f": 0, "'0x1f'": 0, "0b11": 0,
		"1_000": 0, "1e3": 0, "3999.0": 0, "22:22": 0, ":22": 0, "22/tcp": 0, ".inf": 0, ".nan": 0, "yes": 0, "true": 0,
		"' 3999'": 0, "99999999999999999999": 0, "３": 0,
	} {
		i, err := ec2.Read("f", []byte("ports: {swarm: "+text+"}\n"+five))
		if got := i.Topology().Swarm().Port(); (err == nil) != (want != 0) || err == nil && got != want {
			t.Errorf("swarm: %s: %d, %v; want %d", text, got, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f:1:16: ") {
			t.Errorf("swarm: %s: %v", text, err)
		}
	}
}

// TestOneConsul: what is true is read as such, and nothing else.
func TestOneConsul(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "false": false, "": false} {
		i, err := ec2.Read("f", []byte("replicas: [frontend01]\none_consul: "+text+"\n"+five))
		if err != nil || i.Topology().OneConsul != want {
			t.Errorf("one_consul: %s: %v, %v", text, i.OneConsul, err)
		}
	}
}

// TestNames: a name is what is written, whatever else YAML takes it for.
func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"yes": "yes", "no": "no", "on": "on", "off": "off", "true": "true", "'null'": "null", "1e3": "1e3", "0x1f": "0x1f",
		"017": "017", "0o17": "0o17", "1.50": "1.50", "12": "12", "2026-11-01": "2026-11-01", "a--b.c": "a--b.c",
		"null": "", "~": "", "''": "", "1_000": "", "22:22": "", "-a": "",
		"a.": "", "' a'": "", "ノード": "", "[]": "", "{}": "",
		strings.Repeat("a", 63): strings.Repeat("a", 63), strings.Repeat("a", 64): "",
	} {
		node := "{name: " + text + ", address: 10.0.0.1, cpus: 1, memory: 1}"
		i, err := ec2.Read("f", []byte("manager: "+text+"\nnodes: ["+node+"]\n"))
		if got := i.Topology().Manager.Name; (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("name: %s: %q, %v; want %q", text, got, err, want)
		}
	}
}

// TestAddresses: an address that is taken is one by which a node's peers reach it; of
// others it is said what to write.
func TestAddresses(t *testing.T) {
	const exact, impossible = "write address: 10.0.0.11\n", "is none that a node can have"
	const name, other = "write the one that the name has", "write one such as 10.0.0.11"
	for text, want := range map[string]string{
		"10.0.0.11": "", "'10.0.0.11'": "", "10.0.0.0": "", "10.0.0.255": "", "127.0.0.2": "", "2001:db8::1": "", "'::1'": "",
		"0.0.0.0": impossible, "0.1.2.3": impossible, "255.255.255.255": impossible, "240.0.0.1": impossible,
		"224.0.0.1": impossible,
		"'::'":      impossible, "ff02::1": impossible, "fe80::1": impossible, "fe80::1%eth0": impossible,
		"host3": name, "ip-10-0-0-11.ec2.internal": name,
		"10.0.0.256": other, "10.1": other, "167772161": other, "$IP": other, "10.0.0.1.2": other,
		"'10.0.0.11, 10.0.0.12'":      other,
		"'::ffff:10.0.0.11'":          exact,
		"'::ffff:a00:b'":              exact,
		"192.168.033.11":              "write address: 192.168.33.11",
		"10.0.0.11:2375":              "write address: 10.0.0.11, port: 2375",
		"'[2001:db8::1]:2375'":        "write address: 2001:db8::1, port: 2375",
		"'[2001:db8::1]'":             "write address: 2001:db8::1",
		"10.0.0.11:22":                "write address: 10.0.0.11, ssh: {port: 22}",
		"10.0.0.11/24":                exact,
		"ubuntu@10.0.0.11":            "write address: 10.0.0.11, ssh: {user: ubuntu}",
		"tcp://10.0.0.11:2375/":       "write address: 10.0.0.11, port: 2375",
		"ssh://ubuntu@10.0.0.11:2222": "write address: 10.0.0.11, ssh: {user: ubuntu, port: 2222}",
		"' 10.0.0.11 '":               exact,
		`"10.0.0.11\n"`:               exact,
		`"10.0.0.11\u200b"`:           exact,
		"\u201c10.0.0.11\u201d":       exact,
		"'10.0.0.11;'":                exact,
		"~":                           "manager has no address: write the one that the other nodes use",
		"[10.0.0.11]":                 "want one value here",
	} {
		content := "manager: manager\nnodes:\n  - {name: manager, address: " + text + "}\n"
		i, err := ec2.Read("f", []byte(content))
		isTold := err != nil && strings.HasPrefix(err.Error(), "f:3:30: ") && strings.Contains(err.Error()+"\n", want)
		if (err == nil) != (want == "") || err != nil && !isTold {
			t.Errorf("address: %s: %v; want %q", text, err, want)
		}
		if err == nil && !i.Topology().Manager.Addr.IsValid() {
			t.Errorf("address: %s: none", text)
		}
	}
}

func TestPublicAddresses(t *testing.T) {
	const other = "write one such as 203.0.113.11 or host.example"
	for text, want := range map[string]string{
		"203.0.113.11": "", "host.example": "", "HOST": "", "a_b": "", "localhost": "", "host.example.": "", "~": "",
		"fe80::1%eth0": "",
		"2001:db8::1":  "", "3com.example": "",
		"0.0.0.0": other, "224.0.0.1": other, "1.2.3": other, "1.2.3.256": other, "12": other, "-a": other,
		"a..b": other, "'*'": other,
		"'127.0.0.1:2375'":    "write public: 127.0.0.1, port: 2375",
		"host.example:2375":   "write public: host.example, port: 2375",
		"host.example:22":     "write public: host.example, ssh: {port: 22}",
		"'[2001:db8::1]:22'":  "write public: 2001:db8::1, ssh: {port: 22}",
		"u@host.example":      "write public: host.example, ssh: {user: u}",
		"http://host.example": "write public: host.example",
		"010.1.1.1":           "write public: 10.1.1.1",
		"203.0.113.11/32":     "write public: 203.0.113.11",
		"' a'":                "write public: a",
	} {
		content := "manager: manager\nnodes:\n  - {name: manager, address: 10.0.0.11, public: " + text + "}\n"
		_, err := ec2.Read("f", []byte(content))
		isTold := err != nil && strings.HasPrefix(err.Error(), "f:3:49: ") && strings.HasSuffix(err.Error(), want)
		if (err == nil) != (want == "") || err != nil && !isTold {
			t.Errorf("public: %s: %v; want %q", text, err, want)
		}
	}
}

// TestSameAddress: two nodes are not one, however the address is spelt.
func TestSameAddress(t *testing.T) {
	for nodes, want := range map[string]string{
		"{address: 10.0.0.1}{address: 10.0.0.1}":                                                   "the same address",
		"{address: '2001:db8::1'}{address: '2001:0DB8:0::1'}":                                      "the same address",
		"{address: 10.0.0.1}{address: '::ffff:10.0.0.1'}":                                          "write address: 10.0.0.1",
		"{address: 10.0.0.1, public: a.example}{address: 10.0.0.2, public: A.example}":             "the same public address",
		"{address: 10.0.0.1, public: a.example}{address: 10.0.0.2, public: a.example, port: 2375}": "the same public address",
		"{address: 10.0.0.1, public: a.example}{address: 10.0.0.2, public: a.example, port: 2376}": "",
	} {
		a, b, _ := strings.Cut(nodes, "}{")
		content := "manager: manager\nnodes:\n  - {name: manager, " + a[1:] + "}\n  - {name: store, " + b + "\n"
		_, err := ec2.Read("f", []byte(content))
		isTold := err != nil && strings.Contains(err.Error(), want) && strings.HasPrefix(err.Error(), "f:4:")
		if (err == nil) != (want == "") || err != nil && !isTold {
			t.Errorf("%s: %v; want %q", nodes, err, want)
		}
	}
}

// TestSpellings: one inventory in all ways in which people write files.
func TestSpellings(t *testing.T) {
	want, err := ec2.Read("f", []byte(five))
	if err != nil {
		t.Fatal(err)
	}
	in := func(order binary.AppendByteOrder, text string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
	asJSON, err := yaml.YAMLToJSON([]byte(five))
	if err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, asJSON, "", "\t"); err != nil {
		t.Fatal(err)
	}
	const frontend01, merged = "{name: frontend01, address: 10.0.0.2}", "{<<: *m, name: frontend01, address: 10.0.0.2}"
	marked := strings.Replace(strings.Replace(five, "- {name: manager", "- &m {name: manager", 1), frontend01, merged, 1)
	for name, content := range map[string]string{
		"a byte order mark":           "\ufeff" + five,
		"UTF-16, little end first":    in(binary.LittleEndian, "\ufeff"+five),
		"UTF-16, big end first":       in(binary.BigEndian, "\ufeff# \U0001F433 クラスタ\n"+five),
		"UTF-16 without a mark":       in(binary.LittleEndian, five),
		"big UTF-16 without a mark":   in(binary.BigEndian, five),
		"CR LF":                       strings.ReplaceAll(five, "\n", "\r\n"),
		"CR":                          strings.ReplaceAll(five, "\n", "\r"),
		"tabs before line ends":       strings.ReplaceAll(five, "\n", "\t\n"),
		"a directive":                 "%YAML 1.2\n---\n" + five,
		"ends of documents":           "---\n" + five + "...\n---\n# end\n",
		"JSON":                        string(asJSON),
		"JSON with tabs":              pretty.String(),
		"a merge":                     marked,
		"a merge at the end":          strings.Replace(marked, merged, "{name: frontend01, address: 10.0.0.2, <<: *m}", 1),
		"a merge of a list":           strings.Replace(marked, "<<: *m", "<<: [*m, *m]", 1),
		"a merge of what has a merge": strings.NewReplacer("- {<<", "- &n {<<", "- {name: frontend02", "- {<<: *n, name: frontend02").Replace(marked),
		"a merge in a block":          strings.Replace(marked, merged, "<<: *m\n    name: frontend01\n"+"    address: 10.0.0.2", 1),
		"an alias of a name":          strings.NewReplacer("manager: manager", "manager: &m manager", "{name: manager", "{name: *m").Replace(five),
	} {
		got, err := ec2.Read("f", []byte(content))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// TestMergeTakesTheFirst: a node's own field is before a merged one, and of a list the
// first mapping that has it counts (yaml.org/type/merge.html).
func TestMergeTakesTheFirst(t *testing.T) {
	i, err := ec2.Read("f", []byte("manager: a\nnodes:\n"+
		"  - &a {name: a, address: 10.0.0.1, cpus: 1, memory: 1, ssh: {user: a}}\n"+
		"  - &b {name: b, address: 10.0.0.2, cpus: 2, memory: 2, port: 2222}\n"+
		"  - {<<: [*b, *a], name: c, address: 10.0.0.3, memory: 3}\n"))
	want := ec2.Node{Name: "c", Address: "10.0.0.3", CPUs: 2, Memory: "3", Port: 2222, SSH: ec2.Login{User: "a"}}
	if err != nil || len(i.Nodes) != 3 || !reflect.DeepEqual(i.Nodes[2], want) {
		t.Errorf("%+v, %v; want %+v", i.Nodes, err, want)
	}
}

// TestManyMerges: what is merged again and again is read once.
func TestManyMerges(t *testing.T) {
	content := "manager: m\nnodes:\n  - &n0 {name: m, address: 10.0.0.1, cpus: 1, memory: 1}\n"
	for i := range 60 {
		content += fmt.Sprintf("  - &n%d {<<: [*n%d, *n%d], name: m%[1]d, address: 10.0.1.%[1]d}\n", i+1, i, i)
	}
	if i, err := ec2.Read("f", []byte(content)); err != nil || len(i.Nodes) != 61 {
		t.Errorf("%d nodes, %v", len(i.Nodes), err)
	}
}

// TestAllThatIsWrong: everything that is wrong is told at once, in the order of the text.
func TestAllThatIsWrong(t *testing.T) {
	_, err := ec2.Read("f", []byte("manager: boss\nregion: x\nports: {swarm: high}\nmanager: x\nnodes:\n"+
		"  - {name: manager, address: 10.0.0.9/8}\n  - {name: store, addrex: 10.0.0.2, cpus: -1}\n  - {}\n  - 5\n"))
	if err == nil {
		t.Fatal("it can be used")
	}
	want := []string{
		`f:2:1: unknown field "region": the fields here are cpus, manager, memory, network, network_subnet, nodes, one_consul, ports, replicas, ssh, subnet`,
		`f:3:16: "high": want a number from 1 to 65535, in decimal digits and without leading zeros`,
		`f:4:1: "manager" is there twice: remove one; the other is in line 1, column 1`,
		`f:6:30: "10.0.0.9/8", the address of manager, is no plain IP address: write address: 10.0.0.9`,
		`f:7:19: unknown field "addrex": write address`,
		`f:7:43: "-1": want a number from 1 to 65535, in decimal digits and without leading zeros`,
		`f:8:5: a node has no name: write what docker info calls it; a name such as null needs quotes`,
		`f:8:5: nodes[2] has no address: write the one that the other nodes use`,
		`f:9:5: want fields here: address, cpus, engine_flags, labels, memory, name, port, public, ssh`,
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

// FuzzRead: whatever is read, it is refused, with a place in the text if there is any,
// or it is one inventory for all: it can be written and read again, and its schema
// takes it.
func FuzzRead(f *testing.F) {
	f.Add(ec2.Example)
	f.Add([]byte(five))
	f.Add([]byte("manager: &a m\nnodes: [{name: *a, address: 10.0.0.1}]\n"))
	f.Add([]byte("manager: manager\nnodes:\n- name: manager\n  address: '::1'\n  ssh: {key: \"\\x00\"}\n"))
	f.Add([]byte("manager: manager\nnodes:\n- &a {<<: {cpus: 2}, name: manager, address: 10.0.0.1}\n" +
		"- {<<: [*a], name: store, address: 10.0.0.2}\n"))
	for _, r := range refused {
		f.Add([]byte(r.content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		i, err := ec2.Read("f", content)
		if err != nil {
			checkPlaces(t, err, content)
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
		if diff := cmp.Diff(i, again); diff != "" {
			t.Error(diff)
		}
		if err := schemaSays(t, b.Bytes()); err != nil {
			t.Errorf("%v\n%s", err, b.String())
		}
	})
}

// checkPlaces checks that an error's places are in the text.
func checkPlaces(t *testing.T, err error, content []byte) {
	t.Helper()
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // of errors.Join
		all = joined.Unwrap()
	}
	for _, err := range all {
		var e *ec2.InventoryError
		if !errors.As(err, &e) {
			t.Fatalf("%T: %v", err, err)
		}
		if e.Line < 0 || e.Line > len(content)+1 || e.Line > 0 && e.Column < 1 {
			t.Errorf("%v: no such place in %q", err, content)
		}
	}
}
