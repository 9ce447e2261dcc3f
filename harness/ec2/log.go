package ec2

import (
	"slices"
	"strconv"
)

// engineLog returns the command that tells the last lines of the engine's log.
func engineLog(lines int) []string {
	return []string{"journalctl", "--unit", "docker", "--no-pager", "--lines", strconv.Itoa(lines)}
}

// isEngineLog reports whether a command is engineLog: journalctl can also throw logs away.
func isEngineLog(argv []string) bool {
	if len(argv) == 0 {
		return false
	}
	lines, err := strconv.Atoi(argv[len(argv)-1])
	return err == nil && slices.Equal(argv, engineLog(lines))
}
