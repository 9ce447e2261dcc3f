package harness

import "labcheck/harness/lang"

// BusyError reports that another run of labcheck starts containers on the cluster.
type BusyError struct {
	Run string
}

func (e *BusyError) Error() string { return e.In(lang.English) }

// In returns the message in a language.
func (e *BusyError) In(l lang.Language) string {
	return l.Say("another labcheck starts containers on this cluster (run %s)", e.Run)
}
