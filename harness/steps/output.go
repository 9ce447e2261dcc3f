package steps

import (
	"regexp"
	"strings"
)

// This file compares what the docker CLI prints.

var unitGap = regexp.MustCompile(`(\d) +([kKMGTP]?i?B)\b`)

// figure writes a value as the comparison needs it. The page's client printed
// "992.2 MiB" where today's prints "992.2MiB"; a trailing slash of a URL means
// nothing.
func figure(s string) string {
	return strings.TrimSuffix(unitGap.ReplaceAllString(strings.TrimSpace(s), "$1$2"), "/")
}

// list splits "health, port, dependency".
func list(s string) []string {
	var all []string
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}
