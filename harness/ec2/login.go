package ec2

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"net"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// SSH says how one logs in on nodes: by the installed OpenSSH client. What is empty
// here is taken from the inventory, and then from ssh's own configuration.
type SSH struct {
	// Jump is the host through which all nodes are reached: the name of a node, or
	// a destination as ssh takes it, behind other hosts if they come before it,
	// with commas. If it is empty nodes are dialled directly.
	Jump string
	User string
	Key  string // a file
	// Warn receives what a person must know of a login that went well. May be nil.
	Warn func(error)
	// Interact lets ssh ask a person on the terminal while do runs; nil if there is
	// nobody.
	Interact func(do func() error) error
}

// JumpError reports a jump host that ssh would not take.
type JumpError struct {
	Jump string
	What lang.Text
}

func (e *JumpError) Error() string { return e.In(lang.English) }

// In returns the message in a language.
func (e *JumpError) In(l lang.Language) string {
	return l.Say("jump host %q: %s; want a node's name, [user@]host[:port] or ssh://[user@]host[:port]", e.Jump, e.What)
}

// destination is what ssh takes as one, in its parts.
type destination struct {
	hops string // of -J
	host string
	Login
}

// parseJump reads a jump host.
func parseJump(jump string) (destination, error) {
	wrong := func(format string, args ...any) (destination, error) {
		return destination{}, &JumpError{jump, lang.Textf(format, args...)}
	}
	var d destination
	last := jump
	if i := strings.LastIndexByte(jump, ','); i >= 0 {
		d.hops, last = jump[:i], jump[i+1:]
		for hop := range strings.SplitSeq(d.hops, ",") {
			if _, err := parseJump(hop); err != nil {
				return destination{}, err
			}
		}
	}
	last = strings.TrimSuffix(strings.TrimPrefix(last, "ssh://"), "/")
	if i := strings.LastIndexByte(last, '@'); i >= 0 {
		d.User, last = last[:i], last[i+1:]
		if d.User == "" {
			return wrong("the user is empty")
		}
	}
	d.host = strings.Trim(last, "[]")
	if host, port, err := net.SplitHostPort(last); err == nil {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return wrong("%q is no port", port)
		}
		d.host, d.Port = host, uint16(n)
	}
	if d.host == "" || strings.HasPrefix(d.host, "-") || strings.ContainsAny(d.host, " \t/") {
		return wrong("%q is no host", d.host)
	}
	return d, nil
}

// route is how ssh gets to a host.
type route struct {
	options []string // of ssh, on the command line
	to      string   // the destination
	// What ssh makes of that, with its configuration:
	user    string // empty if nothing says it
	host    string
	port    uint16
	addr    string // host:port
	keyName string // under which known_hosts has the host's key
	trusts  bool   // a host key that is not known, without asking
}

// unsaidUser is the user if ssh's configuration has none.
const unsaidUser = "labcheck-unsaid"

// findRoute asks ssh how it gets to a host. A node goes by its name if ssh's
// configuration has a host or a user for that, and else by its address. The error is
// a *harness.UnreachableError.
func (h *sshHost) findRoute() (route, error) {
	if err := h.checkSSHInstalled(); err != nil {
		return route{}, err
	}
	options := h.login.options(h.hops)
	if h.address == "" {
		return h.querySSH(options, h.name)
	}
	named, err := h.querySSH(nil, h.name)
	hasHost := !strings.EqualFold(named.host, h.name)
	switch {
	case err != nil:
		return route{}, err
	case !hasHost && named.user == "":
		return h.querySSH(options, h.address)
	case !hasHost || h.via != nil:
		options = append(options, "-o", "HostName="+h.address)
	}
	return h.querySSH(options, h.name)
}

// checkSSHInstalled returns an error if this machine has no OpenSSH that can share a login.
func (h *sshHost) checkSSHInstalled() error {
	e := &harness.UnreachableError{Node: h.name, Layer: harness.LayerSSH}
	_, e.Err = exec.LookPath("ssh")
	switch {
	case runtime.GOOS == "windows":
		e.What, e.Hint = lang.Textf("OpenSSH for Windows can't share a login"), lang.Textf("run labcheck in WSL")
	case e.Err != nil:
		e.What, e.Hint = lang.Textf("ssh is not installed here"), lang.Verbatim("apt-get install openssh-client")
	default:
		return nil
	}
	return e
}

// options returns the login as options of ssh.
func (l Login) options(hops string) []string {
	var options []string
	if hops != "" {
		options = append(options, "-J", hops)
	}
	if l.Key != "" {
		options = append(options, "-i", l.Key)
	}
	if l.Port != 0 {
		options = append(options, "-p", strconv.Itoa(int(l.Port)))
	}
	if l.User != "" {
		options = append(options, "-l", l.User)
	}
	return options
}

// userConfiguration is ssh's own configuration, and after it a user, who is taken if
// it says none.
const userConfiguration = "Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\nHost *\n\tUser " + unsaidUser + "\n"

