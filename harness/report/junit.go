package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"labcheck/harness"
)

// The elements of JUnit's XML, as GitHub's actions, GitLab and Jenkins read
// it. Times are in seconds; encoding/xml writes U+FFFD for what XML can't hold.
type (
	testSuites struct {
		XMLName   xml.Name    `xml:"testsuites"`
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      junitTime   `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Suites    []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name      string     `xml:"name,attr"`
		Tests     int        `xml:"tests,attr"`
		Failures  int        `xml:"failures,attr"`
		Errors    int        `xml:"errors,attr"`
		Skipped   int        `xml:"skipped,attr"`
		Time      junitTime  `xml:"time,attr"`
		Timestamp string     `xml:"timestamp,attr"`
		Cases     []testCase `xml:"testcase"`
	}
	testCase struct {
		Class   string    `xml:"classname,attr"`
		Name    string    `xml:"name,attr"`
		File    string    `xml:"file,attr,omitempty"`
		Line    int       `xml:"line,attr,omitempty"`
		Time    junitTime `xml:"time,attr"`
		Failure *problem  `xml:"failure"`
		Error   *problem  `xml:"error"`
		Skipped *skipped  `xml:"skipped"`
		Out     string    `xml:"system-out,omitempty"`
	}
	problem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	skipped struct {
		Message string `xml:"message,attr"`
	}
	junitTime time.Duration
)

func (t junitTime) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", time.Duration(t).Seconds())}, nil
}

// JUnit writes the evidence as JUnit XML: a test suite for each feature, a test
// case for each scenario. A run that came to no verdict on the claims has an
// erroneous test case more, so that it does not look like one that passed.
func JUnit(w io.Writer, e harness.Evidence) error {
	all := testSuites{
		Name: "labcheck", Time: junitTime(e.Run.Duration),
		Timestamp: timestamp(e.Run.Started),
	}
	for _, s := range e.Scenarios {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != oneLine(s.Feature) {
			all.Suites = append(all.Suites, testSuite{Name: oneLine(s.Feature), Timestamp: timestamp(s.Start)})
		}
		all.Suites[len(all.Suites)-1].add(newCase(s))
	}
	if p := runProblem(e); p != nil {
		var s testSuite
		s.Name, s.Timestamp = "labcheck", timestamp(e.Run.Started)
		s.add(testCase{Class: "labcheck", Name: "The run comes to its end", Error: p})
		all.Suites = append(all.Suites, s)
	}
	for _, s := range all.Suites {
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

func (s *testSuite) add(c testCase) {
	s.Tests++
	s.Time += c.Time
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Cases = append(s.Cases, c)
}

func newCase(s harness.Scenario) testCase {
	c := testCase{
		Class: oneLine(s.Feature), Name: oneLine(s.Name), File: oneLine(s.File), Line: s.Line,
		Time: junitTime(s.Duration), Out: transcript(s),
	}
	switch s.Status {
	case harness.Failed:
		c.Failure = &problem{
			Message: oneLine("expected "+s.Expected) + "; " + oneLine("seen "+s.Seen),
			Type:    "claim",
			Text:    failureText(s),
		}
	case harness.Skipped:
		c.Skipped = &skipped{oneLine(s.Reason)}
	}
	return c
}

func failureText(s harness.Scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", clean(where(s)))
	if st := failedStep(s); st != nil {
		fmt.Fprintf(&b, "%s\n", clean(st.Keyword+" "+st.Text))
	}
	fmt.Fprintf(&b, "expected:\n%s\nseen:\n%s\n", indent(clean(s.Expected)), indent(clean(s.Seen)))
	return b.String()
}

func transcript(s harness.Scenario) string {
	var b strings.Builder
	for _, st := range s.Steps {
		for _, c := range st.Commands {
			writeCommand(&b, c)
		}
	}
	return b.String()
}

// runProblem is nil where the run judged its claims to the end.
func runProblem(e harness.Evidence) *problem {
	switch {
	case e.Run.Verdict == harness.VerdictUnreachable, e.Run.Verdict == harness.VerdictInterrupted, e.Run.Error != "":
		return &problem{Message: oneLine(string(e.Run.Verdict) + ": " + e.Run.Error), Type: string(e.Run.Verdict), Text: clean(e.Run.Error)}
	case len(e.Scenarios) == 0:
		return &problem{Message: "nothing was checked", Type: "empty"}
	}
	return nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }
