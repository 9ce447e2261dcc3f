package report

import (
	"labcheck/harness"
	"labcheck/harness/lang"
)

// outcome returns the class of a run's verdict, and the verdict in words.
func outcome(e harness.Evidence, l lang.Language) (class, sentence string) {
	checked := e.Counts.Passed + e.Counts.Failed
	held := l.Count(e.Counts.Passed, "%d claim holds", "%d claims hold")
	switch {
	case e.Run.Verdict == harness.VerdictInterrupted:
		return "open", l.Say("interrupted after %s, %d of them false", countClaims(l, checked), e.Counts.Failed)
	case e.Run.Verdict == harness.VerdictUnreachable && checked > 0:
		return "false", l.Say("%s, and not all could be checked", held)
	case e.Run.Verdict == harness.VerdictUnreachable:
		return "false", l.Say("the cluster could not be checked")
	case e.Counts.Failed > 0:
		return "false", l.Say("%d of %s false", e.Counts.Failed, l.Count(checked, "%d claim is", "%d claims are"))
	case e.Run.Verdict != harness.VerdictHolds || checked == 0:
		return "false", l.Say("nothing was checked")
	}
	return "holds", held
}

func countClaims(l lang.Language, n int) string { return l.Count(n, "%d claim", "%d claims") }

func countKnown(l lang.Language, n int) string {
	return l.Count(n, "%d known difference", "%d known differences")
}

func countObservations(l lang.Language, n int) string {
	return l.Count(n, "%d observation", "%d observations")
}
