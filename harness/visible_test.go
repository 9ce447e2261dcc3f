package harness

import "testing"

func TestShowControls(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"store\tok\r\n", "store\tok\n"},
		{"a \x1b[31mred\x1b[2J\nb\rc", `a \x1b[31mred\x1b[2J` + "\n" + `b\x0dc`},
		{"\u009b2J \x7f \u202e\u2066", `\u009b2J \u007f \u202e\u2066`},
		{"\xff\xfe 日本", "\uFFFD 日本"},
	} {
		if got := ShowControls(c.in); got != c.want {
			t.Errorf("ShowControls(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}
