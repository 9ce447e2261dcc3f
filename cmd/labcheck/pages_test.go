package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tableast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"

	"labcheck/harness/ec2"
	"labcheck/harness/lang"
	"labcheck/sim"
)

// page is a page of the documentation.
type page struct {
	name   string // from the root of the repository: docs/faults.md
	source []byte
	node   ast.Node
}

// readPages returns all pages, by name.
func readPages(t *testing.T) map[string]page {
	t.Helper()
	all := map[string]page{}
	for _, pattern := range []string{
		"*.md", "docs/*.md", "docs/*/*.md", ".github/*.md", "sim/images/*.md", "harness/diagnose/testdata/faults/*.md",
	} {
		files, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
			parser := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser()
			all[name] = page{name, source, parser.Parse(text.NewReader(source))}
		}
	}
	if len(all) < 70 {
		t.Fatalf("%d pages", len(all))
	}
	return all
}

// walk calls visit for each node of the page.
func (p page) walk(visit func(ast.Node)) {
	_ = ast.Walk(p.node, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // visit has no error
		if entering {
			visit(n)
		}
		return ast.WalkContinue, nil
	})
}

// blockText returns the text of a code block or a heading.
func (p page) blockText(n ast.Node) string { return string(n.Lines().Value(p.source)) }

// translation returns the name of the Japanese edition of a page or a feature.
func translation(name string) string {
	switch dir, file := path.Split(name); dir {
	case "":
		return strings.TrimSuffix(file, ".md") + ".ja.md"
	case "features/en/":
		return "features/ja/" + file
	default:
		return dir + "ja/" + file
	}
}

// TestPagesAreTranslated wants README and each page of docs in both languages, with
// the same headings, tables, lists and blocks in the same order, and the same
// commands, flags and links in each of them.
func TestPagesAreTranslated(t *testing.T) {
	pages := readPages(t)
	editions := map[string]string{}
	for name := range pages {
		if dir := path.Dir(name); dir == "docs" || name == "README.md" {
			editions[translation(name)] = name
		}
	}
	for name := range pages {
		if _, known := editions[name]; path.Dir(name) == "docs/ja" && !known {
			t.Errorf("%s has no English edition", name)
		}
	}
	for ja, en := range editions {
		if _, ok := pages[ja]; !ok {
			t.Errorf("%s has no Japanese edition", en)
			continue
		}
		if diff := cmp.Diff(pages[en].outline(editions), pages[ja].outline(editions)); diff != "" {
			t.Errorf("%s and %s (-en +ja):\n%s", en, ja, diff)
		}
	}
}

// element is a part of a page without what is in a language.
type element struct {
	Kind  string
	Block []string // lines of code
	Words []string // code, and links; sorted, as sentences have them in the order of the language
}

// outline returns the parts of a page.
func (p page) outline(editions map[string]string) []element {
	var parts []element
	p.walk(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.Heading:
			parts = append(parts, element{Kind: fmt.Sprintf("heading %d", n.Level)})
		case *tableast.TableRow:
			parts = append(parts, element{Kind: fmt.Sprintf("row of %d", n.ChildCount())})
		case *ast.Paragraph, *ast.ListItem, *tableast.TableHeader:
			parts = append(parts, element{Kind: n.Kind().String()})
		case *ast.FencedCodeBlock:
			language := string(n.Language(p.source))
			parts = append(parts, element{Kind: "block " + language, Block: linesOf(p.blockText(n), language)})
		case *ast.CodeSpan:
			last := &parts[len(parts)-1]
			last.Words = append(last.Words, p.spanText(n))
		case *ast.Link:
			last := &parts[len(parts)-1]
			last.Words = append(last.Words, p.target(string(n.Destination), editions))
		}
	})
	for i := range parts {
		parts[i].Words = slices.DeleteFunc(parts[i].Words, said.MatchString)
		slices.Sort(parts[i].Words)
		parts[i].Words = slices.Compact(parts[i].Words)
	}
	return parts
}

