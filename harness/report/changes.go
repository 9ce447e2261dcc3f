package report

import (
	"maps"
	"path"
	"slices"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// changes is what is different in a run from an earlier one, by kind.
type changes struct {
	Since  time.Time
	Groups []changeGroup
}

type changeGroup struct {
	Title string
	All   []change
}

// change is a thing that was different. Before and Now are empty if there was none.
type change struct {
	Claim       string // id of the claim that it is about, if it is about one
	What        string
	Before, Now string
}

// newChanges compares a run with an earlier one.
func newChanges(old, e harness.Evidence, l lang.Language) *changes {
	c := &changes{Since: old.Run.Started}
	for _, g := range []changeGroup{
		{l.Say("Claims"), changedClaims(old, e, l)},
		{l.Say("Differences from the page"), changedFields(old, e)},
		{l.Say("Versions"), changedVersions(old, e)},
		{l.Say("Times"), changedTimes(old, e, l)},
	} {
		if len(g.All) > 0 {
			c.Groups = append(c.Groups, g)
		}
	}
	return c
}

// changedClaims returns the claims with another result, those that are false first.
func changedClaims(old, e harness.Evidence, l lang.Language) []change {
	text := map[harness.Status]string{
		harness.Passed: l.Say("holds"), harness.Failed: l.Say("false"), harness.Skipped: l.Say("not checked"),
	}
	before, now := claimsByID(old), claimsByID(e)
	var falseNow, others []change
	for _, s := range e.Scenarios {
		if before[s.ID].Status == s.Status {
			continue
		}
		all := &others
		if s.Status == harness.Failed {
			all = &falseNow
		}
		*all = append(*all, change{s.ID, s.Name, text[before[s.ID].Status], text[s.Status]})
	}
	for _, s := range old.Scenarios {
		if _, there := now[s.ID]; !there {
			others = append(others, change{What: s.Name, Before: text[s.Status]})
		}
	}
	return append(falseNow, others...)
}

func claimsByID(e harness.Evidence) map[string]harness.Scenario {
	all := map[string]harness.Scenario{}
	for _, s := range e.Scenarios {
		all[s.ID] = s
	}
	return all
}

// changedFields returns the fields of the page's outputs that have another value,
// but for those that have another in each run.
func changedFields(old, e harness.Evidence) []change {
	before, now := comparedFields(old), comparedFields(e)
	var all []change
	for _, f := range now {
		i := slices.IndexFunc(before, func(g comparedField) bool { return f.name() == g.name() })
		switch {
		case i < 0 && len(before) > 0:
			all = append(all, change{f.claim, f.name(), "", f.Seen})
		case i >= 0 && before[i].Seen != f.Seen:
			all = append(all, change{f.claim, f.name(), before[i].Seen, f.Seen})
		}
	}
	for _, f := range before {
		gone := !slices.ContainsFunc(now, func(g comparedField) bool { return f.name() == g.name() })
		if gone && len(now) > 0 {
			all = append(all, change{What: f.name(), Before: f.Seen})
		}
	}
	return all
}

// comparedField is a field of an output of the page.
type comparedField struct {
	harness.Field
	claim, page string
}

func (f comparedField) name() string { return f.page + " · " + f.Name }

func comparedFields(e harness.Evidence) []comparedField {
	var all []comparedField
	for _, s := range e.Scenarios {
		for _, st := range s.Steps {
			if st.Comparison == nil {
				continue
			}
			for _, f := range st.Comparison.Fields {
				if !f.Volatile {
					all = append(all, comparedField{f, s.ID, st.Comparison.Page})
				}
			}
		}
	}
	return all
}

func changedVersions(old, e harness.Evidence) []change {
	before, now := versionsOf(old), versionsOf(e)
	programs := maps.Clone(before)
	maps.Copy(programs, now)
	var all []change
	for _, program := range slices.Sorted(maps.Keys(programs)) {
		if before[program] != now[program] {
			all = append(all, change{What: program, Before: before[program], Now: now[program]})
		}
	}
	return all
}

func versionsOf(e harness.Evidence) map[string]string {
	all := map[string]string{}
	maps.Copy(all, e.Target.Versions)
	all["labcheck"] = e.Run.Labcheck
	return all
}

// A time is another if it changed by so much, and by a third.
const otherTime = 2 * time.Second

// changedTimes returns the times of the run, of the page's parts, and of the claims
// that took longer or shorter.
func changedTimes(old, e harness.Evidence, l lang.Language) []change {
	var all []change
	add := func(claim, what string, before, now time.Duration) {
		if difference := max(before, now) - min(before, now); difference >= otherTime && difference > max(before, now)/3 {
			all = append(all, change{claim, what, formatDuration(before), formatDuration(now)})
		}
	}
	add("", l.Say("The whole run"), old.Run.Duration, e.Run.Duration)
	// Features have one name in all languages: that of their file.
	took := map[string]time.Duration{}
	for _, group := range groupByFeature(old.Scenarios) {
		took[path.Base(group[0].File)] = totalTime(group)
	}
	for _, group := range groupByFeature(e.Scenarios) {
		if before, there := took[path.Base(group[0].File)]; there {
			add("", group[0].Feature, before, totalTime(group))
		}
	}
	before := claimsByID(old)
	for _, s := range e.Scenarios {
		if was := before[s.ID]; was.Status != harness.Skipped && s.Status != harness.Skipped && was.ID != "" {
			add(s.ID, s.Name, was.Duration, s.Duration)
		}
	}
	return all
}
