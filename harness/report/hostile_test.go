package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	goldhtml "github.com/yuin/goldmark/renderer/html"
	"golang.org/x/net/html"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// poison is what no report may take for more than text. Its marker counts how
// often it came through.
const poison = "PWN\"'><script>alert(1)</script></style></textarea></title><img src=x onerror=alert(1)>" +
	"<!--]]></summary></details><details>&lt;b&gt;javascript:alert(1) {{.}} | a | `code` ``` ~~~ **b** [l](javascript:a) @somebody " +
	"https://evil.test\n\x1b[31m\x1b]8;;http://evil.test\x07\u202e\u2066\u200f\x00\x9b2J\n" +
	"::error file=a,line=1::b%0A\n  ::set-env name=a::b\n##[error]c\n# h\n- l\n1. o\n```\n<script>x</script>\n"

// full is evidence of which no part is empty.
func full(t *testing.T) harness.Evidence {
	e := rich(t)
	e.Run.Error, e.Run.Tags, e.Run.Labcheck = "x", "x", "x"
	e.Snapshots[0].Hosts[1].Problems = []string{"x"}
	e.Scenarios[0].Tags = append(e.Scenarios[0].Tags, "@x")
	e.Scenarios[0].Steps[0].Commands[0].ExitCode = 1
	return e
}

// poisoned is evidence with the poison in every string that it has, but those
// of a fixed vocabulary.
func poisoned(t *testing.T) harness.Evidence {
	e := full(t)
	spoil(reflect.ValueOf(&e).Elem())
	return e
}

func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		switch v.Interface().(type) {
		case harness.Verdict, harness.Status, harness.FieldVerdict, harness.Confidence, lang.Language:
		default:
			v.SetString(poison)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		if v.IsNil() {
			return
		}
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.Value{})
		}
		v.SetMapIndex(reflect.ValueOf(poison), reflect.ValueOf(poison))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type().PkgPath() == "net/netip" {
			return
		}
		for i := range v.NumField() {
			spoil(v.Field(i))
		}
	}
}

// TestPoisonIsText holds that HTML has the elements and attributes which it has
// without the poison, and no others.
func TestPoisonIsText(t *testing.T) {
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		known := elements(t, render(t, full(t), l))
		got := render(t, poisoned(t), l)
		for element := range elements(t, got) {
			if !known[element] {
				t.Errorf("%s: the poison made %s", l, element)
			}
		}
		noControls(t, got)
		if n := strings.Count(got, "PWN"); n < 500 {
			t.Errorf("the poison is there only %d times", n)
		}
		if n := strings.Count(got, "<script"); n != 1 {
			t.Errorf("%d scripts", n)
		}
	}
}

func render(t testing.TB, e harness.Evidence, l lang.Language) string {
	t.Helper()
	var b strings.Builder
	if err := HTML(&b, e, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements are the kinds of elements of a page with their attributes' names, and
// the targets of what could fetch, lead away or run something.
func elements(t *testing.T, page string) map[string]bool {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			all["a comment"] = true
		}
		if n.Type != html.ElementNode {
			continue
		}
		for _, a := range n.Attr {
			value := ""
			switch a.Key {
			case "href":
				value = "elsewhere"
				if strings.HasPrefix(a.Val, "#") {
					value = "within"
				}
			case "src", "action", "style", "http-equiv", "srcset", "srcdoc", "data":
				value = a.Val
			}
			all["<"+n.Data+" "+a.Key+"="+value+">"] = true
		}
		all["<"+n.Data+">"] = true
	}
	return all
}

func noControls(t *testing.T, out string) {
	t.Helper()
	for i, r := range out {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control)) {
			t.Fatalf("a control character %q at %.60q", r, out[max(0, i-20):])
		}
	}
}