// linesOf returns the lines of a block, without comments. Of a block that shows what
// labcheck prints it returns what is typed.
func linesOf(block, language string) []string {
	var lines []string
	for line := range strings.Lines(block) {
		before, _, _ := strings.Cut(line, "# ")
		if language != "" || strings.HasPrefix(line, "$ ") {
			lines = append(lines, strings.TrimSpace(before))
		}
	}
	return lines
}

// spanText returns a span of code as a reader sees it.
func (p page) spanText(n ast.Node) string {
	var s strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		s.Write(c.(*ast.Text).Segment.Value(p.source))
	}
	return strings.Join(strings.Fields(s.String()), " ")
}

// said are words of labcheck's, which are in its language.
var said = regexp.MustCompile(`can't be used|can be reached|[\p{Hiragana}\p{Katakana}\p{Han}]`)

// target returns what a link leads to, in English, without the place on the page.
func (p page) target(link string, editions map[string]string) string {
	file, _ := p.resolve(link)
	if en, ok := editions[file]; ok {
		return en
	}
	return strings.Replace(file, "features/ja", "features/en", 1)
}

// resolve returns the file that a link leads to, from the root of the repository,
// and the place in it. Of a link to elsewhere the file is the address.
func (p page) resolve(link string) (file, place string) {
	if strings.Contains(link, "://") {
		return link, ""
	}
	file, place, _ = strings.Cut(link, "#")
	if file == "" {
		return p.name, place
	}
	return path.Join(path.Dir(p.name), file), place
}

// TestLinks wants each link to lead to a file, and to a heading of it. A Japanese page
// links to the Japanese edition.
func TestLinks(t *testing.T) {
	pages := readPages(t)
	seen := 0
	for _, p := range pages {
		p.walk(func(n ast.Node) {
			link := ""
			switch n := n.(type) {
			case *ast.Link:
				link = string(n.Destination)
			case *ast.Image:
				link = string(n.Destination)
			default:
				return
			}
			file, place := p.resolve(link)
			if strings.Contains(file, "://") {
				return
			}
			seen++
			if _, err := os.Stat("../../" + file); err != nil {
				t.Errorf("%s links to %s, which does not exist", p.name, link)
			}
			if place != "" && !slices.Contains(pages[file].places(), place) {
				t.Errorf("%s links to %s: %s has no such heading", p.name, link, file)
			}
			ja := translation(file)
			_, err := os.Stat("../../" + ja)
			if isJapanese := strings.Contains(p.name, "ja"); isJapanese && err == nil && ja != p.name {
				t.Errorf("%s links to %s, not to %s", p.name, file, ja)
			}
		})
	}
	if seen < 200 {
		t.Errorf("%d links", seen)
	}
}

// places returns the places of a page that GitHub makes of its headings.
func (p page) places() []string {
	var all []string
	if p.node == nil {
		return nil
	}
	p.walk(func(n ast.Node) {
		if h, ok := n.(*ast.Heading); ok {
			all = append(all, strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case unicode.In(r, unicode.L, unicode.M, unicode.N) || r == '-' || r == '_':
					return unicode.ToLower(r)
				}
				return -1
			}, p.blockText(h)))
		}
	})
	return all
}

// TestCommandLinesOfPages wants each command line of labcheck on a page, in a block or a
// sentence, to be one that labcheck takes.
func TestCommandLinesOfPages(t *testing.T) {
	seen := 0
	for _, p := range readPages(t) {
		p.walk(func(n ast.Node) {
			shell := ""
			switch n := n.(type) {
			case *ast.FencedCodeBlock:
				if string(n.Language(p.source)) == "sh" {
					shell = p.blockText(n)
				}
			case *ast.CodeSpan:
				span := p.spanText(n)
				if strings.HasPrefix(span, "labcheck ") && !strings.Contains(span, "...") {
					shell = span
				}
			}
			for _, args := range labcheckCalls(t, p.name, shell) {
				seen++
				if err := takesArgs(args); err != nil {
					t.Errorf("%s: labcheck %s: %v", p.name, strings.Join(args, " "), err)
				}
			}
		})
	}
	if seen < 150 {
		t.Errorf("%d command lines", seen)
	}
}

