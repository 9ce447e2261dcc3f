package ec2

import (
	"errors"
	"os"
	"testing"

	"labcheck/harness"
	"labcheck/harness/prereq"
)

// The docker CLI for an engine is typed on this machine, or goes through the
// jump host, as whom and where labcheck logs in there.
func TestDockerCommand(t *testing.T) {
	prereq.Program(t, "ssh", "apt-get install openssh-client")
	i, err := Read("cluster.yaml", []byte("manager: manager\nssh: {user: ubuntu}\nnodes:\n"+
		"  - {name: manager, address: 10.0.0.11, public: 203.0.113.11, ssh: {port: 2222}}\n"+
		"  - {name: store, address: 10.0.0.250, public: 203.0.113.250, port: 2376}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ssh  SSH
		want string
	}{
		{SSH{}, "docker -H=tcp://203.0.113.250:2376 load"},
		{SSH{Jump: "manager", Key: "my.pem"}, "ssh -i my.pem -p 2222 -l ubuntu 203.0.113.11 docker -H=tcp://10.0.0.250:2376 load"},
		{SSH{Jump: "admin@bastion.test:22", Key: "my.pem"}, "ssh -i my.pem -p 22 -l admin bastion.test docker -H=tcp://10.0.0.250:2376 load"},
		{SSH{Jump: "a@b:1,ssh://c"}, "ssh -J a@b:1 -l ubuntu c docker -H=tcp://10.0.0.250:2376 load"},
	} {
		target, err := Open(Options{Inventory: i, SSH: test.ssh})
		if err != nil {
			t.Fatal(err)
		}
		if got := target.DockerCommand(target.Topology().Members[0], "load"); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
		target.Close()
	}
}

func TestParseJump(t *testing.T) {
	for jump, want := range map[string]destination{
		"manager":              {host: "manager"},
		"h:22":                 {host: "h", Login: Login{Port: 22}},
		"u@h":                  {host: "h", Login: Login{User: "u"}},
		"a@b@h:2":              {host: "h", Login: Login{User: "a@b", Port: 2}},
		"ssh://u@h:2/":         {host: "h", Login: Login{User: "u", Port: 2}},
		"[fd00::1]:2":          {host: "fd00::1", Login: Login{Port: 2}},
		"u@[fd00::1]":          {host: "fd00::1", Login: Login{User: "u"}},
		"fd00::1":              {host: "fd00::1"},
		"a@b:1,ssh://c:2,d@ee": {hops: "a@b:1,ssh://c:2", host: "ee", Login: Login{User: "d"}},
	} {
		if got, err := parseJump(jump); err != nil || got != want {
			t.Errorf("%q: %+v, %v", jump, got, err)
		}
	}
	for _, jump := range []string{
		":22", "root@", "@", "@h", "h:", "h:0", "h:65536", "h:x", "ssh://", "ssh://u@", ",h", "h,", "a,,b", "-oProxyCommand=x", "u@-x", "a b", "a/b", "[]", "u@:1",
	} {
		if got, err := parseJump(jump); !errors.As(err, new(*JumpError)) {
			t.Errorf("%q: %+v, %v", jump, got, err)
		}
	}
}

// A machine without ssh says so where ssh is needed, and only there. When it is installed,
// it is used.
func TestNoSSH(t *testing.T) {
	prereq.Program(t, "ssh", "apt-get install openssh-client")
	installed := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	i := Tutorial()
	i.SSH.User = "ubuntu"
	var lost *harness.UnreachableError
	if _, err := Open(Options{Inventory: i, SSH: SSH{Jump: "manager"}}); !errors.As(err, &lost) || lost.Hint.String() != "apt-get install openssh-client" {
		t.Errorf("through a jump host: %v", err)
	}
	target, err := Open(Options{Inventory: i})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	nodes, err := target.Nodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := nodes[0].Exec(t.Context(), "true"); !errors.As(err, &lost) || lost.Hint.String() != "apt-get install openssh-client" {
		t.Errorf("a command: %v", err)
	}
	t.Setenv("PATH", installed)
	if r, err := target.hosts["manager"].route(); err != nil || r.user != "ubuntu" {
		t.Errorf("after ssh was installed: %+v, %v", r, err)
	}
}

// An error that ssh may make of its own, in the folder that it does not read.
func TestHomeUnset(t *testing.T) {
	prereq.Program(t, "ssh", "apt-get install openssh-client")
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir(".ssh", 0o700), os.WriteFile(".ssh/config", []byte("Host *\n\tHostName elsewhere.invalid\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "")
	target, err := Open(Options{Inventory: Tutorial(), SSH: SSH{Jump: "bastion.test"}})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if r, err := target.jump.route(); err != nil || r.host != "bastion.test" {
		t.Errorf("%+v, %v", r, err)
	}
}