// TestPoisonInMarkdown renders as GitHub does before it sanitizes, raw HTML and
// all: what it would sanitize is not there in the first place.
func TestPoisonInMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := Markdown(&b, poisoned(t), lang.English); err != nil {
		t.Fatal(err)
	}
	noControls(t, b.String())
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(goldhtml.WithUnsafe()))
	var page strings.Builder
	if err := md.Convert(b.Bytes(), &page); err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields("html head body h2 h3 p pre code table thead tbody tr th td ul li em details summary")
	root, err := html.Parse(strings.NewReader(page.String()))
	if err != nil {
		t.Fatal(err)
	}
	folded := 0
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "details" {
			folded++
		}
		if n.Type == html.CommentNode || n.Type == html.ElementNode && !slices.Contains(allowed, n.Data) {
			t.Errorf("the poison made <%s>", n.Data)
		}
		if n.Type == html.TextNode && n.Parent.Data != "code" && strings.Contains(n.Data, "@somebody") {
			t.Error("somebody is mentioned")
		}
	}
	if folded != 3 { // the observations of one finding, and two false claims
		t.Errorf("%d parts are folded", folded)
	}
	if n := strings.Count(page.String(), "PWN"); n < 10 {
		t.Errorf("the poison is there only %d times", n)
	}
}

// TestPoisonInXML holds that JUnit's XML has no other elements either.
func TestPoisonInXML(t *testing.T) {
	var b bytes.Buffer
	if err := JUnit(&b, poisoned(t)); err != nil {
		t.Fatal(err)
	}
	if err := wellFormed(b.Bytes()); err != nil {
		t.Error(err)
	}
	noControls(t, b.String())
	if strings.Contains(b.String(), "<script") || strings.Contains(b.String(), "<!--") {
		t.Error("markup came through")
	}
}

// TestPoisonInLog holds that GitHub, which reads a job's output, finds there
// only the commands that were meant.
func TestPoisonInLog(t *testing.T) {
	e := poisoned(t)
	var terminal, annotations bytes.Buffer
	err := errors.Join(Terminal(&terminal, e, TerminalOptions{Evidence: "out"}), Annotations(&annotations, e))
	if err != nil {
		t.Fatal(err)
	}
	noControls(t, terminal.String())
	noControls(t, annotations.String())
	for line := range strings.Lines(terminal.String()) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("a workflow command: %q", line)
		}
	}
	lines := strings.Split(strings.TrimSpace(annotations.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d annotations, not 3", len(lines))
	}
	for _, line := range lines {
		properties, _, _ := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
		for _, p := range strings.Split(properties, ",") {
			if name, _, _ := strings.Cut(p, "="); !slices.Contains([]string{"file", "line", "title"}, name) {
				t.Errorf("a property %q in %q", name, line)
			}
		}
	}
}

// TestPoisonIsRead holds that such evidence comes back from its file.
func TestPoisonIsRead(t *testing.T) {
	var b bytes.Buffer
	if err := Results(&b, poisoned(t)); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b.Bytes()) {
		t.Error("not JSON")
	}
	if _, err := readResults(&b); err != nil {
		t.Error(err)
	}
}

func FuzzHTML(f *testing.F) {
	f.Add("Step 1", "docker info", "Nodes: 4", "Nodes / a / Status", "4")
	f.Add(poison, poison, poison, poison, "PWN")
	f.Fuzz(func(t *testing.T, title, cmd, out, field, value string) {
		e := harness.Evidence{
			Scenarios: make([]harness.Scenario, 1), Snapshots: snapshots(), Findings: []harness.Finding{finding()},
		}
		s := &e.Scenarios[0]
		s.Feature, s.Name, s.ID, s.Status, s.Expected, s.Seen = title, cmd, field, harness.Failed, out, value
		e.Snapshots[1].Hosts[0].Name, e.Snapshots[1].After, e.Findings[0].Cause = title, cmd, out
		s.Steps = []harness.Step{{
			Keyword: field, Text: out, Status: harness.Failed,
			Commands: []harness.Result{{Node: title, Argv: []string{"sh", "-c", cmd}, Stdout: out}},
			Comparison: &harness.Comparison{
				Shown:  out,
				Fields: []harness.Field{{Name: field, Page: value, Seen: title, Verdict: harness.FieldWrong}},
			},
		}}
		page := render(t, e, lang.Japanese)
		noControls(t, page)
		if n := strings.Count(page, "<script"); n != 1 {
			t.Errorf("%d scripts", n)
		}
		if err := Markdown(io.Discard, e, lang.English); err != nil {
			t.Error(err)
		}
	})
}
