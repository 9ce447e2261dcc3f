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
		t.Errorf("sh splits %s into %q", line, got)
	}
	if got := ShellLine("=ls"); got != "'=ls'" {
		t.Errorf("zsh expands %s to the path of ls", got)
	}
	const info = "docker -H=tcp://192.168.33.11:3375 info"
	if got := ShellLine(strings.Fields(info)...); got != info {
		t.Errorf("%s, want %s", got, info)
	}
}
