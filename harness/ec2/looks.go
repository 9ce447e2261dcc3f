package ec2

import (
	"slices"
	"strings"
)

// readOnlyCommands are the commands of docker that change nothing on a node, without their options
// and what they are about.
var readOnlyCommands = [][]string{
	{"docker", "info"},
	{"docker", "inspect"},
	{"docker", "network", "inspect"},
	{"docker", "network", "ls"},
	{"docker", "ps"},
	{"docker", "version"},
}

// OnlyLooks tells whether a command is known to change nothing.
func OnlyLooks(argv []string) bool {
	words := argv
	if len(words) > 2 && words[0] == "docker" && words[1] == "-H" && strings.HasPrefix(words[2], "tcp://") {
		words = append([]string{"docker"}, words[3:]...)
	}
	return isEngineLog(argv) || slices.ContainsFunc(readOnlyCommands, func(l []string) bool {
		return len(words) >= len(l) && slices.Equal(words[:len(l)], l)
	})
}
