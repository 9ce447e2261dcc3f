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
	testSuite struct {
		XMLName   xml.Name    // testsuites for the one that has all others
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      junitTime   `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr"`
		Suites    []testSuite `xml:"testsuite"`
		Cases     []testCase  `xml:"testcase"`
	}
	testCase struct {
		Class   string    `xml:"classname,attr"`
		Name    string    `xml:"name,attr"`
		File    string    `xml:"file,attr,omitempty"`
		Line    int       `xml:"line,attr,omitempty"`
		Time    junitTime `xml:"time,attr"`
		Failure *problem  `xml:"failure"`
		Error   *problem  `xml:"error"`
		Skipped *problem  `xml:"skipped"`
		Out     string    `xml:"system-out,omitempty"`
	}
	problem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
	junitTime time.Duration
)

func (t junitTime) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: fmt.Sprintf("%.3f", time.Duration(t).Seconds())}, nil
}

// JUnit writes the evidence as JUnit XML: a test suite for each feature, a test
// case for each scenario. If the run came to no verdict on the claims there is
// one more test case, with an error, so that the run does not look like a success.
func JUnit(w io.Writer, e harness.Evidence) error {
	all := testSuite{
		XMLName: xml.Name{Local: "testsuites"}, Name: "labcheck",
		Time: junitTime(e.Run.Duration), Timestamp: formatTimestamp(e.Run.Started),
	}
	for _, scenarios := range groupByFeature(e.Scenarios) {
		all.addSuite(newSuite(scenarios))
	}
	if p := runProblem(e); p != nil {
		all.addSuite(testSuite{
			Name: "labcheck", Timestamp: all.Timestamp, Tests: 1, Errors: 1,
			Cases: []testCase{{Class: "labcheck", Name: "The run comes to its end", Error: p}},
		})
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

func (s *testSuite) addSuite(suite testSuite) {
	s.Suites = append(s.Suites, suite)
	s.Tests += suite.Tests
	s.Failures += suite.Failures
	s.Errors += suite.Errors
	s.Skipped += suite.Skipped
}

func newSuite(scenarios []harness.Scenario) testSuite {
	counts := harness.Count(scenarios)
	s := testSuite{
		Name: oneLine(scenarios[0].Feature), Tests: len(scenarios), Failures: counts.Failed, Skipped: counts.Skipped,
		Time: junitTime(totalTime(scenarios)), Timestamp: formatTimestamp(scenarios[0].Start),
	}
	for _, scenario := range scenarios {
		s.Cases = append(s.Cases, newCase(scenario))
	}
	return s
}

func newCase(s harness.Scenario) testCase {
	var out strings.Builder
	writeCommands(&out, commandsOf(s))
	c := testCase{
		Class: oneLine(s.Feature), Name: oneLine(s.Name), File: oneLine(s.File), Line: s.Line,
		Time: junitTime(s.Duration), Out: out.String(),
	}
	switch s.Status {
	case harness.Failed:
		c.Failure = &problem{
			Message: oneLine("expected "+s.Expected) + "; " + oneLine("seen "+s.Seen),
			Type:    "claim",
			Text:    failureText(s),
		}
	case harness.Skipped:
		c.Skipped = &problem{Message: oneLine(s.Reason)}
	}
	return c
}

func failureText(s harness.Scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", harness.ShowControls(location(s)))
	if st := failedStep(s); st != nil {
		fmt.Fprintf(&b, "%s\n", harness.ShowControls(st.Keyword+" "+st.Text))
	}
	expected, seen := indentLines(harness.ShowControls(s.Expected)), indentLines(harness.ShowControls(s.Seen))
	fmt.Fprintf(&b, "expected:\n%s\nseen:\n%s\n", expected, seen)
	return b.String()
}

// runProblem returns nil if the run came to a verdict on its claims.
func runProblem(e harness.Evidence) *problem {
	verdict, text := string(e.Run.Verdict), e.Run.Error
	switch {
	case e.Run.Verdict == harness.VerdictUnreachable, e.Run.Verdict == harness.VerdictInterrupted, text != "":
		return &problem{Message: oneLine(verdict + ": " + text), Type: verdict, Text: harness.ShowControls(text)}
	case len(e.Scenarios) == 0:
		return &problem{Message: "nothing was checked", Type: "empty"}
	}
	return nil
}

func formatTimestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }
