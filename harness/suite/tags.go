package suite

import (
	"io/fs"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// tagsError returns the error that a tag expression can't be used.
func tagsError(tags string, why lang.Text) error {
	return lang.Errorf("tags %q: %s; an expression is like (@verify or @workload) and not @id:spread", tags, why)
}

// Choose returns the scenarios that Run runs by a tag expression.
func Choose(features fs.FS, l lang.Language, tags string) ([]Scenario, error) {
	all, err := Load(features, l)
	if err != nil {
		return nil, err
	}
	return chooseScenarios(all, tags)
}

// PerformTutorial reports whether scenarios perform the tutorial on a topology: they type
// the page's commands, which are for the page's hosts.
func PerformTutorial(features fs.FS, l lang.Language, t harness.Topology) bool {
	_, err := Choose(features, l, TagTutorial)
	return t.IsTutorial() && err == nil
}

// chooseScenarios returns the scenarios that a tag expression chooses. Those that break
// hosts are left out unless one of their tags is asked for by name.
func chooseScenarios(all []Scenario, tags string) (chosen []Scenario, err error) {
	var e tagExpression
	if strings.TrimSpace(tags) == "" {
		e.operator = and // of nothing: it holds
	} else if e, err = parseTags(tags); err != nil {
		return nil, err
	}
	if !asksForBreaking(all, e.findTags(true)) {
		safe := tagExpression{operator: not, operands: []tagExpression{{operator: or, operands: []tagExpression{
			{tag: TagFault}, {tag: TagReplicas},
		}}}}
		e = tagExpression{operator: and, operands: []tagExpression{e, safe}}
	}
	chosen = slices.DeleteFunc(slices.Clone(all), func(s Scenario) bool { return !e.matchesScenario(s) })
	switch {
	case len(chosen) == 0 && strings.TrimSpace(tags) == "":
		return nil, lang.Errorf("all scenarios inject faults: they run only if --tags asks for them, as --tags %s does", TagFault)
	case len(chosen) == 0:
		return nil, tagsError(tags, lang.Text{EN: "no scenario has them"})
	}
	return chosen, nil
}

// asksForBreaking reports whether one of the tags is the kind or the id of a scenario that
// breaks hosts.
func asksForBreaking(all []Scenario, tags []string) bool {
	return slices.ContainsFunc(tags, func(t string) bool {
		return slices.ContainsFunc(all, func(s Scenario) bool {
			return s.BreaksHosts() && (s.Has(t) && slices.Contains(kindTags(), t) || t == idTag+s.baseID())
		})
	})
}

// baseID returns the id without the number of a row.
func (s Scenario) baseID() string {
	id, _, _ := strings.Cut(s.ID, "#")
	return id
}
