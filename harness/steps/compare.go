package steps

import (
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// beside is what the reader has compared with the page so far.
type beside struct {
	// next is where on the page the reader has come to: the command after the
	// last one that was typed. It tells equal commands apart.
	next     int
	compared []harness.Comparison
	last     *harness.Comparison // of the step that runs
}

// TakeComparison gives the comparison that was made since it was last called;
// nil where none was.
func (w *World) TakeComparison() *harness.Comparison {
	taken := w.beside.last
	w.beside.last = nil
	return taken
}

// upcoming returns the page's next command that is printed as a line, and its
// index; -1 if the line is not among the commands that follow.
func (w *World) upcoming(line string) (tutorial.Command, int) {
	for i, c := range w.page.Typed(w.topology())[w.beside.next:] {
		if c.Printed == line {
			return c, w.beside.next + i
		}
	}
	return tutorial.Command{}, -1
}

var errNoOutput = lang.Errorf("the page shows no output of what was typed last")

// showsPage compares what the terminal shows last with what the page shows.
func (w *World) showsPage() error {
	if _, err := w.shown(); err != nil {
		return err
	}
	if w.beside.next == 0 {
		return errNoOutput
	}
	c := w.page.Typed(w.topology())[w.beside.next-1]
	if c.Kind == "" {
		return errNoOutput
	}
	made, err := w.page.Compare(c, w.last, w.lang)
	if err != nil {
		return w.terminalMismatch(w.lang.Say("what the page shows"), err)
	}
	w.beside.last = &made
	w.beside.compared = append(w.beside.compared, made)
	return w.wrongFields(made)
}

func (w *World) wrongFields(made harness.Comparison) error {
	c := w.compare("the terminal beside the page, %s", made.Page)
	for _, f := range tutorial.Wrong(made) {
		c.differs(f.Name+": "+w.orNotShown(f.Page), f.Name+": "+w.orNotShown(f.Seen))
	}
	return c.err()
}

func (w *World) orNotShown(value string) string {
	if value == "" {
		return notShown(w.lang)
	}
	return value
}

// differencesSeen wants each difference that is listed of the outputs which were
// compared to have been there in one of them.
func (w *World) differencesSeen() error {
	if len(w.beside.compared) == 0 {
		return lang.Errorf("nothing was compared with the page")
	}
	if unused := w.page.Unused(w.beside.compared, w.lang); len(unused) > 0 {
		return w.mismatch(w.lang.Say("the listed differences"), w.lang.Say("each of them seen"),
			w.lang.Say("not seen any more:\n%s", strings.Join(unused, "\n")))
	}
	return nil
}
