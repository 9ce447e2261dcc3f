package lang_test

import (
	"io"
	"testing"

	"labcheck/harness/lang"
)

func TestSay(t *testing.T) {
	tests := map[string]struct {
		text   lang.Speaker
		en, ja string
	}{
		"a text":             {lang.Text{EN: "names of nodes"}, "names of nodes", "ノード名"},
		"a plain percentage": {lang.Text{EN: "100%"}, "100%", "100%"},
		"its own Japanese":   {lang.Text{EN: "one", JA: "一"}, "one", "一"},
		"verbatim":           {lang.Verbatim("nodes"), "nodes", "nodes"},
		"another order":      {lang.Textf("%d of %d", 1, 2), "1 of 2", "2 のうち 1"},
		"a text in a text":   {lang.Textf("%s: %s", "x", lang.Text{EN: "names of nodes"}), "x: names of nodes", "x: ノード名"},
		"an error in a text": {lang.Textf("%s: %s", io.EOF, lang.Errorf("not in force")), "EOF: not in force", "EOF: 起きていない"},
		"a list":             {lang.List{{EN: "nodes"}, lang.Verbatim("x")}, "nodes, x", "ノード数、x"},
		"an empty list":      {lang.List{}, "", ""},
	}
	for name, c := range tests {
		if got := c.text.In(lang.English); got != c.en {
			t.Errorf("%s: %q, want %q", name, got, c.en)
		}
		if got := c.text.In(lang.Japanese); got != c.ja {
			t.Errorf("%s: %q, want %q", name, got, c.ja)
		}
		if got, want := c.text.In(""), c.text.In(lang.English); got != want {
			t.Errorf("%s: %q without a language, want English", name, got)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 claims hold", "1 claim holds", "2 claims hold"} {
		if got := lang.English.Count(n, "%d claim holds", "%d claims hold"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := lang.Japanese.Count(1, "%d claim holds", "%d claims hold"); got != "1 件の記述が成り立つ" {
		t.Errorf("%q", got)
	}
}

func TestTextEqual(t *testing.T) {
	one := lang.Textf("%d of %d", 1, 2)
	switch {
	case !one.Equal(lang.Textf("%d of %d", 1, 2)):
		t.Error("the same text is not equal")
	case one.Equal(lang.Textf("%d of %d", 2, 2)), one.Equal(lang.Verbatim("1 of 2")):
		t.Error("another text is equal")
	}
}
