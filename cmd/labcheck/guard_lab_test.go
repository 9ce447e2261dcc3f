//go:build lab

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"labcheck/harness"
	"labcheck/harness/sshdtest"
)

// recorder stands between labcheck and the lab, and writes down all that passes.
type recorder struct {
	real *realLab

	mu       sync.Mutex
	requests []string // METHOD path
	commands []string
	http     map[string]string // a service of the lab → where its recorder listens
}

func (r *recorder) request(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, what)
}

// ports are what is recorded of each node.
var ports = []uint16{harness.EnginePort, harness.SwarmPort, harness.ConsulPort}

// stand has a recorder listen, on an address of its own, for each service of a
// node, and returns the address.
func (r *recorder) stand(t *testing.T, i int, n harness.Node) string {
	t.Helper()
	addr := fmt.Sprintf("127.0.61.%d", i+1)
	for _, port := range ports {
		at := netip.AddrPortFrom(n.Addr(), port).String()
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: at})
		proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) {
			// As where nothing listens: the connection ends.
			panic(http.ErrAbortHandler)
		}
		l := listen(t, fmt.Sprintf("%s:%d", addr, port))
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			r.request(q.Method + " " + q.URL.Path)
			proxy.ServeHTTP(w, q)
		})}
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
		r.http[at] = l.Addr().String()
	}
	gossip := listen(t, fmt.Sprintf("%s:%d", addr, harness.GossipPort))
	go accept(gossip, func(conn net.Conn) { join(conn, netip.AddrPortFrom(n.Addr(), harness.GossipPort).String()) })
	return addr
}

func listen(t *testing.T, at string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func accept(l net.Listener, do func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go do(conn)
	}
}

// join passes on what is said until one side ends.
func join(a io.ReadWriteCloser, at string) {
	defer func() { _ = a.Close() }()
	b, err := net.Dial("tcp", at)
	if err != nil {
		return
	}
	defer func() { _ = b.Close() }()
	done := make(chan struct{}, 2)
	for _, way := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
}

// serveSSH is an sshd of ours that writes down each command, and has the lab's
// node run it.
func (r *recorder) serveSSH(t *testing.T, at, node string) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(signer)
	go accept(listen(t, at), func(conn net.Conn) {
		_, channels, requests, err := ssh.NewServerConn(conn, config)
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		for c := range channels {
			go r.channel(c, node)
		}
	})
	return string(ssh.MarshalAuthorizedKey(signer.PublicKey()))
}

func (r *recorder) channel(c ssh.NewChannel, node string) {
	switch c.ChannelType() {
	case "direct-tcpip":
		var to struct {
			Host       string
			Port       uint32
			OriginHost string
			OriginPort uint32
		}
		if err := ssh.Unmarshal(c.ExtraData(), &to); err != nil {
			_ = c.Reject(ssh.ConnectionFailed, err.Error())
			return
		}
		at := fmt.Sprintf("%s:%d", to.Host, to.Port)
		if recorded, ok := r.http[at]; ok {
			at = recorded
		}
		stream, requests, err := c.Accept()
		if err != nil {
			return
		}
		go ssh.DiscardRequests(requests)
		join(stream, at)
	case "session":
		r.session(c, node)
	default:
		_ = c.Reject(ssh.UnknownChannelType, c.ChannelType())
	}
}

func (r *recorder) session(c ssh.NewChannel, node string) {
	stream, requests, err := c.Accept()
	if err != nil {
		return
	}
	defer func() { _ = stream.Close() }()
	for q := range requests {
		var command struct{ Line string }
		if q.Type != "exec" || ssh.Unmarshal(q.Payload, &command) != nil {
			r.command(q.Type)
			_ = q.Reply(false, nil)
			continue
		}
		r.command(ownCommand(command.Line))
		_ = q.Reply(true, nil)
		res, err := r.real.nodes[node].Exec(context.Background(), "sh", "-c", command.Line)
		var failed *harness.RunError
		if err != nil && !errors.As(err, &failed) {
			return
		}
		_, _ = io.WriteString(stream, res.Stdout)
		_, _ = io.WriteString(stream.Stderr(), res.Stderr)
		_, _ = stream.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{uint32(res.ExitCode)}))
		return
	}
}

