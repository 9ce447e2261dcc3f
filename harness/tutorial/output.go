package tutorial

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"labcheck/harness/lang"
)

// This file reads what the docker CLI prints, by its structure.

// Row is a line of a table, by its column's heading.
type Row map[string]string

// Table is a table with its headings in their order.
type Table struct {
	Headings []string
	Rows     []Row
}

var heading = regexp.MustCompile(`\S+(?: \S+)*`)

// ParseTable reads what `docker ps` and `docker network ls` print: a line of
// headings, two spaces or more between them, and values below their headings.
// The headings that are given must be among them.
func ParseTable(out string, headings ...string) (Table, error) {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	head := lines[0]
	var t Table
	var starts []int // in characters: the CLI cuts long values off with a wide "…"
	for _, at := range heading.FindAllStringIndex(head, -1) {
		t.Headings = append(t.Headings, head[at[0]:at[1]])
		starts = append(starts, len([]rune(head[:at[0]])))
	}
	for _, h := range headings {
		if !slices.Contains(t.Headings, h) {
			return Table{}, lang.Errorf("no table with the heading %s in %q", h, head)
		}
	}
	for _, line := range lines[1:] {
		t.Rows = append(t.Rows, cutRow([]rune(line), t.Headings, starts))
	}
	return t, nil
}

func cutRow(line []rune, names []string, starts []int) Row {
	r := Row{}
	for i, name := range names {
		from, to := min(starts[i], len(line)), len(line)
		if i+1 < len(starts) {
			to = min(starts[i+1], len(line))
		}
		r[name] = strings.TrimSpace(string(line[from:to]))
	}
	return r
}

// Entry is a line of `docker info` with the lines that belong to it.
type Entry struct {
	Name, Value string
	Line        int // counted from 1
	Sub         []*Entry
}

// ParseInfo reads what `docker info` prints. Lines are deeper the more they are
// indented. The lines of today's "Server:" stand on their own, as all of the
// page's do; what stands beside them, "Client:" and warnings, comes after them.
func ParseInfo(out string) (*Entry, error) {
	root := readTree(out)
	i := slices.IndexFunc(root.Sub, func(e *Entry) bool { return e.Name == "Server" && e.Value == "" })
	if i >= 0 {
		root.Sub = slices.Concat(root.Sub[i].Sub, root.Sub[:i], root.Sub[i+1:])
	}
	if root.findEntry("Containers") == nil {
		return nil, lang.Errorf("not what docker info prints: %q", firstLine(out))
	}
	return root, nil
}

func readTree(out string) *Entry {
	root := &Entry{}
	type level struct {
		indent int
		entry  *Entry
	}
	path := []level{{-1, root}}
	for i, line := range strings.Split(out, "\n") {
		text := strings.TrimLeft(line, " └\t")
		indent := len([]rune(line)) - len([]rune(text))
		if strings.TrimSpace(text) == "" {
			continue
		}
		for path[len(path)-1].indent >= indent {
			path = path[:len(path)-1]
		}
		e := readEntry(text)
		e.Line = i + 1
		parent := path[len(path)-1].entry
		parent.Sub = append(parent.Sub, e)
		path = append(path, level{indent, e})
	}
	return root
}

// readEntry reads a line; one without a colon is a name alone.
func readEntry(line string) *Entry {
	name, value, ok := strings.Cut(line, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return &Entry{Name: strings.TrimSpace(line)}
	}
	return &Entry{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// findEntry returns nil if the entry has no such line. The page's client wrote
// "Cluster store", and today's writes "Cluster Store".
func (e *Entry) findEntry(name string) *Entry {
	for _, s := range e.Sub {
		if strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// Get returns the value of a line; it is empty if the entry has no such line.
func (e *Entry) Get(name string) string {
	if s := e.findEntry(name); s != nil {
		return s.Value
	}
	return ""
}

// Inspected is what `docker network inspect` prints of one network.
type Inspected struct {
	Name       string
	Driver     string
	Containers map[string]struct{ Name string } // by id
}

// ParseNetworkInspect reads what `docker network inspect` prints of one network.
func ParseNetworkInspect(out string) (Inspected, error) {
	var all []Inspected
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return Inspected{}, lang.Errorf("not what docker network inspect prints: %w", err)
	}
	if len(all) != 1 {
		return Inspected{}, lang.Errorf("docker network inspect prints %d networks, not one", len(all))
	}
	return all[0], nil
}

var fullID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// ParseID reads the id, 64 digits, that `docker run -d` and `docker network
// create` print as their last line.
func ParseID(out string) (string, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	id := strings.TrimSpace(lines[len(lines)-1])
	if !fullID.MatchString(id) {
		return "", lang.Errorf("no id of 64 digits: %q", id)
	}
	return id, nil
}
