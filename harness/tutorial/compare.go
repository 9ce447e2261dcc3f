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
		found := s.findToday(f)
		delete(s.today, found.name)
		compared.Fields = append(compared.Fields, s.judgeField(f, found))
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

// findToday returns today's field of the name that a field of the page has, or of the
// one that it has today; an empty field if there is none.
func (s answerSide) findToday(shown field) field {
	if today, there := s.today[shown.name]; there {
		return today
	}
	same := harness.Field{Name: shown.name, Page: shown.value, Seen: shown.value}
	if d := s.differenceExplaining(s.number, same); d != nil && s.today[d.Renamed].value == shown.value {
		return s.today[d.Renamed]
	}
	return field{}
}

// judgeField compares two fields; one of them may be empty.
func (s answerSide) judgeField(shown, today field) harness.Field {
	f := harness.Field{
		Name: cmp.Or(shown.name, today.name), Page: shown.value, Seen: today.value,
		PageLine: shown.line, SeenLine: today.line, Verdict: harness.FieldEqual,
	}
	if shown.name == today.name && shown.value == today.value {
		return f
	}
	d := s.differenceExplaining(s.number, f)
	if d == nil {
		f.Verdict = harness.FieldWrong
		return f
	}
	f.Verdict, f.Reason, f.Source, f.Volatile = harness.FieldListed, d.Reason.In(s.lang), d.Source, d.Shape != ""
	return f
}
