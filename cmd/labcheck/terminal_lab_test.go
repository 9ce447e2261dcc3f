//go:build lab

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/prereq"
	"labcheck/harness/subnettest"
	"labcheck/harness/tutorial"
	"labcheck/sim"
)

const terminalLab = "terminal"

// TestLabOnTerminal: what the commands of a lab's life leave on the screen is their
// lines and no more, on terminals of each width.
func TestLabOnTerminal(t *testing.T) {
	t.Parallel()
	prereq.Program(t, "docker", "apt-get install docker-cli")
	const flag = " --lab " + terminalLab
	subnet := subnettest.ForLab(t, terminalLab).String()
	t.Cleanup(func() {
		run(context.Background(), []string{"down", "--quiet", "--lab", terminalLab}, strings.NewReader(""), new(bytes.Buffer), os.Stderr)
	})
	hosts, cluster := "Start 5 hosts on "+subnet, "Build the cluster of 5 hosts on "+subnet
	const kept = "\n\nThe lab is kept.\n" +
		"  go on: labcheck tutorial" + flag + "   look: labcheck status" + flag + "   remove it: labcheck down" + flag + "\n"
	each := func(name string, do func(t *testing.T, i, width int)) {
		for i, width := range widths {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) { do(t, i, width) })
		}
	}
	each("up interrupted", func(t *testing.T, _, width int) {
		p := labOnTerminal(t, width, subnet, "up")
		p.waitToShow("… Build the cluster")
		p.typed("\x03")
		p.wantExit(exitInterrupted)
		p.wantScreen(failedPart(width, cluster) + "labcheck: interrupted; what was made is removed again\n")
	})
	each("tutorial left", func(t *testing.T, i, width int) {
		p := labOnTerminal(t, width, subnet, "tutorial")
		p.waitToShow("q: leave]")
		p.typed("q\r")
		p.wantExit(exitHolds)
		started := ""
		if i == 0 {
			started = part(width, hosts)
		}
		p.wantScreen(started + firstCommand(t, width) + "  [Enter: run it   q: leave] q" + kept)
	})
	each("tutorial interrupted", func(t *testing.T, _, width int) {
		p := labOnTerminal(t, width, subnet, "tutorial")
		p.waitToShow("q: leave]")
		p.typed("\x03")
		p.wantExit(exitInterrupted)
		p.wantScreen(firstCommand(t, width) + "  [Enter: run it   q: leave] ^C" + kept)
	})
	t.Run("exec", func(t *testing.T) { testExecOnTerminal(t, subnet) })
	each("up", func(t *testing.T, i, width int) {
		p := labOnTerminal(t, width, subnet, "up")
		p.wantExit(exitHolds)
		nothing := ""
		if i > 0 {
			nothing = "  Nothing was left to do.\n"
		}
		p.wantScreen(part(width, hosts) + part(width, "Perform the tutorial") + nothing +
			"Lab terminal is running on " + subnet + " after %s.\n" +
			"  check it: labcheck" + flag + "   type on it: eval \"$(labcheck env" + flag + ")\"   remove it: labcheck down" + flag + "\n")
	})
	each("check", func(t *testing.T, _, width int) {
		p := labOnTerminal(t, width, subnet, "check", "--tags=@id:join-container", "--out=evidence")
		p.wantExit(exitHolds)
		p.wantScreen(part(width, "Step 1: Construct the cluster") + part(width, "Gather evidence") + "✓ 4 claims hold, in %s\n  evidence: evidence\n")
	})
	each("images save", func(t *testing.T, _, width int) {
		p := labOnTerminal(t, width, subnet, "images", "save", "-")
		p.wantExit(exitUsage)
		p.wantScreen("labcheck: an archive is not for a terminal: name a file, or pipe it into a program\n" +
			"   try: labcheck images save --help\n")
	})
	each("down", func(t *testing.T, i, width int) {
		if i > 0 { // what is left of a lab is a lab
			docker(t, "", "network", "create", "--subnet", subnet, "--label", sim.LabelLab+"="+terminalLab, terminalLab)
		}
		p := labOnTerminal(t, width, subnet, "down")
		p.wantExit(exitHolds)
		p.wantScreen(part(width, "Remove the lab"))
	})
}

// testExecOnTerminal: a command on a host has the terminal, its size and all of its
// keys, and the terminal is as before when it has ended.
func testExecOnTerminal(t *testing.T, subnet string) {
	const script = `trap 'echo interrupted' INT; echo $TERM; until [ "$(stty size)" = "40 80" ]; do sleep 0.1; done
echo ready; until [ "$(stty size)" = "40 60" ]; do sleep 0.1; done; echo resized; until read line; do :; done; echo "got $line"; exit 7`
	p := labOnTerminal(t, 80, subnet, "exec", "-t", "manager", "--", "sh", "-c", script)
	p.waitToShow("ready")
	p.resize(60)
	p.waitToShow("resized")
	p.typed("\x03")
	p.waitToShow("interrupted")
	p.typed("a line\r")
	p.wantExit(7)
	if !strings.Contains(p.written(), "xterm-256color") || !strings.Contains(p.written(), "got a line") {
		t.Errorf("the terminal got %q", p.written())
	}
}

func labOnTerminal(t *testing.T, width int, subnet string, args ...string) *program {
	t.Helper()
	cmd := exec.Command(labcheckFile(t), append([]string{"--lab", terminalLab, "--subnet", subnet}, args...)...)
	cmd.Dir = t.TempDir()
	release := holdTerminal(t, cmd)
	p := onTerminal(t, width, cmd)
	p.release = release
	return p
}

// firstCommand is what the tutorial says before it asks for the first time.
func firstCommand(t *testing.T, width int) string {
	t.Helper()
	c := tutorial.Default().Commands(harness.Tutorial())[0]
	return fmt.Sprintf("\n%s\n\n%s  %s\n\n%s$ %s\n", c.Heading.EN,
		c.Page, lang.Fold(c.Does.EN, len(c.Page)+2, min(width, 100)), c.Host, c.Text)
}
