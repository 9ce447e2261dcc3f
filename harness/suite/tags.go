package suite

import (
	"io/fs"
	"regexp"
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

// In is the text in a language.
func (e *TagsError) In(l lang.Language) string {
	return l.Say("tags %q: %s; an expression is like @verify, @verify,@workload (or), @verify && ~@id:spread (and, not)",
		e.Tags, e.Why.In(l))
}

// CheckTags is nil for a tag expression that Run can use, and otherwise a
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

// tag is one tag of an expression: godog drops every @ and takes ~ for not.
var tag = regexp.MustCompile(`^~?@[^\s@~,&|()!]+$`)

// chooseScenarios gives the scenarios that a godog tag expression names. godog itself
// takes what it doesn't understand for a tag that no scenario has.
func chooseScenarios(all []Scenario, tags string) ([]Scenario, error) {
	tags = effectiveTags(all, tags)
	for _, t := range slices.Concat(splitTerms(tags)...) {
		if !tag.MatchString(t) {
			return nil, &TagsError{tags, lang.Textf("%q is not a tag", t)}
		}
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(s Scenario) bool { return !matchesTerms(s, splitTerms(tags)) })
	if len(chosen) == 0 {
		return nil, &TagsError{tags, lang.Text{EN: "no scenario has them"}}
	}
	return chosen, nil
}

// effectiveTags is the expression that godog is given: scenarios which break hosts
// are left out unless one of their tags is asked for by name.
func effectiveTags(all []Scenario, tags string) string {
	tags = strings.TrimSpace(tags)
	for _, t := range slices.Concat(splitTerms(tags)...) {
		for _, s := range all {
			if s.breaksHosts() && (s.Has(t) && slices.Contains(kindTags(), t) || t == idTag+s.baseID()) {
				return tags
			}
		}
	}
	const leftOut = "~" + TagFault + " && ~" + TagReplicas
	if tags == "" {
		return leftOut
	}
	return tags + " && " + leftOut
}

// baseID is the id without the number of a row.
func (s Scenario) baseID() string {
	id, _, _ := strings.Cut(s.ID, "#")
	return id
}

// splitTerms splits an expression: all terms must hold, of each term one tag.
func splitTerms(tags string) [][]string {
	var all [][]string
	for _, and := range strings.Split(tags, "&&") {
		var term []string
		for _, or := range strings.Split(and, ",") {
			term = append(term, strings.TrimSpace(or))
		}
		all = append(all, term)
	}
	return all
}

func matchesTerms(s Scenario, terms [][]string) bool {
	holds := func(tag string) bool {
		name, not := strings.CutPrefix(tag, "~")
		return s.Has(name) != not
	}
	return !slices.ContainsFunc(terms, func(term []string) bool { return !slices.ContainsFunc(term, holds) })
}
