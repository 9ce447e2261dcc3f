package tutorial

import (
	"errors"
	"regexp"
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Difference is a known difference of page.yaml: what differs from the page, where,
// and why that is right. All patterns are regular expressions that match the
// whole of a value or a field's name.
type Difference struct {
	Pages  []string `yaml:"pages"`  // the page's numbers of the commands
	Fields []string `yaml:"fields"` // patterns of names
	// Page and Today are the values; empty if there is no such field.
	Page  string `yaml:"page"`
	Today string `yaml:"today"`
	// Shape, instead of them, is what both values look like; what they are is
	// another each time.
	Shape string `yaml:"shape"`
	// Drop, instead of them, is what is left out of both values, which are the
	// same then.
	Drop string `yaml:"drop"`
	// Renamed, instead of them, is what the field is called today.
	Renamed string `yaml:"renamed"`
	// Optional are differences that depend on the machine. Of all others a full
	// run must see each field of each page.
	Optional bool      `yaml:"optional"`
	Reason   lang.Text `yaml:"reason"`
	Source   string    `yaml:"source"` // where the reason can be looked up
}

func (d Difference) checkEntry() error {
	ways := 0
	for _, set := range []bool{d.Page != "" || d.Today != "", d.Shape != "", d.Drop != "", d.Renamed != ""} {
		if set {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("one of page and today, shape, drop and renamed is needed")
	case len(d.Pages) == 0 || len(d.Fields) == 0:
		return errors.New("pages and fields are needed")
	case d.Reason.EN == "" || d.Reason.JA == "" || d.Source == "":
		return errors.New("a reason in both languages and a source are needed")
	}
	for _, p := range append([]string{d.Page, d.Today, d.Shape, d.Drop}, d.Fields...) {
		if _, err := regexp.Compile(p); err != nil {
			return err
		}
	}
	return nil
}

// isOf reports whether the difference is one of this field.
func (d Difference) isOf(page, name string) bool {
	return slices.Contains(d.Pages, page) &&
		slices.ContainsFunc(d.Fields, func(pattern string) bool { return matchesWhole(pattern, name) })
}

// explainsValues reports whether two values differ in this way. A field that is not
// there has an empty one.
func (d Difference) explainsValues(page, today string) bool {
	switch {
	case d.Renamed != "":
		return page == today
	case page == "" || today == "":
		return d.Shape == "" && d.Drop == "" && matchesWhole(d.Page, page) && matchesWhole(d.Today, today)
	case d.Shape != "":
		return matchesWhole(d.Shape, page) && matchesWhole(d.Shape, today)
	case d.Drop != "":
		drop := regexp.MustCompile(d.Drop)
		return drop.ReplaceAllString(page, "") == drop.ReplaceAllString(today, "")
	}
	return matchesWhole(d.Page, page) && matchesWhole(d.Today, today)
}

func matchesWhole(pattern, s string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(s)
}

// differenceExplaining returns the first difference that explains a field of a command,
// nil if there is none. A field whose values are equal has another name today.
func (p *Page) differenceExplaining(number string, f harness.Field) *Difference {
	for i := range p.Differences {
		d := &p.Differences[i]
		if (d.Renamed != "") == (f.Page == f.Seen) && d.isOf(number, f.Name) && d.explainsValues(f.Page, f.Seen) {
			return d
		}
	}
	return nil
}

// Unused returns the known differences that were to be seen in the comparisons
// and were not, each as its page, field and reason in a language.
func (p *Page) Unused(made []harness.Comparison, l lang.Language) []string {
	var unused []string
	for i := range p.Differences {
		d := &p.Differences[i]
		for _, c := range made {
			for _, name := range d.Fields {
				if !d.Optional && slices.Contains(d.Pages, c.Page) && !p.isSeen(c, d, name) {
					unused = append(unused, c.Page+" "+name+": "+d.Reason.In(l))
				}
			}
		}
	}
	return unused
}

func (p *Page) isSeen(c harness.Comparison, d *Difference, name string) bool {
	return slices.ContainsFunc(c.Fields, func(f harness.Field) bool {
		return f.Verdict == harness.FieldListed && matchesWhole(name, f.Name) && p.differenceExplaining(c.Page, f) == d
	})
}
