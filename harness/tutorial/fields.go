package tutorial

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Kind says how an output is read.
type Kind string

// The kinds.
const (
	KindRun        Kind = "run"        // docker run -d: what was pulled, and an id
	KindContainers Kind = "containers" // docker ps
	KindInfo       Kind = "info"       // docker info
	KindNetworks   Kind = "networks"   // docker network ls
)

// Terminal returns an answer as a terminal shows it: docker run tells of pulling
// before it has an id, docker info warns after all else.
func (c Command) Terminal(answer harness.Result) string {
	if c.Kind == KindInfo {
		return answer.Stdout + answer.Stderr
	}
	return answer.Stderr + answer.Stdout
}

// checkShown refuses an output that can't be read.
func (c Command) checkShown() error {
	if c.Kind == "" && c.Shown == "" {
		return nil
	}
	_, err := c.outputFields(c.meantOutput())
	return err
}

// meantOutput returns the output that the page would show here, without the misprint.
func (c Command) meantOutput() string {
	if c.Misprint == nil {
		return c.expected
	}
	return strings.Replace(c.expected, c.Misprint.Printed, c.Misprint.Meant, 1)
}

// field is a value of an output, its path, such as Nodes / frontend01 / Status, and
// its line, counted from 1.
type field struct {
	name, value string
	line        int
}

const slash = " / "

// nothing stands for a value that is there and empty.
const nothing = "(empty)"

// outputFields takes apart an output of the command.
func (c Command) outputFields(out string) ([]field, error) {
	switch c.Kind {
	case KindRun:
		return runFields(out)
	case KindContainers:
		return tableFields(out, "IMAGE")
	case KindInfo:
		info, err := ParseInfo(out)
		if err != nil {
			return nil, err
		}
		return numberDuplicates(entryFields("", info)), nil
	case KindNetworks:
		return tableFields(out, "NAME")
	}
	return nil, fmt.Errorf("no output is of the kind %q", c.Kind)
}

var layer = regexp.MustCompile(`^[0-9a-f]{12}: Pull complete$`)

// runFields reads what `docker run -d` prints: an id, and before it what was
// pulled. The page snips all but the first and the last layer.
func runFields(out string) ([]field, error) {
	id, err := ParseID(out)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	var all []field
	for i, line := range lines[:len(lines)-1] {
		name, value, ok := strings.Cut(line, ": ")
		switch {
		case layer.MatchString(line):
			all = append(all, field{"Layers", value, i + 1})
		case strings.Contains(line, "<output snip>"):
		case ok:
			all = append(all, field{name, value, i + 1})
		default:
			all = append(all, field{"Image", line, i + 1})
		}
	}
	all = slices.CompactFunc(all, func(a, b field) bool { return a.name == b.name && a.value == b.value }) // layers
	return numberDuplicates(append(all, field{"ID", id, len(lines)})), nil
}

// tableFields reads a table whose rows go by the value of a column.
func tableFields(out, key string) ([]field, error) {
	t, err := ParseTable(out, key)
	if err != nil {
		return nil, err
	}
	all := []field{{"Columns", strings.Join(t.Headings, ", "), 1}, {"Rows", "", 0}}
	var keys []string
	for i, r := range t.Rows {
		if r[key] == "" {
			return nil, lang.Errorf("a line of the table has no %s", key)
		}
		keys = append(keys, r[key])
		for _, n := range t.Headings {
			if cell := (field{r[key] + slash + n, r[n], i + 2}); n == "PORTS" { // whose order says nothing
				all = append(all, listFields(cell)...)
			} else {
				all = append(all, field{cell.name, cmp.Or(cell.value, nothing), cell.line})
			}
		}
	}
	all[1].value = strings.Join(keys, ", ")
	return numberDuplicates(all), nil
}

func listFields(list field) []field {
	var all []field
	for _, v := range strings.Split(list.value, ",") {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, field{list.name + slash + v, v, list.line})
		}
	}
	return all
}

func entryFields(path string, e *Entry) []field {
	var all []field
	for _, s := range e.Sub {
		name := path + s.Name
		switch {
		case s.Name == "Filters":
			all = append(all, listFields(field{name, s.Value, s.Line})...)
		case s.Name == "Labels" && s.Value != "":
			all = append(all, labelFields(field{name, s.Value, s.Line})...)
		case s.Name == "WARNING":
			all = append(all, field{name + slash + s.Value, s.Value, s.Line})
		case s.Value != "" || len(s.Sub) == 0:
			all = append(all, field{name, cmp.Or(s.Value, nothing), s.Line})
		}
		if s.Name == "Nodes" && len(s.Sub) > 0 {
			all = append(all, field{name + slash + "order", nodeNames(s), 0})
		}
		if s.Name != "WARNING" { // what is below it goes on with its sentence
			all = append(all, entryFields(name+slash, s)...)
		}
	}
	return all
}

func nodeNames(nodes *Entry) string {
	var names []string
	for _, n := range nodes.Sub {
		names = append(names, n.Name)
	}
	return strings.Join(names, ", ")
}

func labelFields(list field) []field {
	var all []field
	for _, l := range strings.Split(list.value, ", ") {
		k, v, _ := strings.Cut(l, "=")
		all = append(all, field{list.name + slash + k, cmp.Or(v, nothing), list.line})
	}
	return all
}

// numberDuplicates numbers fields that have the same name.
func numberDuplicates(all []field) []field {
	seen := map[string]int{}
	for i, f := range all {
		seen[f.name]++
		if n := seen[f.name]; n > 1 {
			all[i].name = fmt.Sprintf("%s #%d", f.name, n)
		}
	}
	return all
}
