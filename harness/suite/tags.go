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
	return l.Say("tags %q: %s; an expression is like @verify, @verify,@workload (or), @verify && ~@id:spread (and, not)", e.Tags, e.Why.In(l))
}

// CheckTags is nil for a tag expression that Run can use, and otherwise a
// *TagsError, or why the features can't be read.
func CheckTags(features fs.FS, l lang.Language, tags string) error {
	all, err := Load(features, l)
	if err != nil {
		return err
	}
	_, err = choose(all, tags)
	return err
}

// Breaks tells whether a tag expression chooses scenarios that break hosts.
func Breaks(features fs.FS, l lang.Language, tags string) bool {
	all, err := Load(features, l)
	if err != nil {
		return false
	}
	chosen, err := choose(all, tags)
	return err == nil && slices.ContainsFunc(chosen, Scenario.breaks)
}

// tag is one tag of an expression: godog drops every @ and takes ~ for not.
var tag = regexp.MustCompile(`^~?@[^\s@~,&|()!]+$`)

// choose gives the scenarios that a godog tag expression names. godog itself
// takes what it doesn't understand for a tag that no scenario has.
func choose(all []Scenario, tags string) ([]Scenario, error) {
	tags = effective(all, tags)
	for _, term := range terms(tags) {
		for _, t := range term {
			if !tag.MatchString(t) {
				return nil, &TagsError{tags, lang.Textf("%q is not a tag", t)}
			}
		}
	}
	var chosen []Scenario
	for _, s := range all {
		if matches(s, terms(tags)) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, &TagsError{tags, lang.Text{EN: "no scenario has them"}}
	}
	return chosen, nil
}

// effective is the expression that godog is given: scenarios which break hosts
// are left out unless one of their tags is asked for by name.
func effective(all []Scenario, tags string) string {
	tags = strings.TrimSpace(tags)
	for _, t := range slices.Concat(terms(tags)...) {
		for _, s := range all {
			if s.breaks() && (s.Has(t) && slices.Contains(kindTags(), t) || t == idTag+s.base()) {
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

// base is the id without the number of a row.
func (s Scenario) base() string {
	id, _, _ := strings.Cut(s.ID, "#")
	return id
}

// terms splits an expression: all terms must hold, of each term one tag.
func terms(tags string) [][]string {
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

func matches(s Scenario, terms [][]string) bool {
	for _, term := range terms {
		holds := false
		for _, t := range term {
			name, not := strings.CutPrefix(t, "~")
			holds = holds || s.Has(name) != not
		}
		if !holds {
			return false
		}
	}
	return true
}
