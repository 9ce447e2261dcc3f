package suite

import (
	"io/fs"
	"slices"
	"strings"

	"labcheck/harness/lang"
)

// TagsError is a tag expression that can't be used.
type TagsError struct {
	Tags string
	Why  lang.Text
}

func (e *TagsError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *TagsError) In(l lang.Language) string {
	return l.Say("tags %q: %s; an expression is like (@verify or @workload) and not @id:spread",
		e.Tags, e.Why.In(l))
}

// CheckTags returns nil for a tag expression that Run can use, and otherwise a
// *TagsError, or why the features can't be read.
func CheckTags(features fs.FS, l lang.Language, tags string) error {
	all, err := Load(features, l)
	if err != nil {
		return err
	}
	_, err = chooseScenarios(all, tags)
	return err
}

// Breaks tells whether a tag expression chooses scenarios that break hosts.
func Breaks(features fs.FS, l lang.Language, tags string) bool {
	all, err := Load(features, l)
	if err != nil {
		return false
	}
	chosen, err := chooseScenarios(all, tags)
	return err == nil && slices.ContainsFunc(chosen, Scenario.breaksHosts)
}

// Performs tells whether there are scenarios that perform the tutorial.
func Performs(features fs.FS, l lang.Language) bool {
	all, err := Load(features, l)
	return err == nil && slices.ContainsFunc(all, func(s Scenario) bool { return s.Has(TagTutorial) })
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
	if len(chosen) == 0 {
		return nil, &TagsError{tags, lang.Text{EN: "no scenario has them"}}
	}
	return chosen, nil
}

// asksForBreaking reports whether one of the tags is the kind or the id of a scenario that
// breaks hosts.
func asksForBreaking(all []Scenario, tags []string) bool {
	return slices.ContainsFunc(tags, func(t string) bool {
		return slices.ContainsFunc(all, func(s Scenario) bool {
			return s.breaksHosts() && (s.Has(t) && slices.Contains(kindTags(), t) || t == idTag+s.baseID())
		})
	})
}

// baseID returns the id without the number of a row.
func (s Scenario) baseID() string {
	id, _, _ := strings.Cut(s.ID, "#")
	return id
}
