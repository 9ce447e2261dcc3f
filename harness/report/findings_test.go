package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rivo/uniseg"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
)

var missingJoin = harness.Finding{
	Code: "join-missing", Node: "frontend02", Cause: "the join container on frontend02 is not there",
	Seen:       []harness.Observation{{Asked: "docker ps", Answered: "no\x1b[31m container"}},
	Confidence: harness.Likely,
	Revert:     "labcheck fault undo frontend02",
	Remedy:     []string{"docker rm one", "docker run two"},
	RemedyHost: "store",
	Advice:     "look again",
	Doc:        "docs/codes/nodes-that-join.md#join-missing",
	Explains:   []string{"a#1", "a#2", "b", "c", "d", "e", "f", "g"},
}

const findingText = `cause: the join container on frontend02 is not there  join-missing
    certainty likely: another cause is improbable
    asked     docker ps
    answered  no\x1b[31m container
    revert    labcheck fault undo frontend02
    fix       docker rm one
              docker run two
    typed on  store
    advice    look again
    affects   a#1, a#2, b, c, d, e and 2 more
    more      labcheck explain join-missing

`

const findingJapanese = `原因: the join container on frontend02 is not there  join-missing
    確度         ほぼ確実: ほかの原因は考えにくい
    確認コマンド docker ps
    結果         no\x1b[31m container
    元に戻す     labcheck fault undo frontend02
    対処         docker rm one
                 docker run two
    実行場所     store
    補足         look again
    影響する記述 a#1, a#2, b, c, d, e ほか 2 件
    詳細         labcheck explain join-missing

`

func TestFindings(t *testing.T) {
	for l, want := range map[lang.Language]string{lang.English: findingText, lang.Japanese: findingJapanese} {
		var b strings.Builder
		if err := Diagnosis(&b, l, diagnose.Result{Findings: []harness.Finding{missingJoin}}, TerminalOptions{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", l, diff)
		}
	}
	var b strings.Builder
	e := harness.Evidence{
		Run: harness.Run{Verdict: harness.VerdictFalse}, Counts: harness.Counts{Failed: 1},
		Scenarios: []harness.Scenario{{ID: "b", Name: "A claim", Status: harness.Failed}},
		Findings:  []harness.Finding{missingJoin},
	}
	if err := Terminal(&b, e, TerminalOptions{}); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	claim, cause, end := strings.Index(text, "A claim"), strings.Index(text, findingText), strings.Index(text, "1 of 1")
	if claim < 0 || cause < claim || end < cause {
		t.Errorf("the cause is not between the claim and the counts:\n%s", text)
	}
}

// TestExplanationsFit: an explanation is broken as its language is, at no more than 78 columns.
func TestExplanationsFit(t *testing.T) {
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		e, ok := diagnose.Explain("host-down", l)
		var b strings.Builder
		if err := Explanations(&b, l, []diagnose.Explained{e}, TerminalOptions{}); err != nil || !ok {
			t.Fatal(err, ok)
		}
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			if uniseg.StringWidth(line) > explainWidth || strings.HasSuffix(line, " ") || strings.HasPrefix(line, "  。") {
				t.Errorf("%s: %q", l, line)
			}
		}
	}
}
