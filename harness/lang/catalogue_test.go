package lang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is what labcheck's code says.
type source struct {
	constants map[string]bool   // all string constants
	texts     map[string]string // what is said, and where
	unknown   []string          // where it is not known what is said
}

// speaking are the functions that take a text, and which of their arguments it is.
// Those that forward theirs call it format.
var speaking = map[string]int{"Say": 0, "Textf": 0, "Errorf": 0, "Count": 1, "setCause": 0, "note": 1, "reject": 1, "say": 1, "compare": 0}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{map[string]bool{}, map[string]string{}, nil}
	for _, root := range []string{"../../cmd", "../../harness", "../../sim"} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go"):
				return err
			case strings.HasSuffix(name, ".go"):
				return s.readGo(name)
			case strings.HasSuffix(name, ".tmpl"):
				return s.readTemplate(name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *source) readGo(name string) error {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			s.readCall(n, positions.Position(n.Pos()).String())
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok {
				s.readField(key.Name, n.Value, positions.Position(n.Pos()).String())
			}
		case ast.Expr:
			if text, ok := constant(n); ok {
				s.constants[text] = true
			}
		}
		return true
	})
	return nil
}

// readField reads the text of a Text, or of the table of codes.
func (s *source) readField(name string, value ast.Expr, where string) {
	text, isConstant := constant(value)
	switch {
	case name == "EN":
		s.readText(value, where)
	case isConstant && slices.Contains([]string{"Title", "Cause", "Advice", "Looks", "Why"}, name):
		s.texts[text] = where
	}
}

func (s *source) readCall(call *ast.CallExpr, where string) {
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return
	}
	i, ok := speaking[function.Sel.Name]
	if qualifier, isName := function.X.(*ast.Ident); !ok || isName && slices.Contains([]string{"fmt", "t", "strings"}, qualifier.Name) {
		return
	}
	if len(call.Args) > i {
		s.readText(call.Args[i], where)
	}
	if function.Sel.Name == "Count" && len(call.Args) == 3 {
		s.readText(call.Args[2], where)
	}
}

func (s *source) readText(e ast.Expr, where string) {
	text, ok := constant(e)
	if name, isName := e.(*ast.Ident); isName && name.Name == "format" {
		return
	}
	if !ok {
		s.unknown = append(s.unknown, where)
		return
	}
	s.texts[text] = where
}

// constant returns the value of a string literal, or of several that are added.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		left, isLeft := constant(e.X)
		right, isRight := constant(e.Y)
		return left + right, isLeft && isRight
	}
	return "", false
}

var saidInTemplate = regexp.MustCompile(`Say ("(?:[^"\\]|\\.)*")`)

func (s *source) readTemplate(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	for _, m := range saidInTemplate.FindAllSubmatch(content, -1) {
		text, err := strconv.Unquote(string(m[1]))
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, m[1], err)
		}
		s.constants[text], s.texts[text] = true, name
	}
	return nil
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([-+# 0-9.]*[a-zA-Z%])`)

// verbs returns the verb of each argument of a format.
func verbs(format string) map[int]string {
	all := map[int]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		all[next] = m[2]
		next++
	}
	return all
}

// needsTranslation reports whether a format has words, and not only arguments,
// punctuation and names of flags or files.
func needsTranslation(format string) bool {
	words := regexp.MustCompile(`[A-Za-z]+`)
	flagOrFile := regexp.MustCompile(`--[a-z-]+|[a-z]+\.(yaml|lock)`)
	return words.MatchString(flagOrFile.ReplaceAllString(verb.ReplaceAllString(format, ""), ""))
}

func TestCatalogue(t *testing.T) {
	s := readSource(t)
	for text, where := range s.texts {
		if _, ok := japanese()[text]; !ok && needsTranslation(text) {
			t.Errorf("%s: ja.json lacks %q", where, text)
		}
	}
	for english, translated := range japanese() {
		if !s.constants[english] && s.texts[english] == "" {
			t.Errorf("ja.json: %q is not said any more", english)
		}
		if translated != english && needsTranslation(translated) && !regexp.MustCompile(`[\p{Han}\p{Hiragana}\p{Katakana}、]`).MatchString(translated) {
			t.Errorf("ja.json: the translation of %q is %q", english, translated)
		}
		if want, got := verbs(english), verbs(translated); fmt.Sprint(want) != fmt.Sprint(got) {
			t.Errorf("ja.json: %q takes %v, its translation %v", english, want, got)
		}
	}
}

// unfit are kinds of texts that a person does not understand at once.
var unfit = map[string]*regexp.Regexp{
	"Go's syntax of a value":     regexp.MustCompile(`%[+#]v|%!|<nil>`),
	"two spaces":                 regexp.MustCompile(`[^\s.:] {2}\S`),
	"a number that does not fit": regexp.MustCompile(`\b1 (claims|hosts|labs|containers|packages|nodes|commands)\b`),
	"a sentence with two stops":  regexp.MustCompile(`\.\.(\s|$)|。。`),
	"a space before a stop":      regexp.MustCompile(` [,.;:](\s|$)`),
}

// TestTextsAreFit looks for them in every text, in each language.
func TestTextsAreFit(t *testing.T) {
	for text, where := range readSource(t).texts {
		for _, said := range []string{text, Japanese.Format(text)} {
			for kind, pattern := range unfit {
				if found := pattern.FindString(said); found != "" {
					t.Errorf("%s: %s, %q, in %q", where, kind, found, said)
				}
			}
		}
	}
}

// TestTextsAreConstants wants each text to be a constant: what is put together
// while labcheck runs is in no catalogue.
func TestTextsAreConstants(t *testing.T) {
	for _, where := range readSource(t).unknown {
		if !strings.HasPrefix(where, "../../harness/lang/") {
			t.Errorf("%s: the text is not a constant", where)
		}
	}
}