// querySSH has ssh say what it makes of a destination.
func (h *sshHost) querySSH(options []string, to string) (route, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	argv := slices.Concat([]string{"-F", "/dev/stdin", "-T", "-G"}, options, []string{"--", to})
	cmd := exec.CommandContext(ctx, "ssh", argv...)
	cmd.Stdin = strings.NewReader(userConfiguration)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		words := cmp.Or(oneLine(said.String()), err.Error())
		return route{}, &harness.UnreachableError{
			Node: h.name, Service: net.JoinHostPort(to, strconv.Itoa(int(cmp.Or(h.login.Port, 22)))), Layer: harness.LayerSSH,
			What: lang.Textf("ssh has an error: %s", words), Hint: lang.Textf("fix what it names"), Err: err,
		}
	}
	return readRoute(options, to, out), nil
}

// readRoute reads what `ssh -G` writes: a line for each setting.
func readRoute(options []string, to string, out []byte) route {
	r := route{options: options, to: to}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), " ")
		switch key {
		case "user":
			r.user = value
		case "hostname":
			r.host = value
		case "port":
			n, _ := strconv.ParseUint(value, 10, 16) // ssh checked it
			r.port = uint16(n)
		case "stricthostkeychecking":
			r.trusts = value == "accept-new" || value == "false"
		case "hostkeyalias":
			r.keyName = value
		case "forkafterauthentication":
			if value == "yes" { // labcheck could not end it
				r.options = append(slices.Clone(options), "-o", "ForkAfterAuthentication=no")
			}
		}
	}
	if r.user == unsaidUser {
		r.user = ""
	}
	r.addr = net.JoinHostPort(r.host, strconv.Itoa(int(r.port)))
	if r.keyName == "" {
		r.keyName = r.host
		if r.port != 22 {
			r.keyName = "[" + r.host + "]:" + strconv.Itoa(int(r.port))
		}
	}
	return r
}

// command returns the command line by which a person logs in there.
func (h *sshHost) command() string { return harness.ShellLine(h.commandArgv()...) }

func (h *sshHost) commandArgv(more ...string) []string {
	r, _ := h.route() // it was found
	argv := slices.Concat([]string{"ssh"}, r.options, more)
	if h.via != nil {
		argv = append(argv, "-o", "ProxyCommand="+harness.ShellLine(h.via.commandArgv("-W", "[%h]:%p")...))
	}
	return append(argv, r.to)
}

// jumpHost returns the host that --ssh-jump names.
func (t *Target) jumpHost(jump string) (*sshHost, error) {
	d, err := parseJump(jump)
	if err != nil {
		return nil, err
	}
	n, ok := t.opts.Inventory.node(d.host)
	if !ok {
		n = Node{Name: d.host}
	}
	h := t.host(n, d.Login)
	h.hops = d.hops
	return h, nil
}

// host returns where one logs in on a node, which is behind the jump host if there
// is one.
func (t *Target) host(n Node, said Login) *sshHost {
	h := &sshHost{name: n.Name, login: t.loginOf(n, said), life: t.life, via: t.jump}
	h.interact, h.warn = t.opts.SSH.Interact, t.opts.SSH.Warn
	h.address = cmp.Or(n.Public, n.Address)
	if t.jump != nil {
		h.address = n.Address
	}
	h.route = keepFound(h.findRoute)
	return h
}

// keepFound returns a function that finds a route once. After an error the next call
// tries again: the person may have mended what ssh named.
func keepFound(find func() (route, error)) func() (route, error) {
	var mu sync.Mutex
	var found *route
	return func() (route, error) {
		mu.Lock()
		defer mu.Unlock()
		if found != nil {
			return *found, nil
		}
		r, err := find()
		if err == nil {
			found = &r
		}
		return r, err
	}
}

// hostOf returns where one logs in on a node. It fails if nothing says how.
func (t *Target) hostOf(n Node) (*sshHost, error) {
	h := t.hosts[n.Name]
	if t.jump != nil {
		return h, nil
	}
	r, err := h.route()
	if err == nil && r.user == "" {
		err = &harness.UnreachableError{
			Node: n.Name, Layer: harness.LayerSSH,
			What: lang.Textf("commands are run on nodes by ssh, and nothing says as whom to log in"),
			Hint: lang.Textf("--ssh-user NAME, --ssh-jump manager, or ssh: in the inventory"),
		}
	}
	return h, err
}

// loginOf returns how one logs in on a node, without what ssh's configuration says: what
// is said first counts.
func (t *Target) loginOf(n Node, said Login) Login {
	inventory := t.opts.Inventory.SSH
	return Login{
		User: cmp.Or(said.User, t.opts.SSH.User, n.SSH.User, inventory.User),
		Key:  cmp.Or(t.opts.SSH.Key, n.SSH.Key, inventory.Key),
		Port: cmp.Or(said.Port, n.SSH.Port, inventory.Port),
	}
}
