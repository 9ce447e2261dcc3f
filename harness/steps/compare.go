package steps

import (
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/page"
)

// beside is the page beside the reader's terminal.
type beside struct {
	book *page.Book
	// next is where on the page the reader has come to: the command after the
	// last one that was typed. It tells equal commands apart.
	next     int
	compared []harness.Comparison
	last     *harness.Comparison // of the step that runs
}

// TakeComparison gives the comparison that was made since it was last called;
// nil where none was.
func (w *World) TakeComparison() *harness.Comparison {
	taken := w.page.last
	w.page.last = nil
	return taken
}

// openPage reads the page where that was not done yet.
func (w *World) openPage() (*page.Book, error) {
	var err error
	if w.page.book == nil {
		w.page.book, err = page.Open()
	}
	return w.page.book, err
}

// follow goes on to a command of the page; another one leaves the reader where
// he was.
func (w *World) follow(line string) error {
	book, err := w.openPage()
	if err != nil {
		return err
	}
	left := book.Commands[w.page.next:]
	i := slices.IndexFunc(left, func(c page.Command) bool { return page.Here(w.topology(), c.Text) == line })
	w.page.next += i + 1
	return nil
}

// showsPage compares what the terminal shows last with what the page shows.
func (w *World) showsPage() error {
	if _, err := w.shown(); err != nil {
		return err
	}
	if w.page.next == 0 || w.page.book.Commands[w.page.next-1].Kind == "" {
		return lang.Errorf("the page shows no output of what was typed last")
	}
	c := w.page.book.Commands[w.page.next-1]
	made, err := w.page.book.Compare(c, w.topology(), w.last, w.lang)
	if err != nil {
		return w.terminalMismatch(w.lang.Say("what the page shows"), err)
	}
	w.page.last = &made
	w.page.compared = append(w.page.compared, made)
	return w.wrongFields(made)
}

func (w *World) wrongFields(made harness.Comparison) error {
	c := w.compare("the terminal beside the page, %s", made.Page)
	for _, f := range page.Wrong(made) {
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
	if len(w.page.compared) == 0 {
		return lang.Errorf("nothing was compared with the page")
	}
	if unused := page.Unused(w.page.book.Differences, w.page.compared, w.lang); len(unused) > 0 {
		return w.mismatch(w.lang.Say("the listed differences"), w.lang.Say("each of them seen"),
			w.lang.Say("not seen any more:\n%s", strings.Join(unused, "\n")))
	}
	return nil
}
