//go:build lab

package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"labcheck/harness"
	"labcheck/harness/pace"
)

// endsWithin is how long a command may take, whatever is wrong with a cluster: 4 s
// until nobody answers at an address, 5 s of --wait, 5 s for the causes, and what
// the rest takes.
const endsWithin = 20 * time.Second

// realCase is a command line on a cluster with something wrong, or nothing.
type realCase struct {
	name string
	args []string
	// break breaks something, and returns what mends it.
	breaks func(*testing.T, *realLab) func()
	env    [2]string
	code   int
	says   []string // on stdout or stderr
	silent []string // what it must not say
	works  bool     // it starts containers and lets them talk: that takes longer
}

// TestReal runs labcheck on a lab as on a cluster at EC2: real engines, real
// Swarm, real Consul with an access list, real sshd.
func TestReal(t *testing.T) {
	r := openRealLab(t, 0)
	r.wants(t, realCase{
		args: []string{"bootstrap"}, code: exitUsage,
		says: []string{"run -d swarm join --advertise=NET.20:2375", "no terminal to ask on", "--yes"},
	})
	r.wants(t, realCase{args: []string{"bootstrap", "--yes"}, code: exitHolds, says: []string{"✓ network"}})
	for _, c := range slices.Concat(wholeCases(), loginCases(), brokenCases(), diagnoseCases()) {
		t.Run(c.name, func(t *testing.T) { r.wants(t, c) })
	}
	t.Run("nothing is changed", func(t *testing.T) { testGuard(t, r) })
	t.Run("leftovers", func(t *testing.T) { testLeftovers(t, r) })
	t.Run("ssh cut", func(t *testing.T) { testCut(t, r) })
	t.Run("killed", func(t *testing.T) { testKilled(t, r) })
	t.Run("a node is down", func(t *testing.T) { testDown(t, r) })
	t.Run("TLS", func(t *testing.T) { testTLS(t, r) })
}

// wants runs a case.
func (r *realLab) wants(t *testing.T, c realCase) {
	t.Helper()
	if c.breaks != nil {
		defer c.breaks(t, r)()
	}
	if c.env[0] != "" {
		t.Setenv(c.env[0], c.env[1])
	}
	o := r.labcheck(t, c.args...)
	t.Logf("exit code %d after %s", o.code, o.took.Round(time.Millisecond))
	all := o.out + o.err
	if o.code != c.code {
		t.Errorf("exit code %d, not %d:\n%s", o.code, c.code, all)
	}
	if !c.works {
		pace.Within(t, "the command", o.took, endsWithin)
	}
	for _, s := range c.says {
		if s = r.fill(s); !strings.Contains(all, s) {
			t.Errorf("it does not say %q:\n%s", s, all)
		}
	}
	for _, s := range c.silent {
		if strings.Contains(all, s) {
			t.Errorf("it says %q:\n%s", s, all)
		}
	}
}

// wholeCases are those of a cluster with nothing wrong.
func wholeCases() []realCase {
	const read = "70 claims hold"
	return []realCase{
		{
			name: "direct", args: []string{"check"}, code: exitHolds,
			says: []string{read, "nothing says as whom to log in", "--allow workload", "expected sizes: the page's"},
		},
		{
			name: "direct, with logins", args: []string{"check", "--ssh-user", "root", "--ssh-key", "DIR/key"}, code: exitHolds,
			says: []string{"74 claims hold"}, silent: []string{"log in"},
		},
		{name: "through the manager", args: through("key", "check"), code: exitHolds, says: []string{"74 claims hold"}},
		{
			name: "without its image", args: []string{"check", "--allow", "workload"}, breaks: withoutImage, code: exitUnreachable,
			says: []string{"labcheck/workload, which is not on store", "labcheck images save - --only workload | docker -H=tcp://NET.250:2375 load"}, silent: []string{"claims"},
		},
		{name: "with a workload", args: through("key", "check", "--allow", "workload"), code: exitHolds, says: []string{"78 claims hold"}, works: true},
		{name: "exec", args: through("key", "exec", "store", "--", "sh", "-c", `echo "it's $(hostname)"; exit 7`), code: 7, says: []string{"it's store"}},
		{name: "status", args: through("key", "status"), code: exitHolds, says: []string{"✓ network"}},
		{name: "bootstrap again", args: through("key", "bootstrap", "--yes"), code: exitHolds, says: []string{"✓ network"}},
		{name: "evidence", args: through("key", "check", "--tags", "@id:manager-engine", "--out", "DIR/evidence"), code: exitHolds},
	}
}

