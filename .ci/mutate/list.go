package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mutant is a change to a file of a package that a test must notice.
type mutant struct {
	pkg      string // below harness
	file     string
	name     string // what is broken
	old, new string
	test     []string // arguments of go test; nil for the package's own unit tests
}

func (m mutant) String() string { return fmt.Sprintf("%s %s: %s", m.pkg, m.file, m.name) }

// path is the changed file's, from the top of the tree.
func (m mutant) path() string { return filepath.Join(packages, m.pkg, m.file) }

// readFile reads a package's list and holds it against the package.
func readFile(file string) ([]mutant, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all, err := read(strings.TrimSuffix(filepath.Base(file), ".txt"), string(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, m := range all {
		source, err := os.ReadFile(m.path())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if n := strings.Count(string(source), m.old); n != 1 {
			return nil, fmt.Errorf("%s: %s: what it changes occurs %d times", file, m, n)
		}
	}
	return all, nil
}

// read reads a list:
//
//	# a comment
//	FILE: what is broken
//	test: arguments of go test, where the package's unit tests are not meant
//	- the old text, each line of it
//	+ the new text; none where the old is taken out
func read(pkg, content string) ([]mutant, error) {
	var all []mutant
	for i, line := range strings.Split(content, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := take(&all, pkg, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	seen := map[string]bool{}
	for _, m := range all {
		if m.old == "" || m.old == m.new || seen[m.String()] {
			return nil, fmt.Errorf("%s: it changes nothing, or its name is taken", m)
		}
		seen[m.String()] = true
	}
	return all, nil
}

func take(all *[]mutant, pkg, line string) error {
	word, rest, ok := strings.Cut(line, " ")
	if file, named := strings.CutSuffix(word, ".go:"); named && ok {
		*all = append(*all, mutant{pkg: pkg, file: file + ".go", name: rest})
		return nil
	}
	if len(*all) == 0 {
		return fmt.Errorf("%q before any mutant", line)
	}
	m := &(*all)[len(*all)-1]
	switch word {
	case "-":
		m.old = joined(m.old, rest)
	case "+":
		m.new = joined(m.new, rest)
	case "test:":
		m.test = strings.Fields(rest)
	default:
		return fmt.Errorf("%q is neither FILE: NAME nor test:, - or +", line)
	}
	return nil
}

func joined(text, line string) string {
	if text == "" {
		return line
	}
	return text + "\n" + line
}
