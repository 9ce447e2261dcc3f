package tutorial

import (
	"flag"
	"io"
	"path"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/engine"
)

// Call is a call of Swarm's program, whichever of its forms it was typed in.
type Call struct {
	Command     string // manage, join, …; the long name
	Discovery   string // without a slash at its end
	Advertise   string
	Strategy    string // of manage
	Listens     string // the port of manage
	Replication bool   // of manage
	// Err is why the program refuses the call; nil if it does not.
	Err error
}

// swarmCommands are the long names of Swarm's commands, by the short ones.
var swarmCommands = map[string]string{"m": "manage", "j": "join", "c": "create", "l": "list"}

// CallOf returns what a container has told Swarm's program; ok is false if that is not
// what it runs. Of a container that was listed, not inspected, the environment is
// unknown.
func CallOf(c engine.Container) (call Call, ok bool) {
	words := strings.Fields(c.Command)
	if len(c.Args) > 0 {
		program := append(words, "swarm")[0]
		words = append([]string{program}, strings.Fields(strings.Join(c.Args, " "))...)
	}
	at := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(path.Base(w), "swarm") })
	if at < 0 {
		return call, false
	}
	call = Call{Advertise: c.Env["SWARM_ADVERTISE"], Strategy: "spread", Listens: portOf(c.Env["SWARM_HOST"])}
	rest := call.parseGlobalFlags(words[at+1:])
	if len(rest) == 0 {
		return call, false
	}
	call.Command = rest[0]
	if long, isShort := swarmCommands[rest[0]]; isShort {
		call.Command = long
	}
	left := call.parseFlags(rest[1:])
	call.Discovery = c.Env["SWARM_DISCOVERY"]
	if len(left) == 1 {
		call.Discovery = left[0]
	}
	call.Discovery = strings.TrimRight(call.Discovery, "/")
	return call, true
}

// parseGlobalFlags reads the flags before the command: docker/swarm 1.2.9, cli/cli.go.
func (c *Call) parseGlobalFlags(words []string) (rest []string) {
	set := flag.NewFlagSet("swarm", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	ignore(set, "log-level", "l")
	ignoreBool(set, "debug", "experimental")
	c.Err = set.Parse(words)
	return set.Args()
}

// parseFlags reads the flags of a command: docker/swarm 1.2.9, cli/flags.go. Arguments
// may stand before the flags, and then not behind them: its cli library puts them
// there (urfave/cli 1.18.1, command.go).
func (c *Call) parseFlags(words []string) (rest []string) {
	set := flag.NewFlagSet("swarm", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, name := range []string{"advertise", "addr"} {
		set.StringVar(&c.Advertise, name, c.Advertise, "")
	}
	ignore(set, "heartbeat", "discovery-opt")
	if c.Command == "join" {
		ignore(set, "ttl", "delay")
	} else {
		c.defineManageFlags(set)
	}
	first := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") && w != "-" })
	if first > 0 {
		words = slices.Concat(words[first:], words[:first])
	}
	if err := set.Parse(words); c.Err == nil {
		c.Err = err
	}
	return set.Args()
}

func (c *Call) defineManageFlags(set *flag.FlagSet) {
	set.StringVar(&c.Strategy, "strategy", c.Strategy, "")
	set.BoolVar(&c.Replication, "replication", false, "")
	for _, name := range []string{"host", "H"} {
		set.Func(name, "", func(at string) error { c.Listens = portOf(at); return nil })
	}
	ignore(set, "filter", "f", "replication-ttl", "tlscacert", "tlscert", "tlskey",
		"engine-refresh-min-interval", "engine-refresh-max-interval", "engine-failure-retry", "engine-refresh-retry",
		"cluster-driver", "c", "cluster-opt", "container-name-refresh-filter")
	ignoreBool(set, "tls", "tlsverify", "api-enable-cors", "cors", "refresh-on-node-filter")
}

// ignore defines flags that have a value which does not matter here.
func ignore(set *flag.FlagSet, names ...string) {
	for _, name := range names {
		set.String(name, "", "")
	}
}

func ignoreBool(set *flag.FlagSet, names ...string) {
	for _, name := range names {
		set.Bool(name, false, "")
	}
}

// portOf returns the port of an address such as tcp://0.0.0.0:2375 or :2375.
func portOf(at string) string { return at[strings.LastIndexByte(at, ':')+1:] }

// DiscoveryIn returns the discovery with the address of a topology's host in place of
// its name.
func (c Call) DiscoveryIn(t harness.Topology) string {
	scheme, rest, ok := strings.Cut(c.Discovery, "://")
	at, path, hasPath := strings.Cut(rest, "/")
	for _, h := range t.Hosts() {
		name, port, _ := strings.Cut(at, ":")
		if name, _, _ = strings.Cut(name, "."); ok && strings.EqualFold(name, h.Name) {
			at = h.Addr.String() + ":" + port
		}
	}
	if hasPath {
		path = "/" + path
	}
	return scheme + "://" + at + path
}

// isSame reports whether another call has Swarm do the same.
func (c Call) isSame(other Call) bool {
	c.Listens, other.Listens = "", "" // which a published port makes up for
	if c.Command != "join" && !c.Replication {
		c.Advertise = other.Advertise // only a replica advertises itself
	}
	return c == other
}

// Names reports whether HOST:PORT, as a container was told it, is the engine of a
// host: by its address, or by its name, which Swarm looks up.
func Names(at string, h harness.Host) bool {
	return at == h.Engine().String() || engine.NamesHost(at, h)
}

// pathBelow returns the path of a discovery below an address without one: what
// follows consul://192.168.33.11:8500/.
func pathBelow(discovery, root string) (path string, ok bool) {
	root = strings.TrimRight(root, "/")
	if discovery == root {
		return "", true
	}
	return strings.CutPrefix(discovery, root+"/")
}