// ownCommand returns the command of a line in which ec2 puts a mark before the command's
// output, and has sh decode what a login shell could take for something else.
func ownCommand(line string) string {
	_, escaped, marked := strings.Cut(line, `} >&2; exec `)
	if !marked {
		return line
	}
	decode := strings.NewReplacer(`\0047`, "'", `\0041`, "!", `\0012`, "\n", `\0134`, `\`)
	return decode.Replace(strings.TrimSuffix(escaped, "'"))
}

func (r *recorder) command(line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, line)
}

// readOnly are all the commands that may be run on a node by what only looks.
var readOnly = []*regexp.Regexp{
	regexp.MustCompile(`^docker -H tcp://[0-9.:]+ info( --format '\{\{\.Name\}\}')?$`),
	regexp.MustCompile(`^docker -H tcp://[0-9.:]+ ps --all --no-trunc$`),
	regexp.MustCompile(`^docker -H tcp://[0-9.:]+ network ls --no-trunc$`),
	regexp.MustCompile(`^journalctl --unit docker --no-pager --lines (2000|400|40)$`),
	// The diagnosis's own: harness/diagnose says what is in it.
	regexp.MustCompile(`^sh -c 'if \[ "\$\(id -u\)" != 0 \] [^\n']* && sudo -n true 2>/dev/null\nthen set -- sudo -n "\$@"\nfi\nexec "\$@"' probe sh -c 'PATH=`),
}

// changing gives what passed that may have changed something.
func (r *recorder) changing() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []string
	for _, q := range r.requests {
		if !strings.HasPrefix(q, "GET ") && !strings.HasPrefix(q, "HEAD ") {
			all = append(all, q)
		}
	}
	for _, c := range r.commands {
		known := false
		for _, pattern := range readOnly {
			known = known || pattern.MatchString(c)
		}
		if !known {
			all = append(all, c)
		}
	}
	return all
}

// testGuard runs every command that only looks through the recorder.
func testGuard(t *testing.T, lab *realLab) {
	r := &recorder{real: lab, http: map[string]string{}}
	var inventory, known strings.Builder
	fmt.Fprintf(&inventory, "manager: manager\nssh: {user: root, key: %s, port: 2222}\nnodes:\n", filepath.Join(lab.dir, "key"))
	for i, h := range lab.lab.Topology().Hosts() {
		at := r.stand(t, i, lab.nodes[h.Name])
		fmt.Fprintf(&inventory, "  - {name: %s, address: %s, public: %s}\n", h.Name, h.Addr, at)
		fmt.Fprintf(&known, "[%s]:2222 %s", at, r.serveSSH(t, at+":2222", h.Name))
		r.http[h.Addr.String()+":2222"] = at + ":2222"
		fmt.Fprintf(&known, "[%s]:2222 %s", h.Addr, strings.SplitN(lastLine(known.String()), " ", 2)[1]+"\n")
	}
	lab.write(t, "recorded.yaml", inventory.String())
	lab.write(t, "recorded_hosts", known.String())
	lab.write(t, "recorded_config", lab.fill("UserKnownHostsFile DIR/recorded_hosts\n"))
	sshdtest.UseConfig(t, filepath.Join(lab.dir, "recorded_config"))
	looking := [][]string{
		{"status"},
		{"env"},
		{"check"},
		{"check", "--out", "DIR/recorded"},
		{"bootstrap", "--plan"},
		{"check", "--ssh-jump", "manager"},
		{"status", "--ssh-jump", "manager"},
		{"check", "--ssh-jump", "manager", "--out", "DIR/recorded"},
		{"watch", "--interval", "1s", "--rounds", "2"},
		{"diagnose"},
		{"diagnose", "--ssh-jump", "manager"},
	}
	for _, args := range looking {
		before := len(r.requests)
		o := lab.labcheck(t, append(args, "--inventory", "DIR/recorded.yaml")...)
		if o.code != exitHolds {
			t.Errorf("%v: exit code %d:\n%s%s", args, o.code, o.out, o.err)
		}
		t.Logf("%v: %d requests in %s", args, len(r.requests)-before, o.took)
	}
	if all := r.changing(); len(all) > 0 {
		t.Errorf("what only looks has sent:\n%s", strings.Join(all, "\n"))
	}
	if len(r.requests) < 500 || len(r.commands) < 20 {
		t.Errorf("only %d requests and %d commands were recorded", len(r.requests), len(r.commands))
	}
	// The recorder sees what changes something, where something may be changed.
	o := lab.labcheck(t, "check", "--allow", "workload", "--tags", "@id:runs-on-one-node", "--inventory", "DIR/recorded.yaml")
	if o.code != exitHolds || len(r.changing()) == 0 {
		t.Errorf("exit code %d, %d changing requests were recorded of a workload:\n%s%s", o.code, len(r.changing()), o.out, o.err)
	}
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
