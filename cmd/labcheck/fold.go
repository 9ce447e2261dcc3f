package main

import (
	"io"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// columns is how wide a terminal is, and what a log is taken for where w is
// none.
func columns(w io.Writer) int {
	if f, ok := w.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 80
}

// fold breaks a text into lines that end before width columns, where Unicode's
// rules (UAX #14) allow a break: Japanese has no spaces. The text begins at a
// column, and so do all of its lines.
func fold(s string, column, width int) string {
	var lines []string
	line, state := "", -1
	for s != "" {
		var part string
		part, s, _, state = uniseg.FirstLineSegmentInString(s, state)
		if line != "" && column+uniseg.StringWidth(line+strings.TrimRight(part, " ")) > width {
			lines = append(lines, strings.TrimRight(line, " "))
			line = ""
		}
		line += part
	}
	return strings.Join(append(lines, line), "\n"+strings.Repeat(" ", column))
}
