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
	"labcheck/harness/subnettest"
	"labcheck/harness/tutorial"
)

const terminalLab = "terminal"

// TestLabOnTerminal: what the commands of a lab's life leave on the screen is their
// lines and no more.
func TestLabOnTerminal(t *testing.T) {
	t.Parallel()
	const flag = " --lab " + terminalLab
	subnet := subnettest.ForLab(t, terminalLab).String()
	hosts, cluster := "Start 5 hosts on "+subnet, "Build the cluster of 5 hosts on "+subnet
	for _, width := range widths {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					run(context.Background(), []string{"down", "--quiet", "--lab", terminalLab}, strings.NewReader(""), new(bytes.Buffer), os.Stderr)
				}
			})
			p := labOnTerminal(t, width, subnet, "up")
			p.waitToShow("… Build the cluster")
			p.typed("\x03")
			p.wantExit(exitInterrupted)
			p.wantScreen(failedPart(width, cluster) + "labcheck: interrupted; what was made is removed again\n")

			p = labOnTerminal(t, width, subnet, "tutorial")
			p.waitToShow("q: leave]")
			p.typed("q\r")
			p.wantExit(exitHolds)
			p.wantScreen(part(width, hosts) + firstCommand(t, width) + "  [Enter: run it   q: leave] q\n\nThe lab is kept.\n" +
				"  go on: labcheck tutorial" + flag + "   look: labcheck status" + flag + "   remove it: labcheck down" + flag + "\n")

			p = labOnTerminal(t, width, subnet, "tutorial")
			p.waitToShow("q: leave]")
			p.typed("\x03")
			p.wantExit(exitInterrupted)
			p.wantScreen(firstCommand(t, width) + "  [Enter: run it   q: leave] ^C\n\nThe lab is kept.\n" +
				"  go on: labcheck tutorial" + flag + "   look: labcheck status" + flag + "   remove it: labcheck down" + flag + "\n")

			p = labOnTerminal(t, width, subnet, "up")
			p.wantExit(exitHolds)
			p.wantScreen(part(width, hosts) + part(width, "Perform the tutorial") +
				"Lab terminal is running on " + subnet + " after %s.\n" +
				"  check it: labcheck" + flag + "   type on it: eval \"$(labcheck env" + flag + ")\"   remove it: labcheck down" + flag + "\n")

			p = labOnTerminal(t, width, subnet, "check", "--tags=@id:join-container", "--out=evidence")
			p.wantExit(exitHolds)
			p.wantScreen(part(width, "Step 1: Construct the cluster") + part(width, "Gather evidence") + "✓ 4 claims hold, in %s\n  evidence: evidence\n")

			p = labOnTerminal(t, width, subnet, "images", "save", "-")
			p.wantExit(exitUsage)
			p.wantScreen("labcheck: an archive is not for a terminal: name a file, or pipe it into a program\n" +
				"   try: labcheck images save --help\n")

			p = labOnTerminal(t, width, subnet, "down")
			p.wantExit(exitHolds)
			p.wantScreen(part(width, "Remove the lab"))
		})
	}
}

// TestExecOnTerminal: a command on a host has the terminal, its size and all of its
// keys, and the terminal is as before when it has ended.
func TestExecOnTerminal(t *testing.T) {
	subnet := subnettest.ForLab(t, terminalLab).String()
	down := func() {
		run(context.Background(), []string{"down", "--quiet", "--lab", terminalLab}, strings.NewReader(""), new(bytes.Buffer), os.Stderr)
	}
	t.Cleanup(down)
	labOnTerminal(t, 80, subnet, "up", "--bare", "--quiet").wantExit(exitHolds)
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
