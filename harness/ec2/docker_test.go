package ec2

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"os"
	"testing"

	"golang.org/x/crypto/ssh"
)

// The docker CLI for an engine is typed on this machine, or goes through the
// jump host, as whom and where labcheck logs in there.
func TestDockerCommand(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Chdir(t.TempDir())
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	const inventory = "manager: manager\nssh: {user: ubuntu}\nnodes:\n" +
		"  - {name: manager, address: 10.0.0.11, public: 203.0.113.11, ssh: {port: 2222}}\n" +
		"  - {name: store, address: 10.0.0.250, public: 203.0.113.250, port: 2376}\n"
	if err := errors.Join(os.WriteFile("my.pem", pem.EncodeToMemory(key), 0o600), os.WriteFile("cluster.yaml", []byte(inventory), 0o600)); err != nil {
		t.Fatal(err)
	}
	i, err := ReadFile("cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		ssh  SSH
		want string
	}{
		{SSH{}, "docker -H=tcp://203.0.113.250:2376 load"},
		{SSH{Jump: "manager", Key: "my.pem"}, "ssh -i my.pem -p 2222 ubuntu@203.0.113.11 docker -H=tcp://10.0.0.250:2376 load"},
		{SSH{Jump: "admin@bastion.test", Key: "my.pem"}, "ssh -i my.pem admin@bastion.test docker -H=tcp://10.0.0.250:2376 load"},
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
