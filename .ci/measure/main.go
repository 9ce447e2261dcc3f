// Command measure prints the figures that CONTRIBUTING's rules of style are
// about, for the Go code without tests of the folder that it runs in. With
// -check it fails if one of them is over its limit.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// figure is one of the figures, and the most that it may be.
type figure struct {
	name  string
	value float64
	limit float64 // 0: none
	note  string
}

func main() {
	check := flag.Bool("check", false, "fail if a figure is over its limit")
	flag.Parse()
	all, err := readPackages("cmd", "features", "harness", "sim")
	if err != nil {
		log.Fatal("measure: ", err)
	}
	over := false
	for _, f := range slices.Concat(lineFigures(all), functionFigures(all), arrowFigures(all)) {
		mark := " "
		if f.limit > 0 && f.value > f.limit {
			mark, over = "!", true
		}
		fmt.Printf("%s %-48s %8.1f  %s\n", mark, f.name, f.value, f.note)
	}
	if over && *check {
		fmt.Fprintln(os.Stderr, "measure: what is marked with ! is over its limit")
		os.Exit(1)
	}
}

// goPackage is a folder with Go files that are no tests.
type goPackage struct {
	dir   string
	files []goFile
}

type goFile struct {
	name    string // without its folder
	content []byte
	syntax  *ast.File
}

func readPackages(roots ...string) ([]goPackage, error) {
	files := map[string][]goFile{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			syntax, err := parser.ParseFile(token.NewFileSet(), path, content, parser.SkipObjectResolution)
			dir := filepath.Dir(path)
			files[dir] = append(files[dir], goFile{filepath.Base(path), content, syntax})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var all []goPackage
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		all = append(all, goPackage{dir, files[dir]})
	}
	return all, nil
}

const maxColumns = 120

var japanese = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}\p{Han}]`)

// lineFigures counts lines. A tab counts as four columns.
func lineFigures(all []goPackage) []figure {
	var lines, long, foreign float64
	for _, p := range all {
		for _, f := range p.files {
			for line := range bytes.Lines(f.content) {
				line = bytes.ReplaceAll(bytes.TrimRight(line, "\n"), []byte("\t"), []byte("    "))
				lines++
				if utf8.RuneCount(line) > maxColumns {
					long++
				}
				if japanese.Match(line) {
					foreign++
				}
			}
		}
	}
	return []figure{
		{"lines of Go", lines, 0, ""},
		{fmt.Sprintf("lines over %d columns, percent", maxColumns), 100 * long / lines, 0.4, fmt.Sprint(long)},
		{"lines with Japanese", foreign, 0.1, ""},
	}
}

var oneWord = regexp.MustCompile(`^[a-z0-9]+$`)

// functionFigures measures method sets and names.
func functionFigures(all []goPackage) []figure {
	methods := map[string]float64{}
	var functions, oneWords float64
	for _, p := range all {
		for _, file := range p.files {
			for _, d := range file.syntax.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				functions++
				if oneWord.MatchString(f.Name.Name) && f.Name.Name != "main" {
					oneWords++
				}
				if f.Recv != nil {
					methods[p.dir+"."+receiver(f.Recv.List[0].Type)]++
				}
			}
		}
	}
	largest := ""
	for name, n := range methods {
		if n > methods[largest] || n == methods[largest] && name < largest {
			largest = name
		}
	}
	return []figure{
		{"functions and methods", functions, 0, ""},
		{"named by one lower-case word, percent", 100 * oneWords / functions, 13, fmt.Sprint(oneWords)},
		{"largest method set", methods[largest], 25, largest},
	}
}

func receiver(e ast.Expr) string {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	if generic, ok := e.(*ast.IndexExpr); ok {
		e = generic.X
	}
	return types.ExprString(e)
}

// arrow is a use, in one file, of what another file of its package defines.
type arrow struct{ from, to string }

// arrowFigures measures how many of each package's arrows run back up: those
// that would have to go for its files to stand above all that they use.
func arrowFigures(all []goPackage) []figure {
	var figures []figure
	for _, p := range all {
		arrows := arrowsOf(p)
		if len(arrows) < 20 {
			continue // some circles are no sign of anything there
		}
		back := backArrows(arrows)
		percent := 100 * float64(len(back)) / float64(len(arrows))
		figures = append(figures, figure{"arrows back up, percent: " + p.dir, percent, 12, fmt.Sprintf("%d of %d", len(back), len(arrows))})
	}
	return figures
}

// arrowsOf finds the uses of functions and methods whose name only one file of
// the package defines.
func arrowsOf(p goPackage) map[arrow]bool {
	definedIn := map[string][]string{}
	for _, file := range p.files {
		for _, d := range file.syntax.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && !slices.Contains(definedIn[f.Name.Name], file.name) {
				definedIn[f.Name.Name] = append(definedIn[f.Name.Name], file.name)
			}
		}
	}
	arrows := map[arrow]bool{}
	for _, file := range p.files {
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if in := definedIn[calledName(call)]; len(in) == 1 && in[0] != file.name {
					arrows[arrow{file.name, in[0]}] = true
				}
			}
			return true
		})
	}
	return arrows
}

func calledName(call *ast.CallExpr) string {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		return function.Name
	case *ast.SelectorExpr:
		return function.Sel.Name
	}
	return ""
}

// backArrows returns the arrows that run against the order of files that Eades,
// Lin and Smyth's heuristic finds ("A fast and effective heuristic for the
// feedback arc set problem", 1993).
func backArrows(arrows map[arrow]bool) []arrow {
	place := map[string]int{}
	for i, file := range orderFiles(arrows) {
		place[file] = i
	}
	var back []arrow
	for a := range arrows {
		if place[a.from] > place[a.to] {
			back = append(back, a)
		}
	}
	return back
}

func orderFiles(arrows map[arrow]bool) []string {
	out, in := map[string]int{}, map[string]int{}
	left := map[string]bool{}
	for a := range arrows {
		out[a.from]++
		in[a.to]++
		left[a.from], left[a.to] = true, true
	}
	var first, last []string
	remove := func(file string) {
		delete(left, file)
		for a := range arrows {
			if a.from == file {
				in[a.to]--
			}
			if a.to == file {
				out[a.from]--
			}
		}
	}
	for len(left) > 0 {
		file, isSink := nextFile(left, out, in)
		remove(file)
		if isSink {
			last = append(last, file)
		} else {
			first = append(first, file)
		}
	}
	slices.Reverse(last)
	return append(first, last...)
}

// nextFile returns a file that nothing is used by any more, or else that uses
// nothing, or else the one that uses the most more than it is used.
func nextFile(left map[string]bool, out, in map[string]int) (file string, isSink bool) {
	best := ""
	for _, file := range slices.Sorted(maps.Keys(left)) {
		switch {
		case out[file] == 0:
			return file, true
		case in[file] == 0:
			return file, false
		case best == "" || out[file]-in[file] > out[best]-in[best]:
			best = file
		}
	}
	return best, false
}