// loginCases are those of a person who can't get in.
func loginCases() []realCase {
	otherKey := func(t *testing.T, r *realLab) func() {
		file := filepath.Join(r.dir, ".ssh", "known_hosts")
		known, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		manager, store := r.nodes["manager"].Addr().String(), r.nodes["store"].Addr().String()
		swapped := strings.NewReplacer(manager+" ", store+" ", store+" ", manager+" ").Replace(string(known))
		r.write(t, ".ssh/known_hosts", swapped)
		return func() { r.write(t, ".ssh/known_hosts", string(known)) }
	}
	noKnown := func(t *testing.T, r *realLab) func() {
		file := filepath.Join(r.dir, ".ssh", "known_hosts")
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := os.Rename(file+".away", file); err != nil {
				t.Fatal(err)
			}
		}
	}
	return []realCase{
		{
			name: "wrong host key", args: through("key", "check"), breaks: otherKey, code: exitUnreachable,
			says: []string{"its host key is not the one that is known: ", "ssh-keygen -R 'NET.11' && ssh "},
		},
		{
			name: "unknown host key", args: through("key", "check"), breaks: noKnown, code: exitUnreachable,
			says: []string{"its host key is not known: ", "and accept it: ssh -i DIR/key -l root NET.11"},
		},
		{name: "wrong key", args: through("wrong", "check"), code: exitUnreachable, says: []string{"login refused: root@NET.11: Permission denied"}},
		{name: "encrypted key", args: through("locked", "check"), code: exitUnreachable, says: []string{"login refused: ", "needs ssh-add or a terminal"}},
		{name: "no such key", args: through("nokey", "check"), code: exitUnreachable, says: []string{"Identity file DIR/nokey not accessible"}},
		{name: "no such jump host", args: []string{"check", "--ssh-jump", "root@"}, code: exitUsage, says: []string{`jump host "root@": "" is no host`}},
	}
}

// inventory writes the lab's with something else in it.
func inventory(name, from, to string) func(*testing.T, *realLab) func() {
	return func(t *testing.T, r *realLab) func() {
		from, to := r.fill(from), r.fill(to)
		r.write(t, name, strings.NewReplacer(from, to, to, from).Replace(r.inventory()))
		return func() {}
	}
}

// brokenCases are those of a cluster where something is wrong, and can be mended.
func brokenCases() []realCase {
	rule := func(node, rule string) func(*testing.T, *realLab) func() {
		return func(t *testing.T, r *realLab) func() {
			// From this machine only: the cluster itself is well.
			from := "INPUT -p tcp -s NET.1 " + rule
			r.sh(t, node, "iptables -I "+from)
			return func() { r.sh(t, node, "iptables -D "+from) }
		}
	}
	return []realCase{
		{
			name: "port closed by a security group", args: []string{"check"}, breaks: rule("worker01", "--dport 2375 -j DROP"), code: exitUnreachable,
			says: []string{"worker01 can't be reached at NET.200:2375: no answer within 4s: most likely the security group does not let TCP port 2375 in, or the instance does not run", "claims hold, and not all could be checked"},
		},
		{
			name: "the same through the manager", args: through("key", "check"), breaks: rule("worker01", "--dport 2375 -j DROP"), code: exitHolds,
		},
		{
			name: "port closed by the host", args: []string{"check"}, breaks: rule("worker01", "--dport 2375 -j REJECT --reject-with tcp-reset"), code: exitUnreachable,
			says: []string{"the host answers, and nothing listens on that port"},
		},
		{
			name: "gossip closed", args: []string{"check"}, breaks: rule("store", "--dport 7946 -j DROP"), code: exitUnreachable,
			says: []string{"store can't be reached at NET.250:7946", "69 claims hold"},
		},
		{
			name: "ssh closed", args: through("key", "check"), breaks: rule("manager", "--dport 22 -j DROP"), code: exitUnreachable,
			says: []string{"manager can't be reached at NET.11:22: no answer within 4s", "TCP port 22"},
		},
		{
			name: "changed address", args: []string{"check", "--wait", "1s", "--inventory", "DIR/swapped.yaml"}, breaks: inventory("swapped.yaml", "NET.20}", "NET.21}"), code: exitFalse,
			says: []string{"the engine there is that of frontend02", "the engine there is that of frontend01"},
		},
		{
			name: "nobody has the address", args: []string{"check", "--wait", "1s", "--inventory", "DIR/moved.yaml"}, breaks: inventory("moved.yaml", "NET.250}", "NET.99}"), code: exitFalse,
			says: []string{"store can't be reached at NET.99:2375: there is no route to it, or nobody has the address", "store NET.250:2375"},
		},
		{
			name: "engine on another port", args: []string{"check", "--wait", "1s", "--inventory", "DIR/port.yaml"}, breaks: inventory("port.yaml", "NET.250}", "NET.250, port: 2399}"), code: exitFalse,
			says: []string{"store can't be reached at NET.250:2399: the host answers, and nothing listens on that port"},
		},
		{
			name: "another service on the port", args: []string{"check", "--wait", "1s", "--inventory", "DIR/service.yaml"}, breaks: inventory("service.yaml", "manager: manager\n", "manager: manager\nports: {engine: 8500, consul: 8501}\n"), code: exitFalse,
			says: []string{"manager can't be reached at NET.11:8500: another service answers there"},
		},
		{
			name: "other sizes", args: []string{"check", "--inventory", "DIR/sizes.yaml"}, breaks: inventory("sizes.yaml", "NET.250}", "NET.250, cpus: 2}"), code: exitFalse,
			says: []string{"CPU: 2", "CPUs: 5", "expected sizes: the inventory's; the page's for the CPUs of manager"},
		},
		{
			name: "wrong token", args: []string{"check"}, env: [2]string{"CONSUL_HTTP_TOKEN", "5a6f6f2e-0000-4000-8000-000000000000"}, code: exitUnreachable,
			says: []string{"manager can't be reached at NET.11:8500: Consul does not take the token", "ACL not found", "CONSUL_HTTP_TOKEN"},
		},
		{
			name: "TLS where there is none", args: []string{"check"}, breaks: withCertificates, env: [2]string{"DOCKER_CERT_PATH", "certs"}, code: exitUnreachable,
			says: []string{"TLS handshake failed", "server gave HTTP response to HTTPS client"},
		},
		{name: "a hanging node", args: []string{"check"}, breaks: paused("frontend01"), code: exitUnreachable, says: []string{"frontend01 can't be reached", "it accepts connections but does not answer within 5s"}},
		{
			name: "a fifth node that nobody expects", args: []string{"check"}, breaks: fifth, code: exitFalse,
			says: []string{"manager NET.11:2375", "nodes: 4", "nodes: 5"},
		},
	}
}

