package harness

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestShellLine(t *testing.T) {
	argv := []string{"a", "", "it's", "a b", "--name=x", "{{.Name}}", "$HOME", "~", "*", "a\nb", `\`, "名前", ";", "!"}
	line := ShellLine(append([]string{"printf", `%s\0`}, argv...)...)
	out, err := exec.Command("sh", "-c", line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	if got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(got, argv) {
		t.Errorf("sh takes %s apart as %q", line, got)
	}
	if got := ShellLine("=ls"); got != "'=ls'" {
		t.Errorf("zsh takes %s for the path of ls", got)
	}
	if got := ShellLine("docker", "-H=tcp://192.168.33.11:3375", "info"); got != "docker -H=tcp://192.168.33.11:3375 info" {
		t.Errorf("quoted without need: %s", got)
	}
}
