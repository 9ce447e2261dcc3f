package page

import (
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Book is the page and what differs from it today.
type Book struct {
	Commands    []Command
	Differences []Difference
}

// Open reads the page. The error is one of the files that this package embeds.
func Open() (*Book, error) {
	c, err := Commands()
	if err != nil {
		return nil, err
	}
	d, err := Differences()
	if err != nil {
		return nil, err
	}
	return &Book{c, d}, nil
}

// Compare puts what was answered to a command beside what the page shows, field
// by field, in the page's order; what only today's answer has comes last. The
// error is of an answer that can't be read.
func (b *Book) Compare(c Command, t harness.Topology, answer harness.Result, l lang.Language) (harness.Comparison, error) {
	compared := harness.Comparison{Page: c.Page, Command: Here(t, c.Text), Shown: c.Shown}
	page, err := c.fields(c.meant())
	if err != nil {
		return compared, lang.Errorf("page.yaml: %s: %w", c.Page, err)
	}
	today, err := c.fields(c.Terminal(answer))
	if err != nil {
		return compared, err
	}
	if m := c.Misprint; m != nil {
		compared.Fields = append(compared.Fields, harness.Field{
			Name: "Misprint", Page: m.Printed, Seen: m.Meant, Verdict: harness.FieldListed,
			Reason: m.Reason.In(l), Source: "page " + c.Page,
		})
	}
	s := side{b, c.Page, l, values(today)}
	for _, f := range page {
		compared.Fields = append(compared.Fields, s.take(Here(t, f.name), Here(t, f.value)))
	}
	for _, f := range today {
		if _, left := s.today[f.name]; left {
			compared.Fields = append(compared.Fields, s.judge(f.name, "", f.value))
		}
	}
	return compared, nil
}

// side is today's side of a comparison: the values that were not yet compared.
type side struct {
	*Book
	page  string
	lang  lang.Language
	today map[string]string
}

func values(all []field) map[string]string {
	v := map[string]string{}
	for _, f := range all {
		v[f.name] = f.value
	}
	return v
}

// take compares a field of the page with today's, under its name or today's.
func (s side) take(name, page string) harness.Field {
	if value, there := s.today[name]; there {
		delete(s.today, name)
		return s.judge(name, page, value)
	}
	for _, d := range s.Differences {
		if value, there := s.today[d.Renamed]; there && d.of(s.page, name) && d.explains(page, value) {
			delete(s.today, d.Renamed)
			return s.listed(harness.Field{Name: name, Page: page, Seen: value}, d)
		}
	}
	return s.judge(name, page, "")
}

func (s side) judge(name, page, today string) harness.Field {
	f := harness.Field{Name: name, Page: page, Seen: today, Verdict: harness.FieldEqual}
	if page == today {
		return f
	}
	for _, d := range s.Differences {
		if d.Renamed == "" && d.of(s.page, name) && d.explains(page, today) {
			return s.listed(f, d)
		}
	}
	f.Verdict = harness.FieldWrong
	return f
}

func (s side) listed(f harness.Field, d Difference) harness.Field {
	f.Verdict, f.Reason, f.Source = harness.FieldListed, d.Reason.In(s.lang), d.Source
	return f
}

// Wrong are the fields that differ and are not listed.
func Wrong(c harness.Comparison) []harness.Field {
	return slices.DeleteFunc(slices.Clone(c.Fields), func(f harness.Field) bool { return f.Verdict != harness.FieldWrong })
}