// labcheckCalls returns the arguments of each call of labcheck in a shell script.
func labcheckCalls(t *testing.T, name, script string) [][]string {
	t.Helper()
	file, err := syntax.NewParser().Parse(strings.NewReader(script), name)
	if err != nil {
		t.Errorf("%s: %v in\n%s", name, err, script)
		return nil
	}
	var calls [][]string
	syntax.Walk(file, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && len(call.Args) > 0 && path.Base(call.Args[0].Lit()) == "labcheck" {
			args, err := expand.Fields(nil, call.Args[1:]...)
			if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, script)
			}
			calls = append(calls, args)
		}
		return true
	})
	return calls
}

// takesArgs returns why labcheck does not take arguments.
func takesArgs(args []string) error {
	root := englishRoot()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	c.InitDefaultHelpFlag()
	if err := c.ParseFlags(rest); err != nil {
		return err
	}
	if len(rest) == 0 {
		return nil // a sentence names the command
	}
	return c.ValidateArgs(c.Flags().Args())
}

func englishRoot() *cobra.Command {
	return (&app{lang: lang.English, options: sim.Options{Dial: sim.DialAuto}}).root()
}

// TestDataOfPages wants blocks of YAML and JSON to be just that, and inventories to be
// inventories.
func TestDataOfPages(t *testing.T) {
	inventories := 0
	for _, p := range readPages(t) {
		p.walk(func(n ast.Node) {
			block, ok := n.(*ast.FencedCodeBlock)
			if !ok {
				return
			}
			content := p.blockText(block)
			switch string(block.Language(p.source)) {
			case "json":
				if !json.Valid([]byte(content)) {
					t.Errorf("%s: this is not JSON:\n%s", p.name, content)
				}
			case "yaml":
				var document map[string]any
				err := yaml.Unmarshal([]byte(content), &document)
				if _, ok := document["nodes"]; ok {
					inventories++
					_, err = ec2.Read(p.name, []byte(content))
				}
				if err != nil {
					t.Errorf("%s: %v in\n%s", p.name, err, content)
				}
			}
		})
	}
	if inventories < 2 {
		t.Errorf("%d inventories", inventories)
	}
}

// TestFrontPage wants README to be short, and its picture to be small and XML.
func TestFrontPage(t *testing.T) {
	for name, limit := range map[string]int{"README.md": 7000, "README.ja.md": 9000, "docs/tutorial.svg": 150_000} {
		content, err := os.ReadFile("../../" + name)
		if err != nil || len(content) > limit {
			t.Errorf("%s has %d bytes, want at most %d: %v", name, len(content), limit, err)
		}
		if path.Ext(name) == ".svg" {
			if err := xml.Unmarshal(content, new(struct{})); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestCommandPages wants docs/commands to be as the commands are.
func TestCommandPages(t *testing.T) {
	dir := t.TempDir()
	if err := writeDocs(englishRoot(), dir, "markdown"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(contents(t, dir), contents(t, "../../docs/commands")); diff != "" {
		t.Errorf("make docs changes these (-now +docs):\n%s", diff)
	}
	if err := writeDocs(englishRoot(), dir, "man"); err != nil {
		t.Fatal(err)
	}
	manual, err := os.ReadFile(filepath.Join(dir, "labcheck-fault-cut.1"))
	if err != nil || !strings.Contains(string(manual), `.TH "LABCHECK-FAULT-CUT" "1"`) {
		t.Errorf("%v: %s", err, manual)
	}
}

// contents returns the files of a folder with their content.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(content)
	}
	return all
}
