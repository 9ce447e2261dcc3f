package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pairs are the functions that take a text in each language, and which of their
// parameters the English one is; the Japanese one is the next.
var pairs = map[string]int{"Say": 0, "Errorf": 0, "Textf": 0, "compare": 0, "asked": 2, "about": 3, "say": 1, "done": 1}

// TestTextsAreInBothLanguages holds of every pair of texts that both have the
// same verbs for the same arguments, and that the second is Japanese.
func TestTextsAreInBothLanguages(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if en, ja, ok := pair(n); ok {
				seen++
				if wrong := unlike(en, ja); wrong != "" {
					t.Errorf("%s: %s: %q, %q", files.Position(n.Pos()), wrong, en, ja)
				}
			}
			return true
		})
		return nil
	})
	if err != nil || seen < 100 {
		t.Errorf("%d pairs were found, %v", seen, err)
	}
}

// pair gives the texts of a call with two literals, or of a harness.Text.
func pair(n ast.Node) (en, ja string, ok bool) {
	switch n := n.(type) {
	case *ast.CallExpr:
		f, is := n.Fun.(*ast.SelectorExpr)
		if !is {
			return "", "", false
		}
		i, known := pairs[f.Sel.Name]
		if !known || len(n.Args) < i+2 {
			return "", "", false
		}
		return literals(n.Args[i], n.Args[i+1])
	case *ast.CompositeLit:
		var texts []ast.Expr
		for _, e := range n.Elts {
			if kv, is := e.(*ast.KeyValueExpr); is && isName(kv.Key, "EN", "JA") {
				texts = append(texts, kv.Value)
			}
		}
		if len(texts) == 2 {
			return literals(texts[0], texts[1])
		}
	}
	return "", "", false
}

func isName(e ast.Expr, names ...string) bool {
	id, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, id.Name)
}

func literals(a, b ast.Expr) (string, string, bool) {
	en, ok := literal(a)
	if !ok {
		return "", "", false
	}
	ja, ok := literal(b)
	return en, ja, ok
}

// literal is a string that is written where it is used, in one or more parts.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		a, isA := literal(e.X)
		b, isB := literal(e.Y)
		return a + b, isA && isB
	}
	return "", false
}

// unlike says what is wrong with a pair.
func unlike(en, ja string) string {
	words := verb.ReplaceAllString(en, "")
	switch {
	case !slices.Equal(verbs(en), verbs(ja)):
		return "other verbs"
	case japanese.MatchString(en):
		return "the English text is Japanese"
	case !japanese.MatchString(ja) && english.MatchString(words):
		return "the Japanese text is not"
	}
	return ""
}

var (
	japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}、。]`)
	english  = regexp.MustCompile(`[a-z]{3}`)
	verb     = regexp.MustCompile(`%(?:\[(\d+)\])?([-+# 0-9.]*[a-zA-Z%])`)
)

// verbs are a format's, each with the number of its argument.
func verbs(format string) []string {
	var all []string
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		all = append(all, strconv.Itoa(next)+m[2])
		next++
	}
	slices.Sort(all)
	return all
}

func TestUnlike(t *testing.T) {
	for _, same := range [][2]string{
		{"%d of %s", "%[2]s のうち %[1]d"}, {"100 %% done", "100 %% 終わった"}, {"%s (%s)", "%s(%s)"}, {"%[1]s, %[1]s", "%[1]s と %[1]s"},
	} {
		if wrong := unlike(same[0], same[1]); wrong != "" {
			t.Errorf("%q: %s", same, wrong)
		}
	}
	for _, other := range [][2]string{
		{"%d of %s", "%d のうち %d"}, {"%s on %s", "%[2]s で"}, {"%s has it", "%s has it"}, {"ある", "ある"}, {"%d", "%[2]d"},
	} {
		if unlike(other[0], other[1]) == "" {
			t.Errorf("%q pass as a pair", other)
		}
	}
}
