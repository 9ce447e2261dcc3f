// Package suite runs scenarios on a cluster: which ones, in what order, and
// what came of each.
package suite

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// The tags which say what a scenario does; each scenario has exactly one.
const (
	TagTutorial = "@tutorial" // performs the page on a fresh lab
	TagVerify   = "@verify"   // only looks
	TagWorkload = "@workload" // starts containers and removes them again
	TagFault    = "@fault"    // breaks hosts of a lab and mends them again; only where asked for
	TagReplicas = "@replicas" // the same of a cluster with replicas, which it builds on a fresh lab
)

func kindTags() []string {
	return []string{TagTutorial, TagVerify, TagWorkload, TagFault, TagReplicas}
}

// BreaksHosts tells whether the scenario breaks hosts, and so is run only where it is
// asked for.
func (s Scenario) BreaksHosts() bool { return s.Has(TagFault) || s.Has(TagReplicas) }

// idTag begins the tag that names a scenario for good: @id:kebab-name.
const idTag = "@id:"

// Scenario is a scenario, or one row of an outline, as a feature file has it.
type Scenario struct {
	ID      string // of its @id:… tag; rows of an outline add #1, #2, …
	Name    string
	Feature string
	File    string // features/en/…
	Line    int    // a row's own line
	Tags    []string
	Steps   []Step

	pickle string // godog's id of it
}

// Step is a sentence of a scenario.
type Step struct {
	Keyword  string // Given, When, Then, And, But, or the language's own
	Text     string
	Line     int
	Argument *messages.PickleStepArgument // a doc string or a table; nil if it has none

	pickle string
}

// Has tells whether the scenario has a tag, written with its @.
func (s Scenario) Has(tag string) bool { return slices.Contains(s.Tags, tag) }

// Load reads a language's features in their order, which is the page's, and
// checks that each scenario has an id of its own and says what it does.
func Load(features fs.FS, language lang.Language) ([]Scenario, error) {
	e, err := openEdition(features, language)
	if err != nil {
		return nil, err
	}
	return e.load()
}

// openEdition finds the features of a language.
func openEdition(features fs.FS, language lang.Language) (edition, error) {
	if own, ok := features.(ownFeatures); ok {
		return openOwn(own, language)
	}
	if files, err := fs.Glob(features, string(language)+"/*.feature"); err != nil || len(files) == 0 {
		return edition{}, fmt.Errorf("no features in the language %q", language)
	}
	return edition{FS: features, language: language, folder: string(language), shown: "features"}, nil
}

func (e edition) load() ([]Scenario, error) {
	parsed, err := e.parse()
	if err != nil {
		return nil, err
	}
	l := loader{edition: e, rows: map[string]int{}, owner: map[string]string{}}
	for _, f := range parsed {
		for _, p := range f.pickles {
			if err := l.addPickle(f, p); err != nil {
				return nil, err
			}
		}
	}
	if e.own {
		return l.all, checkOwn(l.all, e.shown, e.language)
	}
	return l.all, nil
}

// Claims returns a language's scenarios as the evidence of a run has them before
// any is run.
func Claims(features fs.FS, language lang.Language) ([]harness.Scenario, error) {
	all, err := Load(features, language)
	var claims []harness.Scenario
	for _, s := range all {
		claims = append(claims, newEvidence(s))
	}
	return claims, err
}

type loader struct {
	edition edition
	all     []Scenario
	rows    map[string]int    // id → rows so far
	owner   map[string]string // id → the one node of the document which may have it
}

func (l *loader) addPickle(f feature, p *messages.Pickle) error {
	file := f.document.Uri
	lineOf := func(at *messages.Location) int { return l.edition.sourceLine(file, int(at.Line)) }
	node, isRow := f.FindScenario(p.AstNodeIds[0]), len(p.AstNodeIds) > 1
	s := Scenario{
		Name: p.Name, Feature: f.document.Feature.Name, File: path.Join(l.edition.shown, file),
		Line: lineOf(node.Location), pickle: p.Id,
	}
	if isRow {
		_, row := f.FindExample(p.AstNodeIds[1])
		s.Line = lineOf(row.Location)
	}
	for _, t := range p.Tags {
		s.Tags = append(s.Tags, t.Name)
	}
	if l.edition.own {
		addMissingTags(&s, file, node.Name)
	}
	for _, st := range p.Steps {
		n := f.FindStep(st.AstNodeIds[0])
		s.Steps = append(s.Steps, Step{
			Keyword: strings.TrimSpace(n.Keyword), Text: st.Text, Line: lineOf(n.Location), Argument: st.Argument, pickle: st.Id,
		})
	}
	if len(s.Steps) == 0 {
		return lang.Errorf("%s:%d: scenario %q has no steps", s.File, s.Line, s.Name)
	}
	if err := l.nameScenario(&s, file+node.Id, isRow); err != nil {
		return lang.Errorf("%s:%d: %w", s.File, s.Line, err)
	}
	l.all = append(l.all, s)
	return nil
}

// nameScenario gives a scenario its id and holds the rules of tags.
func (l *loader) nameScenario(s *Scenario, owner string, row bool) error {
	var kinds, ids []string
	for _, t := range s.Tags {
		switch {
		case strings.HasPrefix(t, idTag):
			ids = append(ids, strings.TrimPrefix(t, idTag))
		case slices.Contains(kindTags(), t):
			kinds = append(kinds, t)
		}
	}
	if len(kinds) != 1 || len(ids) != 1 || ids[0] == "" {
		return lang.Errorf("scenario %q needs one %s… tag and one of %s; it has %s",
			s.Name, idTag, strings.Join(kindTags(), ", "), strings.Join(s.Tags, " "))
	}
	s.ID = ids[0]
	if was, taken := l.owner[s.ID]; taken && was != owner {
		return lang.Errorf("the id %s is taken by another scenario: give this one an %s… tag of its own", s.ID, idTag)
	}
	l.owner[s.ID] = owner
	if row {
		l.rows[s.ID]++
		s.ID = fmt.Sprintf("%s#%d", s.ID, l.rows[s.ID])
	}
	return nil
}
