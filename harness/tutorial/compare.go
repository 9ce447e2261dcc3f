package tutorial

import (
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Compare puts what was answered to a command beside what the page shows, field
// by field, in the page's order. Fields that only today's answer has come last.
// The error is of an answer that can't be read.
func (p *Page) Compare(c Command, answer harness.Result, l lang.Language) (harness.Comparison, error) {
	compared := harness.Comparison{Page: c.Page, Command: c.Text, Shown: c.Shown}
	shown, err := c.outputFields(c.meantOutput())
	if err != nil {
		return compared, lang.Errorf("page.yaml: %s: %w", c.Page, err)
	}
	today, err := c.outputFields(c.Terminal(answer))
	if err != nil {
		return compared, err
	}
	if m := c.Misprint; m != nil {
		compared.Fields = append(compared.Fields, harness.Field{
			Name: "Misprint", Page: m.Printed, Seen: m.Meant, Verdict: harness.FieldListed,
			Reason: m.Reason.In(l), Source: "page " + c.Page,
		})
	}
	s := answerSide{p, c.Page, l, map[string]string{}}
	for _, f := range today {
		s.today[f.name] = f.value
	}
	for _, f := range shown {
		compared.Fields = append(compared.Fields, s.takeField(f.name, f.value))
	}
	for _, f := range today {
		if _, left := s.today[f.name]; left {
			compared.Fields = append(compared.Fields, s.judgeField(f.name, "", f.value))
		}
	}
	return compared, nil
}

// answerSide is today's side of a comparison: the values not compared yet.
type answerSide struct {
	*Page
	number string // of the command
	lang   lang.Language
	today  map[string]string
}

// takeField compares a field of the page with today's, under its name or today's.
func (s answerSide) takeField(name, shown string) harness.Field {
	if value, there := s.today[name]; there {
		delete(s.today, name)
		return s.judgeField(name, shown, value)
	}
	renamed := s.differenceExplaining(s.number, harness.Field{Name: name, Page: shown, Seen: shown})
	if renamed != nil && s.today[renamed.Renamed] == shown {
		delete(s.today, renamed.Renamed)
		return s.asListed(harness.Field{Name: name, Page: shown, Seen: shown}, renamed)
	}
	return s.judgeField(name, shown, "")
}

func (s answerSide) judgeField(name, shown, today string) harness.Field {
	f := harness.Field{Name: name, Page: shown, Seen: today, Verdict: harness.FieldEqual}
	if shown == today {
		return f
	}
	if d := s.differenceExplaining(s.number, f); d != nil {
		return s.asListed(f, d)
	}
	f.Verdict = harness.FieldWrong
	return f
}

func (s answerSide) asListed(f harness.Field, d *Difference) harness.Field {
	f.Verdict, f.Reason, f.Source = harness.FieldListed, d.Reason.In(s.lang), d.Source
	return f
}

// Wrong returns the fields that differ and are not listed.
func Wrong(c harness.Comparison) []harness.Field {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f harness.Field) bool { return f.Verdict != harness.FieldWrong })
}