// withoutImage removes the workload's image from a node. It comes back by what
// labcheck says.
func withoutImage(t *testing.T, r *realLab) func() {
	r.sh(t, "store", "docker rmi labcheck/workload")
	return func() {
		var archive, said bytes.Buffer
		if code := run(t.Context(), []string{"images", "save", "-", "--only", "workload"}, strings.NewReader(""), &archive, &said); code != exitHolds {
			t.Fatalf("exit code %d: %s", code, said.String())
		}
		docker(t, archive.String(), "-H=tcp://"+r.lab.Topology().Members[3].Engine().String(), "load")
	}
}

func paused(node string) func(*testing.T, *realLab) func() {
	return func(t *testing.T, _ *realLab) func() {
		docker(t, "", "pause", "ec2test-"+node)
		return func() { docker(t, "", "unpause", "ec2test-"+node) }
	}
}

// fifth has the manager's own engine join the cluster.
func fifth(t *testing.T, r *realLab) func() {
	r.sh(t, "manager", "docker run -d --name fifth swarm join --advertise=NET.11:2375 consul://NET.11:8500/")
	wait(t, func() bool {
		return strings.Contains(r.sh(t, "manager", "docker -H tcp://NET.11:3375 info"), r.fill(" manager: NET.11:2375"))
	})
	return func() {
		r.sh(t, "manager", "docker rm -f fifth")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, r.fill("http://NET.11:8500/v1/kv/docker/swarm/nodes/NET.11:2375"), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		wait(t, func() bool {
			return strings.Contains(r.sh(t, "manager", "docker -H tcp://NET.11:3375 info"), "Nodes: 4")
		})
	}
}

