package walk

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness"
	"labcheck/harness/lang"
)

func TestComparisonText(t *testing.T) {
	made := harness.Comparison{Page: "1.9", Fields: []harness.Field{
		{Name: "CPUs", Page: "0", Seen: "0", Verdict: harness.FieldEqual},
		{Name: "Total Memory", Page: "0 B", Seen: "0B", Verdict: harness.FieldListed, Reason: "Sizes are written so."},
		{Name: "Role", Page: "primary", Seen: "replica", Verdict: harness.FieldWrong},
		{Name: "Running", Seen: "0", Verdict: harness.FieldListed, Reason: "There is more."},
		{Name: "Paused", Seen: "0", Verdict: harness.FieldListed, Reason: "There is more."},
		{Name: "Strategy", Page: "spread", Verdict: harness.FieldWrong},
	}}
	for l, want := range map[lang.Language]string{
		lang.English: `  ✗ compared with the page: 1 equal, 3 known differences, 2 wrong
  ✗ Role: the page shows primary, seen replica
  ✗ Strategy: the page shows spread, seen nothing
  ≈ Sizes are written so.
    Total Memory: the page 0 B, here 0B
  ≈ There is more.
    Running: the page nothing, here 0 (and 1 more)
`,
		lang.Japanese: `  ✗ ページとの比較: 一致 1、理由のわかっている相違 3、誤り 2
  ✗ Role: ページでは primary、実際は replica
  ✗ Strategy: ページでは spread、実際は なし
  ≈ Sizes are written so.
    Total Memory: ページ 0 B、ここ 0B
  ≈ There is more.
    Running: ページ なし、ここ 0 (ほか 1)
`,
	} {
		w := &walk{Options: Options{Lang: l, Width: 80}}
		if diff := cmp.Diff(want, w.comparisonText(made)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", l, diff)
		}
	}
}

// TestSnipPair: of long values the place where they begin to differ is seen.
// TestExampleFits: what is equal is told as such, and of values that differ as much is
// shown as a line has room for.
func TestExampleFits(t *testing.T) {
	w := &walk{Options: Options{Lang: lang.English, Width: 80}}
	for n, want := range map[int][2]string{
		24: {strings.Repeat("x", 24), strings.Repeat("y", 24)},
		25: {strings.Repeat("x", 23) + "…", strings.Repeat("y", 23) + "…"},
	} {
		c := harness.Comparison{Fields: []harness.Field{
			{Name: "Name", Page: strings.Repeat("x", n), Seen: strings.Repeat("y", n), Verdict: harness.FieldListed, Reason: "It is random."},
		}}
		wanted := "  ✓ compared with the page: 0 equal, 1 known differences, 0 wrong\n" +
			"  ≈ It is random.\n    Name: the page " + want[0] + ", here " + want[1] + "\n"
		if diff := cmp.Diff(wanted, w.comparisonText(c)); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", n, diff)
		}
	}
}

func TestSnipPair(t *testing.T) {
	const same = "a value that is the same for a long way "
	for _, tt := range []struct{ a, b, wantA, wantB string }{
		{"short", "other", "short", "other"},
		{"first " + same, "second " + same, "first a value that …", "second a value that…"},
		{same + "one", same + "two", "…for a long way one", "…for a long way two"},
		{same + "one" + same, same + "two" + same, "… way onea value th…", "… way twoa value th…"},
		{"クラスタのすべてのノードで稼働中", "クラスタのすべてのノードで停止中", "…てのノードで稼働中", "…てのノードで停止中"},
	} {
		a, b := snipPair(tt.a, tt.b, 20)
		if diff := cmp.Diff([]string{tt.wantA, tt.wantB}, []string{a, b}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestWaitForEnter has a person press Enter, leave in each way, and be interrupted.
func TestWaitForEnter(t *testing.T) {
	w := &walk{Options: Options{Out: new(bytes.Buffer)}}
	if err := w.waitForEnter(t.Context()); err != nil {
		t.Errorf("nobody is asked: %v", err)
	}
	for line, want := range map[string]error{"": nil, "run it": nil, " Q ": ErrLeft, "quit": ErrLeft} {
		w.NextLine = func(context.Context) (string, error) { return line, nil }
		if err := w.waitForEnter(t.Context()); !errors.Is(err, want) {
			t.Errorf("line %q: %v, not %v", line, err, want)
		}
	}
	for was, want := range map[error]error{io.EOF: ErrLeft, context.Canceled: context.Canceled} {
		w.NextLine = func(context.Context) (string, error) { return "", was }
		if err := w.waitForEnter(t.Context()); !errors.Is(err, want) {
			t.Errorf("at %v: %v, not %v", was, err, want)
		}
	}
}
