package tutorial

import (
	"cmp"

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
	compared.Answer = c.Terminal(answer)
	today, err := c.outputFields(compared.Answer)
	if err != nil {
		return compared, err
	}
	if m := c.Misprint; m != nil {
		compared.Fields = append(compared.Fields, harness.Field{
			Name: "Misprint", Page: m.Printed, Seen: m.Meant, Verdict: harness.FieldListed,
			Reason: m.Reason.In(l), Source: "page " + c.Page,
		})
	}
	s := answerSide{p, c.Page, l, map[string]field{}}
	for _, f := range today {
		s.today[f.name] = f
	}
	for _, f := range shown {
		compared.Fields = append(compared.Fields, s.takeField(f))
	}
	for _, f := range today {
		if _, left := s.today[f.name]; left {
			compared.Fields = append(compared.Fields, s.judgeField(field{}, f))
		}
	}
	return compared, nil
}

// answerSide is today's side of a comparison: the values not compared yet.
type answerSide struct {
	*Page
	number string // of the command
	lang   lang.Language
	today  map[string]field
}

// takeField compares a field of the page with today's, under its name or today's.
func (s answerSide) takeField(shown field) harness.Field {
	today, there := s.today[shown.name]
	if there {
		delete(s.today, shown.name)
		return s.judgeField(shown, today)
	}
	same := harness.Field{Name: shown.name, Page: shown.value, Seen: shown.value, PageLine: shown.line}
	renamed := s.differenceExplaining(s.number, same)
	if renamed == nil || s.today[renamed.Renamed].value != shown.value {
		return s.judgeField(shown, field{})
	}
	same.SeenLine = s.today[renamed.Renamed].line
	delete(s.today, renamed.Renamed)
	return s.asListed(same, renamed)
}

// judgeField compares two fields; one of them may be empty.
func (s answerSide) judgeField(shown, today field) harness.Field {
	f := harness.Field{
		Name: cmp.Or(shown.name, today.name), Page: shown.value, Seen: today.value,
		PageLine: shown.line, SeenLine: today.line, Verdict: harness.FieldEqual,
	}
	if shown.value == today.value {
		return f
	}
	if d := s.differenceExplaining(s.number, f); d != nil {
		return s.asListed(f, d)
	}
	f.Verdict = harness.FieldWrong
	return f
}

func (s answerSide) asListed(f harness.Field, d *Difference) harness.Field {
	f.Verdict, f.Reason, f.Source, f.Volatile = harness.FieldListed, d.Reason.In(s.lang), d.Source, d.Shape != ""
	return f
}
