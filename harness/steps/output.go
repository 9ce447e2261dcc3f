package steps

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"labcheck/harness"
)

// This file reads what the docker CLI prints, by its structure.

// row is a line of a table, by its column's heading.
type row map[string]string

var heading = regexp.MustCompile(`\S+(?: \S+)*`)

// parseTable reads what `docker ps` and `docker network ls` print: a line of
// headings, two spaces or more between them, and values below their headings.
func parseTable(out string, headings ...string) ([]row, error) {
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	head := lines[0]
	var names []string
	var starts []int // in characters: the CLI cuts long values off with a wide "…"
	for _, at := range heading.FindAllStringIndex(head, -1) {
		names = append(names, head[at[0]:at[1]])
		starts = append(starts, len([]rune(head[:at[0]])))
	}
	for _, h := range headings {
		if !slices.Contains(names, h) {
			return nil, harness.Errorf("no table with the heading %s in %q", "見出し %s の表がない: %q", h, head)
		}
	}
	var rows []row
	for _, line := range lines[1:] {
		rows = append(rows, cut([]rune(line), names, starts))
	}
	return rows, nil
}

func cut(line []rune, names []string, starts []int) row {
	r := row{}
	for i, name := range names {
		from, to := min(starts[i], len(line)), len(line)
		if i+1 < len(starts) {
			to = min(starts[i+1], len(line))
		}
		r[name] = strings.TrimSpace(string(line[from:to]))
	}
	return r
}

// entry is a line of `docker info` with the lines that belong to it.
type entry struct {
	name, value string
	sub         []*entry
}

// parseInfo reads what `docker info` prints. Lines are deeper the more they are
// indented. What the CLI says of itself, under "Client:", is left out.
func parseInfo(out string) (*entry, error) {
	root := &entry{}
	type level struct {
		indent int
		entry  *entry
	}
	path := []level{{-1, root}}
	for _, line := range strings.Split(out, "\n") {
		text := strings.TrimLeft(line, " └\t")
		indent := len([]rune(line)) - len([]rune(text))
		name, value, ok := strings.Cut(text, ":")
		if !ok || strings.TrimSpace(name) == "" {
			continue
		}
		for path[len(path)-1].indent >= indent {
			path = path[:len(path)-1]
		}
		e := &entry{name: strings.TrimSpace(name), value: strings.TrimSpace(value)}
		parent := path[len(path)-1].entry
		parent.sub = append(parent.sub, e)
		path = append(path, level{indent, e})
	}
	if server := root.find("Server"); server != nil {
		return server, nil
	}
	if root.find("Containers") == nil {
		return nil, harness.Errorf("not what docker info prints: %q", "docker info の出力ではない: %q", firstLine(out))
	}
	return root, nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}

// find is nil where the entry has no such line. The page's client wrote
// "Cluster store" where today's writes "Cluster Store".
func (e *entry) find(name string) *entry {
	for _, s := range e.sub {
		if strings.EqualFold(s.name, name) {
			return s
		}
	}
	return nil
}

// get is empty where the entry has no such line.
func (e *entry) get(name string) string {
	if s := e.find(name); s != nil {
		return s.value
	}
	return ""
}

// show is get for a person.
func (e *entry) show(l harness.Lang, name string) string {
	if e.find(name) == nil {
		return notShown(l)
	}
	return e.get(name)
}

// nodes are the lines below "Nodes: 4", which Swarm indents by one.
func (e *entry) nodes() []*entry {
	if n := e.find("Nodes"); n != nil {
		return n.sub
	}
	return nil
}

// inspected is what `docker network inspect` prints of one network.
type inspected struct {
	Name       string
	Driver     string
	Containers map[string]struct{ Name string } // by id
}

func parseNetworkInspect(out string) (inspected, error) {
	var all []inspected
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		return inspected{}, harness.Errorf("not what docker network inspect prints: %w", "docker network inspect の出力ではない: %w", err)
	}
	if len(all) != 1 {
		return inspected{}, harness.Errorf("docker network inspect prints %d networks, not one", "docker network inspect が出力したネットワークは 1 つではなく %d 個", len(all))
	}
	return all[0], nil
}

var fullID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseID reads the id that `docker run -d` and `docker network create` print
// as their last line.
func parseID(out string) (string, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	id := strings.TrimSpace(lines[len(lines)-1])
	if !fullID.MatchString(id) {
		return "", harness.Errorf("no id of 64 digits: %q", "64 桁の ID ではない: %q", id)
	}
	return id, nil
}

var unitGap = regexp.MustCompile(`(\d) +([kKMGTP]?i?B)\b`)

// figure writes a value as the comparison needs it. The page's client printed
// "992.2 MiB" where today's prints "992.2MiB"; a trailing slash of a URL means
// nothing.
func figure(s string) string {
	return strings.TrimSuffix(unitGap.ReplaceAllString(strings.TrimSpace(s), "$1$2"), "/")
}

// commandMatches compares commands of `docker ps`, which cuts them off after 20
// characters, today with a "…" and the page's without.
func commandMatches(expected, seen string) bool {
	seen, whole := strings.Trim(seen, `"`), true
	if s, cut := strings.CutSuffix(seen, "…"); cut {
		seen, whole = s, false
	}
	if !whole && len(seen) < len(expected) {
		return seen != "" && strings.HasPrefix(expected, seen)
	}
	return strings.HasPrefix(seen, expected)
}

// published tells whether a PORTS column has a port like 8500->8500/tcp on any
// address.
func published(ports, port string) bool {
	for _, p := range strings.Split(ports, ", ") {
		if p == port || strings.HasSuffix(p, ":"+port) {
			return true
		}
	}
	return false
}

// list splits "health, port, dependency".
func list(s string) []string {
	var all []string
	for _, v := range strings.Split(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			all = append(all, v)
		}
	}
	return all
}
