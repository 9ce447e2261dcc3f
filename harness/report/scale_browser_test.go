//go:build browser

package report

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/chromedp"

	"labcheck/harness/lang"
)

// ofReport matches what the audit wants of the report of a check alone: its navigation, and
// how much there is of it.
var ofReport = regexp.MustCompile(`^only \d+ |^1\.3\.1: 0 (nav|a\.skip)`)

// TestBrowserScalePage looks at the page of a run of `labcheck scale` in both languages
// and schemes, on a desktop and on a phone.
func TestBrowserScalePage(t *testing.T) {
	ctx := browser(t)
	audit, err := os.ReadFile("testdata/audit.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		dir := t.TempDir()
		if err := WriteScale(dir, scaleSample(t), l); err != nil {
			t.Fatal(err)
		}
		for _, color := range []string{"light", "dark"} {
			for _, width := range []int64{390, 1280} {
				name := fmt.Sprintf("scale-%s-%s-%d", l, color, width)
				t.Run(name, func(t *testing.T) {
					file := filepath.Join(dir, ScalePageFile)
					b := open(ctx, t, file, scheme(color), chromedp.EmulateViewport(width, 900))
					for _, wrong := range ask[[]string](b, string(audit)) {
						if !ofReport.MatchString(wrong) {
							t.Error(wrong)
						}
					}
					const drawn = `[...document.querySelectorAll(".drawing")].filter(d => d.getBoundingClientRect().height > 100).length`
					if n := ask[int](b, drawn); n != 5 {
						t.Errorf("%d plots can be seen, not 5", n)
					}
					b.quiet()
					b.shoot(name)
				})
			}
		}
	}
}
