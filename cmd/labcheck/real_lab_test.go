//go:build lab

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/prereq"
	"labcheck/harness/sshdtest"
	"labcheck/harness/subnettest"
	"labcheck/sim"
	"labcheck/sim/images"
)

// realName is that of the lab that stands for a cluster at EC2.
const realName = "ec2test"

// realLab is a lab that stands for nodes which exist: on each runs Debian's
// sshd, and labcheck knows of it what an inventory says.
type realLab struct {
	lab   *sim.Lab
	nodes map[string]harness.Node
	dir   string // inventories and keys
}

// openRealLab makes the lab, of the tutorial's hosts if hosts is 0; nothing of the
// tutorial is done on it. With LABCHECK_KEEP it stays, and the next run finds it.
// Consul will have an access list that lets everybody in who shows no token, so that
// a wrong one is something else than none.
func openRealLab(t *testing.T, hosts int) *realLab {
	t.Helper()
	prereq.Program(t, "docker", "apt-get install docker-cli")
	lab, err := sim.Open(t.Context(), sim.Options{
		Lab: realName, Hosts: hosts, Subnet: subnettest.ForLab(t, realName), Watchdog: watchdogArgv(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer lab.Close()
		if os.Getenv("LABCHECK_KEEP") != "" {
			lab.Keep()
			return
		}
		if err := lab.Down(context.Background()); err != nil {
			t.Error(err)
		}
	})
	nodes, err := lab.Up(t.Context())
	if few := (*sim.NeighboursError)(nil); errors.As(err, &few) {
		prereq.Missing(t, "room for neighbours: "+few.Error(), few.HintIn(lang.English))
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &realLab{lab: lab, nodes: map[string]harness.Node{}, dir: t.TempDir()}
	for _, n := range nodes {
		r.nodes[n.Name()] = n
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOENV"} { // are below HOME, and one test builds labcheck
		t.Setenv(name, goEnv(name))
	}
	t.Setenv("HOME", r.dir) // with the configuration of AWS: none
	t.Setenv("SSH_AUTH_SOCK", "")
	r.write(t, ".ssh/config", r.fill("UserKnownHostsFile DIR/.ssh/known_hosts\n"))
	sshdtest.UseConfig(t, filepath.Join(r.dir, ".ssh", "config"))
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	r.write(t, "inventory.yaml", r.inventory())
	r.installSSH(t)
	r.sh(t, "manager", `printf 'FROM progrium/consul\nRUN echo "acl { enabled = true default_policy = \\"allow\\" }" > /config/acl.hcl\n' | docker build -q -t progrium/consul -`)
	return r
}

func (r *realLab) inventory() string {
	var b strings.Builder
	fmt.Fprint(&b, "manager: manager\nnodes:\n")
	for _, h := range r.lab.Topology().Hosts() {
		sizes := "" // of the page's hosts they are known
		if !r.lab.Topology().IsTutorial() {
			sizes = fmt.Sprintf(", cpus: %d, memory: %d", h.CPUs, h.Memory)
		}
		fmt.Fprintf(&b, "  - {name: %s, address: %s%s}\n", h.Name, h.Addr, sizes)
	}
	return b.String()
}

// fill puts the folder in for DIR and the lab's subnet for NET, as in NET.11.
func (r *realLab) fill(text string) string {
	net := strings.TrimSuffix(r.lab.Topology().Subnet.Addr().String(), ".0")
	return strings.NewReplacer("DIR", r.dir, "NET.", net+".").Replace(text)
}

// write writes a file of the folder.
func (r *realLab) write(t *testing.T, name, content string) {
	t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *realLab) sh(t *testing.T, node, script string) string {
	t.Helper()
	res, err := r.nodes[node].Exec(context.Background(), "sh", "-c", r.fill(script))
	if err != nil {
		t.Fatalf("%s: %v", node, err)
	}
	return strings.TrimSpace(res.Stdout)
}

// docker runs the docker CLI of this machine on what belongs to the lab.
func docker(t *testing.T, in string, args ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	cmd := exec.Command("docker", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(in), &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("docker %s: %v\n%s", args[0], err, said.String())
	}
	return out.String()
}

// letIn gives a key to all users.
const letIn = `keys=$(cat); for u in root ops guest; do
	home=$(getent passwd $u | cut -d: -f6); mkdir -p "$home/.ssh"; echo "$keys" > "$home/.ssh/authorized_keys"; chown -R $u "$home"; done`

const startSSHD = `mkdir -p /run/sshd && { [ -f /etc/ssh/host_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/host_key; } &&
printf 'HostKey /etc/ssh/host_key\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nMaxStartups 100\n' > /etc/ssh/sshd_config &&
{ kill -0 "$(cat /run/sshd.pid)" 2>/dev/null || /usr/sbin/sshd; } && cut -d' ' -f1,2 /etc/ssh/host_key.pub`

// installSSH has every node run Debian's sshd, and lets a key in.
func (r *realLab) installSSH(t *testing.T) {
	t.Helper()
	files := r.sshdFiles(t)
	lines := []string{
		sshdtest.MakeKey(t, filepath.Join(r.dir, "key")),
		sshdtest.MakeKey(t, filepath.Join(r.dir, "locked"), "-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "secret"),
	}
	sshdtest.MakeKey(t, filepath.Join(r.dir, "wrong"))
	var mu sync.Mutex
	var known strings.Builder
	var group sync.WaitGroup
	for name, n := range r.nodes {
		group.Go(func() {
			docker(t, files, "exec", "-i", "ec2test-"+name, "tar", "x", "-C", "/")
			docker(t, strings.Join(lines, "\n"), "exec", "-i", "ec2test-"+name, "sh", "-c", letIn)
			key := r.sh(t, name, startSSHD)
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&known, "%s %s\n", n.Addr(), key)
		})
	}
	group.Wait()
	r.write(t, ".ssh/known_hosts", known.String())
}

// sshdFiles returns, as a tar archive, what image sshd has more than a node: its
// last layer.
func (r *realLab) sshdFiles(t *testing.T) string {
	t.Helper()
	if err := r.lab.Images().Ensure(t.Context(), images.SSHD); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.dir, "sshd.tar")
	archive, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.lab.Images().Archive(t.Context(), images.SSHD, archive), archive.Close()); err != nil {
		t.Fatal(err)
	}
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	last, err := layers[len(layers)-1].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	content, err := io.ReadAll(last)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// outcome is what a command line came to.
type outcome struct {
	code     int
	out, err string
	took     time.Duration
}

// labcheck runs a command line on the lab as on nodes that exist.
func (r *realLab) labcheck(t *testing.T, args ...string) outcome {
	t.Helper()
	var out, said bytes.Buffer
	args = slices.Clone(args)
	for i, a := range args {
		args[i] = r.fill(a)
	}
	if !strings.Contains(strings.Join(args, " "), "--inventory") {
		args = append([]string{"--inventory", filepath.Join(r.dir, "inventory.yaml")}, args...)
	}
	start := time.Now()
	code := run(t.Context(), append([]string{"--target", "ec2", "--quiet"}, args...), strings.NewReader(""), &out, &said)
	return outcome{code, out.String(), said.String(), time.Since(start)}
}

// through is how a command line says to go through the manager.
func through(key string, args ...string) []string {
	return append([]string{"--ssh-jump", "manager", "--ssh-user", "root", "--ssh-key", "DIR/" + key}, args...)
}
