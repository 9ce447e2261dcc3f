package ec2

import (
	"slices"
	"strings"
)

// looks are the commands that change nothing on a node, without their options
// and what they are about.
var looks = [][]string{
	{"docker", "info"},
	{"docker", "inspect"},
	{"docker", "network", "inspect"},
	{"docker", "network", "ls"},
	{"docker", "ps"},
	{"docker", "version"},
	{"journalctl"},
}

// OnlyLooks tells whether a command is known to change nothing.
func OnlyLooks(argv []string) bool {
	words := argv
	if len(words) > 2 && words[0] == "docker" && words[1] == "-H" && strings.HasPrefix(words[2], "tcp://") {
		words = append([]string{"docker"}, words[3:]...)
	}
	known := slices.ContainsFunc(looks, func(l []string) bool {
		return len(words) >= len(l) && slices.Equal(words[:len(l)], l)
	})
	// journalctl can also throw logs away.
	return known && !slices.ContainsFunc(words, func(w string) bool {
		return words[0] == "journalctl" && (strings.HasPrefix(w, "--vacuum") || w == "--rotate" || w == "--flush")
	})
}