// wait waits for what is about to come true.
func wait(t *testing.T, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pace.Limit(30*time.Second))
	defer cancel()
	err := harness.Until(ctx, 200*time.Millisecond, func(context.Context) error {
		if holds() {
			return nil
		}
		return errors.New("it did not come true")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// testLeftovers: what a run that was cut off left behind is found and removed,
// and nothing else.
func testLeftovers(t *testing.T, r *realLab) {
	r.sh(t, "store", "docker run -d --name left --label labcheck.workload=gone labcheck/workload sleep 600; docker run -d --name theirs labcheck/workload sleep 600")
	defer r.sh(t, "store", "docker rm -f theirs")
	o := r.labcheck(t, through("key", "check", "--tags", "@id:manager-engine", "--quiet=false")...)
	if !strings.Contains(o.err, "Test containers of a former run are on the cluster: 1.") || o.code != exitHolds {
		t.Errorf("exit code %d:\n%s%s", o.code, o.out, o.err)
	}
	r.wants(t, realCase{args: []string{"down"}, code: exitUsage, says: []string{"left on store, running", "no terminal to ask on"}})
	r.wants(t, realCase{args: []string{"down", "--yes"}, code: exitHolds, says: []string{"Test containers of labcheck: 1 found, 1 removed."}})
	r.wants(t, realCase{args: []string{"down", "--yes"}, code: exitHolds, says: []string{"Test containers of labcheck: 0 found"}})
	if got := r.sh(t, "store", "docker ps --format '{{.Names}}' --filter name=left --filter name=theirs"); got != "theirs" {
		t.Errorf("left on store: %q", got)
	}
}

// awaitSession waits until somebody is logged in, and a moment; cutSessions ends
// what serves those who are.
const (
	sessions     = `'^sshd: root' /proc/[0-9]*/cmdline`
	awaitSession = `i=0; until grep -qs ` + sessions + ` || [ $i -ge 200 ]; do i=$((i + 1)); sleep 0.05; done; sleep 0.3; `
	cutSessions  = `for f in $(grep -ls ` + sessions + `); do p=${f#/proc/}; kill "${p%/cmdline}"; done; true`
)

// testCut cuts ssh in the middle of a run: what is asked then is asked again, or
// could not be checked, and is never false.
func testCut(t *testing.T, r *realLab) {
	cut := func(script string, args ...string) outcome {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = r.nodes["manager"].Exec(context.Background(), "sh", "-c", script)
		}()
		o := r.labcheck(t, through("key", args...)...)
		<-done
		t.Logf("exit code %d after %s", o.code, o.took)
		pace.Within(t, "the command", o.took, endsWithin)
		if o.code == exitFalse {
			t.Errorf("exit code %d after %s:\n%s%s", o.code, o.took, o.out, o.err)
		}
		return o
	}
	if o := cut(awaitSession+cutSessions, "check"); o.code == exitUnreachable && !strings.Contains(o.out, "the ssh connection was cut") {
		t.Errorf("cut, and sshd still there:\n%s%s", o.out, o.err)
	}
	o := cut(awaitSession+"kill $(cat /run/sshd.pid); "+cutSessions, "watch", "--interval", "2s", "--rounds", "3", "--quiet=false")
	if o.code != exitUnreachable || !strings.Contains(o.out, r.fill("manager can't be reached at NET.11:22: the host answers, and nothing listens on that port")) {
		t.Errorf("cut for good: exit code %d\n%s%s", o.code, o.out, o.err)
	}
	r.sh(t, "manager", "/usr/sbin/sshd")
	r.wants(t, realCase{args: through("key", "check", "--tags", "@id:manager-reaches"), code: exitHolds})
}

// testKilled kills commands at several moments: nothing of their ssh may be left,
// neither through a jump host nor on each node.
func testKilled(t *testing.T, r *realLab) {
	p, labcheck := place{dir: t.TempDir(), mark: tortureMark + t.TempDir()}, labcheckFile(t)
	if err := os.Mkdir(p.at("tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	direct := []string{"--ssh-user", "root", "--ssh-key", "DIR/key", "check"}
	for i, args := range [][]string{through("key", "check"), direct, through("key", "check"), direct} {
		cmd := exec.Command(labcheck, "--target", "ec2", "--inventory", r.fill("DIR/inventory.yaml"))
		for _, a := range args {
			cmd.Args = append(cmd.Args, r.fill(a))
		}
		cmd.Env = append(os.Environ(), p.mark, "TMPDIR="+p.at("tmp"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i+1) * 150 * time.Millisecond) // any moment is one to be killed at
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		wait(t, func() bool {
			files, err := os.ReadDir(p.at("tmp"))
			return err == nil && len(files) == 0 && p.processes() == ""
		})
	}
}

// testDown stops a node for good. Swarm takes minutes to notice: what it says of
// the node may be true still.
func testDown(t *testing.T, r *realLab) {
	docker(t, "", "kill", "ec2test-frontend02")
	for _, args := range [][]string{{"check"}, through("key", "check")} {
		o := r.labcheck(t, args...)
		t.Logf("exit code %d after %s", o.code, o.took)
		// Whether the kernel says within 4 s that nobody has the address depends
		// on what it remembers of it.
		pace.Within(t, "the command", o.took, endsWithin)
		want := r.fill("frontend02 can't be reached at NET.21:2375: ")
		if o.code != exitUnreachable && o.code != exitFalse || !strings.Contains(o.out, want) {
			t.Errorf("exit code %d after %s:\n%s%s", o.code, o.took, o.out, o.err)
		}
		if !strings.Contains(o.out, "claims") || strings.Contains(o.out, "nothing was checked") {
			t.Errorf("the claims about the other nodes were not checked:\n%s", o.out)
		}
	}
}
