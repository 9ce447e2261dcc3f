package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"labcheck/harness/lang"
)

func TestMarkdown(t *testing.T) {
	for name, l := range map[string]lang.Language{"rich.md": lang.English, "rich.ja.md": lang.Japanese} {
		var b bytes.Buffer
		if err := Markdown(&b, rich(t), l); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

// TestMarkdownFitsAComment holds the limit, and that what is left out is
// counted.
func TestMarkdownFitsAComment(t *testing.T) {
	e := rich(t)
	for range 30 {
		s := e.Scenarios[0]
		fail(&s, strings.Repeat("\x1b", 1000), strings.Repeat("値`", 2000))
		e.Scenarios = append(e.Scenarios, s)
	}
	var b bytes.Buffer
	if err := Markdown(&b, e, lang.English); err != nil {
		t.Fatal(err)
	}
	if n := utf8.RuneCount(b.Bytes()); n > maxMarkdown || n < maxMarkdown/2 {
		t.Errorf("%d characters", n)
	}
	shown := strings.Count(b.String(), "<summary>❌")
	omitted := fmt.Sprintf("maximum length: false claims, %d. ", 32-shown)
	for _, want := range []string{omitted, "### Cause: "} { // what to do comes before all claims
		if shown == 0 || !strings.Contains(b.String(), want) {
			t.Errorf("%d claims are shown, and the text lacks %q", shown, want)
		}
	}
}

func TestAnnotations(t *testing.T) {
	e := sample()
	e.Scenarios[1].Name = "100%, a: b"
	e.Run.Error = "ended\r\nearly"
	var b bytes.Buffer
	if err := Annotations(&b, e); err != nil {
		t.Fatal(err)
	}
	golden(t, "annotations.txt", b.Bytes())
}
