package suite

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v21"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/steps"
	"labcheck/harness/tutorial"
)

// edition is the features of one language.
type edition struct {
	fs.FS
	language lang.Language
	folder   string // of FS
	shown    string // before the names of files, for a person
	own      bool   // of a person's own
	// lines has, by file, the line in the source of each line; a file that is as in the
	// source has none.
	lines map[string][]int
}

// sourceLine returns the line of the source, counted from 1 as line is.
func (e edition) sourceLine(file string, line int) int {
	if lines := e.lines[file]; lines != nil {
		return lines[line-1]
	}
	return line
}

func (e edition) options() *godog.Options {
	return &godog.Options{FS: e.FS, Paths: []string{e.folder}}
}

// feature is a file of an edition.
type feature struct {
	document *messages.GherkinDocument
	pickles  []*messages.Pickle
	content  []byte
	nodes
}

// nodes finds parts of a file by their id, also within rules.
type nodes interface {
	FindScenario(id string) *messages.Scenario
	FindExample(id string) (*messages.Examples, *messages.TableRow)
	FindStep(id string) *messages.Step
}

func (e edition) parse() (all []feature, err error) {
	parsed, err := godog.TestSuite{Options: e.options()}.RetrieveFeatures()
	if err != nil {
		return nil, lang.Errorf("read the features: %w", err)
	}
	for _, f := range parsed {
		all = append(all, feature{f.GherkinDocument, f.Pickles, f.Content, f})
	}
	return all, nil
}

// adaptTo returns the edition for a topology whose hosts or network are not the page's:
// outlines with a row for each host have those of the topology, and the network has
// its name.
func (e edition) adaptTo(t harness.Topology) (edition, error) {
	all, err := e.parse()
	if err != nil {
		return e, err
	}
	files, lines := fstest.MapFS{}, map[string][]int{}
	for _, f := range all {
		a := adapter{language: e.language, topology: t, source: strings.Split(string(f.content), "\n")}
		var last *messages.Scenario
		for _, p := range f.pickles {
			if s := f.FindScenario(p.AstNodeIds[0]); s != last {
				a.addScenario(s)
				last = s
			}
		}
		a.copyBefore(len(a.source) + 1)
		files[f.document.Uri] = &fstest.MapFile{Data: []byte(strings.Join(a.text, "\n"))}
		lines[f.document.Uri] = a.lines
	}
	e.FS, e.lines = files, lines
	return e, nil
}

// adapter writes the text of a feature for a topology.
type adapter struct {
	language lang.Language
	topology harness.Topology

	source []string // lines
	read   int      // how many of them
	text   []string // lines
	lines  []int    // of the source, for each of text
}

// copyBefore adapts what was not read yet before a line of the source.
func (a *adapter) copyBefore(line int) {
	for ; a.read < line-1; a.read++ {
		a.addLine(a.changeLine(a.source[a.read]), a.read+1)
	}
}

func (a *adapter) addLine(text string, source int) {
	a.text, a.lines = append(a.text, text), append(a.lines, source)
}

// changeLine returns what the adapted feature has in place of a line.
func (a *adapter) changeLine(line string) string {
	if len(a.topology.Hosts()) > mostForAllPairs {
		line = steps.SampleWays(a.language, line)
	}
	if !strings.HasPrefix(strings.TrimSpace(line), "@") { // ids stay
		line = pageNetwork.ReplaceAllLiteralString(line, a.topology.Network)
	}
	return pageManager.ReplaceAllString(line, "${1}"+a.topology.Manager.Name)
}

// mostForAllPairs is up to how many hosts packets are sent between all pairs of them:
// 132. Of more hosts the scenarios take a sample of the pairs, and say so.
const mostForAllPairs = 12

// pageManager is the manager's name where the features have it: in quotation marks, in a
// cell, in the tag of a host.
var pageManager = regexp.MustCompile(`("|\| |@on:)` + harness.Tutorial().Manager.Name + `\b`)

// pageNetwork is the overlay network's name in the features.
var pageNetwork = regexp.MustCompile(`\b` + harness.Tutorial().Network + `\b`)

// addScenario copies the feature up to a scenario's end, with other rows if these are
// about hosts.
func (a *adapter) addScenario(s *messages.Scenario) {
	i := slices.IndexFunc(s.Tags, func(t *messages.Tag) bool { return strings.HasPrefix(t.Name, tutorial.RowsTag) })
	if i < 0 {
		return
	}
	order := tutorial.RowOrder(strings.TrimPrefix(s.Tags[i].Name, tutorial.RowsTag))
	for _, examples := range s.Examples {
		rows := examples.TableBody
		if len(rows) == 0 {
			continue
		}
		first := int(rows[0].Location.Line)
		a.copyBefore(first)
		for _, h := range order.HostsIn(a.topology) {
			a.addLine(a.rowOf(rows[0], h), first)
		}
		a.read = int(rows[len(rows)-1].Location.Line)
	}
}

// rowOf returns the row of a host, made from the row of a host of the page.
func (a *adapter) rowOf(pattern *messages.TableRow, h harness.Host) string {
	page, _ := harness.Tutorial().Named(pattern.Cells[0].Value)
	cpus, memory := steps.CountedBySwarm(h)
	pageCPUs, pageMemory := steps.CountedBySwarm(page)
	row := "      |"
	for _, c := range pattern.Cells {
		value := c.Value
		switch value {
		case page.Name:
			value = h.Name
		case page.Addr.String():
			value = tutorial.StandIn(a.topology, h).String()
		case pageCPUs:
			value = cpus
		case pageMemory:
			value = memory
		}
		row += fmt.Sprintf(" %s |", value)
	}
	return row
}
