package images

import "testing"

// TestParse wants names to be ours that Ref gives, today or once, and no other.
func TestParse(t *testing.T) {
	s := New(nil, Options{})
	for ref, want := range map[string]Name{
		"labcheck/node:0123456789ab":             Node,
		"labcheck/node-with-consul:abcdef012345": NodeWithConsul,
		"labcheck/sshd:0123456789ab":             SSHD,
		"labcheck/base:0123456789ab":             "base", // of earlier labchecks
		"labcheck/node:latest":                   "",
		"labcheck/node:0123456789abc":            "",
		"labcheck/node:0123456789AB":             "",
		"labcheck/node":                          "",
		"labcheck/mine:0123456789ab":             "",
		"labcheck/a/node:0123456789ab":           "",
		"other/node:0123456789ab":                "",
		"host:5000/labcheck/node:0123456789ab":   "",
	} {
		if got, ok := s.parse(ref); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q, %t", ref, got, ok)
		}
	}
}
