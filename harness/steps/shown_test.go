package steps

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"unicode"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"
	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// fakeNode answers every command alike and notes what was run.
type fakeNode struct {
	host    harness.Host
	stdout  string
	code    int
	scripts []string
}

func (n *fakeNode) Name() string     { return n.host.Name }
func (n *fakeNode) Addr() netip.Addr { return n.host.Addr }

func (n *fakeNode) Exec(_ context.Context, argv ...string) (harness.Result, error) {
	n.scripts = append(n.scripts, argv[len(argv)-1])
	r := harness.Result{Node: n.host.Name, Argv: argv, Stdout: n.stdout, ExitCode: n.code}
	return r, r.Err()
}

func (n *fakeNode) Dial(context.Context, uint16) (net.Conn, error) {
	return nil, errors.New("nothing is to be dialled")
}

// fakeWorld has the recorded outputs' topology, and one node to type on.
func fakeWorld(t *testing.T) (*testWorld, *fakeNode) {
	t.Helper()
	topology, err := harness.Tutorial().In(netip.MustParsePrefix("192.168.37.0/24"))
	if err != nil {
		t.Fatal(err)
	}
	var nodes []harness.Node
	for _, h := range topology.Hosts() {
		nodes = append(nodes, &fakeNode{host: h})
	}
	w := newWorld(t, topology, nodes)
	if err := w.openTerminal("manager"); err != nil {
		t.Fatal(err)
	}
	return w, nodes[0].(*fakeNode)
}

func doc(lines string) *godog.DocString { return &messages.PickleDocString{Content: lines} }

func TestTerminalKeepsExports(t *testing.T) {
	w, n := fakeWorld(t)
	const export = `export DOCKER_HOST="tcp://192.168.33.11:3375"`
	for _, lines := range []string{"docker ps", export + "\ndocker info\n", export, "docker network ls"} {
		if err := w.openTerminal("manager"); err != nil { // the same one
			t.Fatal(err)
		}
		if err := w.typeLines(t.Context(), doc(lines)); err != nil {
			t.Fatal(err)
		}
	}
	const here = `export DOCKER_HOST="tcp://192.168.37.11:3375"`
	want := []string{"docker ps", here, here + "\ndocker info", here, here + "\ndocker network ls"}
	if diff := cmp.Diff(want, n.scripts); diff != "" {
		t.Errorf("scripts (-want +got):\n%s", diff)
	}
	if got := len(w.takeCommands()); got != 5 {
		t.Errorf("%d commands are in the evidence", got)
	}
	if got := len(w.takeCommands()); got != 0 {
		t.Errorf("%d commands are there twice", got)
	}
}

func TestTerminalFailsWithTheCommand(t *testing.T) {
	w, n := fakeWorld(t)
	n.code, n.stdout = 125, "Conflict"
	err := w.typeLines(t.Context(), doc("docker run -d swarm"))
	var m *harness.Mismatch
	if !errors.As(err, &m) || m.Seen != "exit code 125: Conflict" || len(w.takeCommands()) != 1 {
		t.Errorf("%v", err)
	}
	if err := w.openTerminal("nowhere"); err == nil {
		t.Error("a terminal on a host that is not there")
	}
}

func TestHere(t *testing.T) {
	w, _ := fakeWorld(t)
	for in, want := range map[string]string{
		"tcp://192.168.33.11:3375":              "tcp://192.168.37.11:3375",
		"192.168.33.20:2375 192.168.33.200":     "192.168.37.20:2375 192.168.37.200",
		"192.168.33.99 is nobody's":             "192.168.33.99 is nobody's",
		"1192.168.33.11 or 192.168.33.110 or 0": "1192.168.33.11 or 192.168.33.110 or 0",
	} {
		if got := w.here(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestShown has the sentences judge recorded outputs, and the same outputs made
// false: each must then say what was expected and seen.
func TestShown(t *testing.T) {
	tests := []struct {
		output string
		judge  func(*testWorld) error
		breaks []string // pairs: what is replaced, by what
	}{
		{output: "networks-with-mynet", judge: func(w *testWorld) error { return w.listsNetworkAmong(13, "mynet", "overlay") }, breaks: []string{
			"overlay", "bridge ", "mynet", "my_ne", recorded(t, "networks-with-mynet"), recorded(t, "networks-cluster"), "store/none ", "mynet      ",
		}},
	}
	for _, tt := range tests {
		w, n := fakeWorld(t)
		judge := func(out string) error {
			n.stdout = out
			if err := w.typeLines(t.Context(), doc("docker")); err != nil {
				t.Fatal(err)
			}
			return tt.judge(w)
		}
		out := recorded(t, tt.output)
		if err := judge(out); err != nil {
			t.Errorf("%s: %v", tt.output, err)
		}
		if err := w.listsNetworkAmong(12, "mynet", "overlay"); !errors.As(err, new(*harness.Mismatch)) {
			t.Errorf("%s: one too many: %v", tt.output, err)
		}
		for i := 0; i < len(tt.breaks); i += 2 {
			broken := strings.Replace(out, tt.breaks[i], tt.breaks[i+1], 1)
			if broken == out {
				t.Errorf("%s has no %q to break", tt.output, tt.breaks[i])
			}
			for _, w.lang = range []lang.Language{lang.English, lang.Japanese} {
				var m *harness.Mismatch
				err := judge(broken)
				if !errors.As(err, &m) || m.Expected == "" || m.Seen == "" || isJapanese(m.What) != (w.lang == lang.Japanese) {
					t.Errorf("%s with %.40q instead of %.40q: %v", tt.output, tt.breaks[i+1], tt.breaks[i], err)
				}
			}
		}
	}
}

func isJapanese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) })
}

func TestSpreadEvenly(t *testing.T) {
	even := []counts{{"frontend01": 1, "frontend02": 1, "worker01": 1, "store": 1}}
	step := func(c counts, host string) counts {
		next := counts{}
		for h, n := range c {
			next[h] = n
		}
		next[host]++
		return next
	}
	place := func(start counts, hosts ...string) []counts {
		all := []counts{start}
		for _, h := range hosts {
			all = append(all, step(all[len(all)-1], h))
		}
		return all
	}
	uneven := counts{"frontend01": 5, "frontend02": 1, "worker01": 1, "store": 1}
	for name, tt := range map[string]struct {
		counts []counts
		wrong  string
	}{
		"one each":              {place(even[0], "store", "frontend01", "worker01", "frontend02"), ""},
		"packed":                {place(even[0], "store", "store"), "container 2: to store with 2"},
		"the full one left out": {place(uneven, "store", "frontend02", "worker01", "store"), ""},
		"the full one taken":    {place(uneven, "frontend01"), "container 1: to frontend01 with 5"},
	} {
		w, _ := fakeWorld(t)
		w.counts = tt.counts
		err := w.spreadEvenly()
		number, _, _ := strings.Cut(tt.wrong, ":")
		if (err == nil) != (tt.wrong == "") || err != nil && (!strings.Contains(err.Error(), tt.wrong) ||
			!strings.Contains(err.Error(), number+": to a node with 1")) {
			t.Errorf("%s: %v, want %q", name, err, tt.wrong)
		}
	}
}
