//go:build lab

package main

import (
	"net/netip"
	"os"
	"os/user"
	"strings"

	"labcheck/harness"
	"labcheck/harness/ec2"
	"labcheck/harness/prereq"
	"labcheck/harness/sshdtest"
)

// behindSSH starts an sshd on this machine, through which the hosts of the lab are reached
// as nodes that exist, and returns the flags for that.
func (x *torture) behindSSH() []string {
	x.Helper()
	s := sshdtest.Start(x.T, prereq.Program(x.T, "/usr/sbin/sshd", "apt-get install openssh-server"))
	me, err := user.Current()
	if err != nil {
		x.Fatal(err)
	}
	host, err := os.ReadFile(s.Path("host.pub"))
	if err != nil {
		x.Fatal(err)
	}
	x.Setenv("SSH_AUTH_SOCK", "")
	s.Write(x.T, "known", 0o600, "[127.0.0.1]:"+s.Port+" "+string(host))
	s.Write(x.T, "config", 0o600, "Host 127.0.0.1", "Port "+s.Port, "User "+me.Username, "IdentityFile "+s.Path("key"),
		"IdentitiesOnly yes", "UserKnownHostsFile "+s.Path("known"))
	t, err := harness.Tutorial().In(netip.MustParsePrefix(x.place.subnet))
	if err != nil {
		x.Fatal(err)
	}
	i := ec2.Inventory{Manager: t.Manager.Name}
	for _, h := range t.Hosts() {
		i.Nodes = append(i.Nodes, ec2.Node{Name: h.Name, Address: h.Addr.String()})
	}
	var inventory strings.Builder
	if err := i.Write(&inventory); err != nil {
		x.Fatal(err)
	}
	s.Write(x.T, "inventory.yaml", 0o600, inventory.String())
	return []string{"--target", "ec2", "--inventory", s.Path("inventory.yaml"), "--ssh-jump", "127.0.0.1"}
}

// cutReal cuts off commands about nodes that exist. Of them neither ssh nor its folder may
// be left, and the hosts stay.
func (x *torture) cutReal() {
	x.done("up", "--bare")
	there := x.place.everything(x.T)
	hosts := func() []string { return there }
	yes := append(x.ssh[:len(x.ssh):len(x.ssh)], "--yes")
	x.report(x.cut("status", x.ssh...), hosts)
	x.report(x.cut("bootstrap", yes...), hosts)
	x.report(x.cut("bootstrap", yes...), hosts)
	x.done("bootstrap", yes...)
	x.done("down")
}
