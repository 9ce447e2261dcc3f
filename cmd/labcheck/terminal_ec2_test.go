//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"testing"

	"labcheck/harness/prereq"
	"labcheck/harness/sshdtest"
)

// TestExecOnTerminalBySSH: on a node that exists, too, a command has the terminal, its
// size and all of its keys; and a host key that ssh accepts is told.
func TestExecOnTerminalBySSH(t *testing.T) {
	s := sshdtest.Start(t, prereq.Program(t, "/usr/sbin/sshd", "apt-get install openssh-server"))
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSH_AUTH_SOCK", "")
	s.Write(t, "config", 0o600, "Port "+s.Port, "User "+me.Username, "IdentityFile "+s.Path("key"), "IdentitiesOnly yes",
		"UserKnownHostsFile "+s.Path("known"), "StrictHostKeyChecking accept-new")
	s.Write(t, "inventory.yaml", 0o600, "manager: manager", "nodes: [{name: manager, address: 127.0.0.1}]")
	const script = `trap 'echo interrupted' INT; echo $TERM; until [ "$(stty size)" = "40 80" ]; do sleep 0.1; done
echo ready; until [ "$(stty size)" = "40 60" ]; do sleep 0.1; done; echo resized
until read line; do :; done; echo "got $line"; exit 7`
	cmd := exec.Command(labcheckFile(t), "exec", "-t", "--target", "ec2", "--inventory", s.Path("inventory.yaml"),
		"manager", "--", "sh", "-c", script)
	cmd.Dir = t.TempDir()
	p := onTerminal(t, 80, cmd)
	p.waitToShow("ready")
	p.resize(60)
	p.waitToShow("resized")
	p.typed("\x03")
	p.waitToShow("interrupted")
	p.typed("a line\r")
	p.wantExit(7)
	accepted := fmt.Sprintf("Permanently added '[127.0.0.1]:%s'", s.Port)
	for _, want := range []string{"xterm-256color", "got a line", accepted} {
		if !strings.Contains(p.written(), want) {
			t.Errorf("the terminal got %q, not %q", p.written(), want)
		}
	}
	if known, err := os.ReadFile(s.Path("known")); err != nil || len(known) == 0 {
		t.Errorf("known_hosts: %q, %v", known, err)
	}
}
