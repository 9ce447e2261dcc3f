package main

import (
	"bytes"
	"testing"

	"labcheck/harness/terminal"
)

// With --quiet progress is not shown, but what a person must know is.
func TestQuietProgress(t *testing.T) {
	var out bytes.Buffer
	a := newApp(terminal.New(t.Context(), nil, nil, &out))
	a.quiet = true
	p := newProgress(a)
	if err := p.TrackPart("Start", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	p.PrintLine("The lab is kept.")
	p.Close()
	if out.String() != "The lab is kept.\n" {
		t.Errorf("written: %q", out.String())
	}
}
