//go:build browser

package report

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
	"labcheck/harness/prereq"
)

// browser starts Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	// Root has no sandbox, and the page is our own. What Chromium leaves goes with
	// the test.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.Env("TMPDIR="+t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	err := chromedp.Do(ctx)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		prereq.Missing(t, "Chromium", "apt-get install chromium")
	case err != nil:
		t.Fatal(err)
	}
	return ctx
}

// tab is a page in the browser, and what went wrong on it.
type tab struct {
	*testing.T
	ctx context.Context
	url string

	mu      sync.Mutex
	fetched []string
	errors  []string
}

// open shows a report in a tab of its own.
func open(ctx context.Context, t *testing.T, file string, before ...action) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx, url: "file://" + file}
	b.run()
	b.ctx, cancel = context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancel)
	if err := chromedp.Listen(b.ctx, b.event); err != nil {
		t.Fatal(err)
	}
	b.run(protocol(network.Enable, network.EnableParams{}))
	b.run(protocol(log.Enable, cdp.Empty{}), protocol(runtime.Enable, cdp.Empty{}))
	b.run(append(before, chromedp.Navigate(b.url))...)
	return b
}

type action = chromedp.Action[chromedp.Void]

// protocol is a command of the browser's protocol as an action.
func protocol[P, R any](c cdp.Command[P, R], params P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (b *tab) event(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *network.EventRequestWillBeSent:
		b.fetched = append(b.fetched, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, string(e.Type)+" on the console")
	case *log.EventEntryAdded:
		b.errors = append(b.errors, e.Entry.Text)
	}
}

func (b *tab) run(actions ...action) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// ask evaluates JavaScript on the page.
func ask[T any](b *tab, js string) T {
	b.Helper()
	return get(b, chromedp.Evaluate[T](js))
}

// get runs an action that has an answer.
func get[T any](b *tab, a chromedp.Action[T]) T {
	b.Helper()
	answer, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.Fatal(err)
	}
	return answer
}

// press clicks on what has the id, also where the page's scripts don't run.
func (b *tab) press(id string) {
	b.Helper()
	const click = "(e => { e.click(); return e.checkVisibility(); })(document.getElementById(%q))"
	if !ask[bool](b, fmt.Sprintf(click, id)) {
		b.Errorf("%s can't be seen", id)
	}
}

// unfold opens all that can be opened, also what is within claims.
func (b *tab) unfold() {
	b.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => { d.open = true; })`))
}

// quiet holds that nothing was fetched but the page, and nothing went wrong.
func (b *tab) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.fetched {
		if url, _, _ := strings.Cut(url, "#"); url != b.url {
			b.Errorf("fetched: %.80s", url)
		}
	}
	if len(b.fetched) == 0 || len(b.errors) > 0 {
		b.Errorf("%d pages, errors %q", len(b.fetched), b.errors)
	}
}

func reportFile(t *testing.T, e harness.Evidence, l lang.Language) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(render(t, e, l)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func scheme(name string) action {
	return protocol(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// TestBrowserAccessible looks at the report in both languages and schemes, on a
// desktop and on a phone. LABCHECK_SHOTS is a folder for pictures to look at.
func TestBrowserAccessible(t *testing.T) {
	ctx := browser(t)
	audit, err := os.ReadFile("testdata/audit.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		file := reportFile(t, full(t), l)
		for _, color := range []string{"light", "dark"} {
			for _, width := range []int64{390, 1280} {
				name := fmt.Sprintf("%s-%s-%d", l, color, width)
				t.Run(name, func(t *testing.T) {
					b := open(ctx, t, file, scheme(color), chromedp.EmulateViewport(width, 900))
					for _, state := range []string{"as it opens", "all open"} {
						for _, wrong := range ask[[]string](b, string(audit)) {
							t.Errorf("%s: %s", state, wrong)
						}
						b.press("open")
						b.unfold()
					}
					b.quiet()
					b.names()
					b.shoot(name)
				})
			}
		}
	}
}

// TestBrowserFields holds how a comparison is laid out: on a desktop a row has
// its cells side by side below the heading; on a phone they are one below the
// other, each with what it is, and nothing is wider than the phone.
func TestBrowserFields(t *testing.T) {
	ctx := browser(t)
	file := reportFile(t, full(t), lang.Japanese)
	const rows = `[...document.querySelectorAll(".fields tbody tr:not(.reason)")].map(r => {
		const cells = [...r.children], at = cells.map(c => c.getBoundingClientRect());
		return [r.checkVisibility() && at.every((b, i) => b.height > 0 && (!i || b.top > at[i - 1].bottom - 1)),
			cells.slice(1).map(c => getComputedStyle(c, "::before").content).join(" ")].join(" ");
	})`
	for width, want := range map[int64]string{390: `true "ページ: " "クラスタ: "`, 1280: "false none none"} {
		b := open(ctx, t, file, scheme("light"), chromedp.EmulateViewport(width, 900))
		b.unfold()
		got := ask[[]string](b, rows)
		if i := slices.IndexFunc(got, func(row string) bool { return row != want }); i >= 0 || len(got) < 20 {
			t.Errorf("%d wide: %d rows, row %d differs from %q: %q", width, len(got), i, want, got)
		}
		const headingShown = `document.querySelector(".fields thead").getBoundingClientRect().width > 1`
		if shown := ask[bool](b, headingShown); shown != (width > 390) {
			t.Errorf("%d wide: the heading is shown: %v", width, shown)
		}
		if wide := ask[int64](b, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("%d wide: the page takes %d", width, wide)
		}
	}
}

// names holds that whatever can be operated has a name in the tree that a
// screen reader gets.
func (b *tab) names() {
	b.Helper()
	tree := get(b, func(ctx context.Context, t *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	operable, roles := 0, map[string]int{}
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil {
			continue
		}
		role := strings.Trim(string(n.Role.Value), `"`)
		roles[role]++
		switch role {
		case "link", "button", "radio", "DisclosureTriangle", "image", "navigation", "table", "slider", "searchbox", "checkbox":
			operable++
			if n.Name == nil || strings.Trim(string(n.Name.Value), `" `) == "" {
				b.Errorf("a %s without a name", role)
			}
		}
	}
	landmarks := roles["main"] == 1 && roles["banner"] == 1 && roles["contentinfo"] == 1
	if operable < 100 || !landmarks || roles["image"] != 2 || roles["slider"] != 1 || roles["searchbox"] != 1 {
		b.Errorf("%d things can be operated, landmarks %v", operable, roles)
	}
}

// shoot takes a picture of the page as it opens.
func (b *tab) shoot(name string) {
	dir := os.Getenv("LABCHECK_SHOTS")
	if dir == "" {
		return
	}
	b.run(chromedp.Reload())
	png := get(b, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.Fatal(err)
	}
}

// TestBrowserSoon measures how long the browser takes to show a whole run.
func TestBrowserSoon(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.English))
	took := ask[float64](b, "performance.getEntriesByType('navigation')[0].loadEventStart")
	t.Logf("shown after %.0f ms", took)
	if took <= 0 || took > float64(pace.Limit(time.Second).Milliseconds()) {
		t.Errorf("it took %.0f ms", took)
	}
}

const shownClaims = "[...document.querySelectorAll('.claim')].filter(c => c.checkVisibility()).map(c => c.id)"

// TestBrowserFilters holds the filters to the evidence, with and without
// scripts.
func TestBrowserFilters(t *testing.T) {
	ctx := browser(t)
	e := rich(t)
	file := reportFile(t, e, lang.English)
	for _, scripts := range []bool{true, false} {
		b := open(ctx, t, file)
		if !scripts {
			disabled := emulation.SetScriptExecutionDisabledParams{Value: true}
			b.run(protocol(emulation.SetScriptExecutionDisabled, disabled), chromedp.Reload())
		}
		for _, f := range []struct {
			name string
			keep func(harness.Scenario) bool
		}{
			{"failed", func(s harness.Scenario) bool { return s.Status == harness.Failed }},
			{"skipped", func(s harness.Scenario) bool { return s.Status == harness.Skipped }},
			{"passed", func(s harness.Scenario) bool { return s.Status == harness.Passed }},
			{"typed", func(s harness.Scenario) bool { return slices.Contains(s.Tags, "@tutorial") }},
			{"all", func(harness.Scenario) bool { return true }},
		} {
			b.press("show." + f.name)
			var want []string
			for _, s := range e.Scenarios {
				if f.keep(s) {
					want = append(want, s.ID)
				}
			}
			if got := ask[[]string](b, shownClaims); !slices.Equal(got, want) {
				t.Errorf("%s, scripts %v: %d claims %.3q, not %d", f.name, scripts, len(got), got, len(want))
			}
			told := ask[string](b, "document.querySelector('#shown').textContent")
			if scripts && told != fmt.Sprintf("%d claims shown", len(want)) {
				t.Errorf("%s: it tells %q", f.name, told)
			}
		}
		b.quiet()
	}
}

// TestBrowserLinks holds that a link opens what it leads to and lands there,
// filter or not.
func TestBrowserLinks(t *testing.T) {
	ctx := browser(t)
	file := reportFile(t, rich(t), lang.English)
	landed := `(() => { const c = document.getElementById("node-size#2"), y = c.getBoundingClientRect().y;
		return c.querySelector("details").open && y >= 0 && y < innerHeight / 2; })()`
	for _, hash := range []string{"#node-size#2", "#node-size%232"} {
		b := open(ctx, t, file+hash, scheme("light"))
		if !ask[bool](b, landed) {
			t.Errorf("%s did not land", hash)
		}
	}
	b := open(ctx, t, file, scheme("light"))
	b.press("show.failed")
	b.run(chromedp.Evaluate[chromedp.Void](`location.hash = "#node-size%232"`), chromedp.Sleep(100*time.Millisecond))
	if !ask[bool](b, landed) {
		t.Error("a link within the page did not land on what a filter hides")
	}
	b.press("close")
	if n := ask[int](b, "document.querySelectorAll('.claim > details[open]').length"); n != 0 {
		t.Errorf("%d claims are open", n)
	}
	b.quiet()
}

// TestBrowserKeyboard goes through the page by Tab: the skip link first, then
// in the order of the page, and always seen.
func TestBrowserKeyboard(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.English), scheme("light"))
	const focused = `(() => { const e = document.activeElement, b = e.getBoundingClientRect();
		const seen = getComputedStyle(e).outlineStyle !== "none" && b.bottom > 0 && b.top < innerHeight;
		return [e.className, [...document.querySelectorAll("*")].indexOf(e), seen]; })()`
	last := 0
	for i := range 40 {
		b.run(chromedp.KeyEvent(kb.Tab))
		at := ask[[]any](b, focused)
		if i == 0 && at[0] != "skip" {
			t.Errorf("the first is %v", at)
		}
		place := int(at[1].(float64))
		if place <= last || at[2] != true {
			t.Errorf("%d: %v after %d", i, at, last)
		}
		last = place
	}
}

// TestBrowserPrints holds that paper has what is folded on the screen.
func TestBrowserPrints(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.Japanese))
	b.run(protocol(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
	// The browser takes a moment to lay out what was folded.
	const folded = `[...document.querySelectorAll(".claim .meta")]
		.filter(e => !e.checkVisibility({ contentVisibilityAuto: true })).length`
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("("+folded+") === 0")); err != nil {
		t.Errorf("%d claims are folded on paper: %v", ask[int](b, folded), err)
	}
	pdf := get(b, chromedp.PrintToPDF())
	if !strings.HasPrefix(string(pdf), "%PDF") {
		t.Errorf("printed: %.20q", pdf)
	}
}

// TestBrowserCopies holds that a button copies a command, or a cause with its fix,
// and that both can be selected without scripts.
func TestBrowserCopies(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.English), chromedp.Func(
		func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
				Source: "navigator.clipboard.writeText = async text => { window.copied = text; }",
			})
			return err
		}))
	f := finding()
	for query, want := range map[string]string{
		".fix .copy":  f.Remedy[0],
		".head .copy": f.Cause + "\n" + f.Remedy[0] + "\n" + f.Advice,
	} {
		b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).click()", query)))
		if got := ask[string](b, "window.copied"); got != want {
			t.Errorf("%s copied %q, want %q", query, got, want)
		}
	}
	const covered = `(() => { const text = document.createRange();
		text.selectNodeContents(document.querySelector(".fix pre"));
		return text.getBoundingClientRect().right > document.querySelector(".fix .copy").getBoundingClientRect().left;
	})()`
	b.run(chromedp.EmulateViewport(390, 900))
	if ask[bool](b, covered) {
		t.Error("on a narrow page the button covers the command")
	}
	b.quiet()
}

// TestBrowserSearch holds that the claims which have all words are shown, within the
// filter, and that a link to another one ends the search.
func TestBrowserSearch(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.English), scheme("light"))
	const typeInto = `(words => { const s = document.getElementById("search"); s.value = words; s.dispatchEvent(new Event("input")); })(%q)`
	search := func(words string) []string {
		b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(typeInto, words)))
		return ask[[]string](b, shownClaims)
	}
	if got := search("100% PACKET loss"); !slices.Equal(got, []string{"reach-everywhere"}) {
		t.Errorf("found %q", got)
	}
	if n := ask[int](b, "[...document.querySelectorAll('.feature')].filter(f => f.checkVisibility()).length"); n != 1 {
		t.Errorf("%d parts of the page are shown", n)
	}
	if got := search("no such words"); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	b.run(chromedp.Evaluate[chromedp.Void](`location.hash = "#node-size%232"`))
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.getElementById("node-size#2").checkVisibility()`)); err != nil {
		t.Errorf("a link did not end the search: %v", err)
	}
	b.press("show.failed")
	if got := search("healthy"); !slices.Equal(got, []string{"node-healthy#3"}) {
		t.Errorf("within the filter, found %q", got)
	}
	b.quiet()
}

// TestBrowserPlays holds that the player types each command of the page, shows its
// output, and leads to its claim.
func TestBrowserPlays(t *testing.T) {
	e := rich(t)
	b := open(browser(t), t, reportFile(t, e, lang.English))
	screen := ask[string](b, "document.querySelector('.screen').textContent")
	at := 0
	for _, s := range e.Scenarios {
		if !slices.Contains(s.Tags, "@tutorial") {
			continue
		}
		for _, r := range commandsOf(s) {
			lines := r.TypedLine()
			for _, want := range []string{r.Node + "$ " + strings.Split(lines, "\n")[0], strings.TrimSpace(r.Stdout)} {
				i := strings.Index(screen[at:], want)
				if i < 0 {
					t.Fatalf("after %d characters the screen lacks %q", at, want)
				}
				at += i + len(want)
			}
		}
	}
	const seek = `(at => { const s = document.getElementById("seek"); s.value = at; s.dispatchEvent(new Event("input")); })(%d)`
	b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(seek, 0)))
	if got := ask[string](b, "document.querySelector('.screen').textContent"); got != "" {
		t.Errorf("at the start the screen has %q", got)
	}
	if got := ask[string](b, "document.getElementById('scene').hash"); got != "#start-consul" {
		t.Errorf("it leads to %s", got)
	}
	b.press("play")
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](`document.querySelector('.screen').textContent.startsWith("manager$ docker")`)); err != nil {
		t.Errorf("it does not play: %v", err)
	}
	if got := ask[string](b, "document.getElementById('play').textContent"); got != "Pause" {
		t.Errorf("the button says %q", got)
	}
	b.press("play")
	stopped := ask[string](b, "document.querySelector('.screen').textContent")
	if got := ask[string](b, "document.querySelector('.screen').textContent"); got != stopped {
		t.Error("it plays on")
	}
	b.quiet()
}

// TestBrowserFoldsVolatileLines holds that of two lines which differ in ids and
// times only one is shown, until a reader asks for both.
func TestBrowserFoldsVolatileLines(t *testing.T) {
	b := open(browser(t), t, reportFile(t, rich(t), lang.English))
	b.unfold()
	const shown = `[...document.querySelectorAll(".diff del.volatile")].filter(e => e.checkVisibility()).length`
	const all = `document.querySelectorAll(".diff del.volatile").length`
	if n, of := ask[int](b, shown), ask[int](b, all); n != 0 || of == 0 {
		t.Errorf("%d of %d lines are shown", n, of)
	}
	b.run(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll(".volatiles input").forEach(e => e.click())`))
	if n, of := ask[int](b, shown), ask[int](b, all); n != of {
		t.Errorf("%d of %d lines are shown", n, of)
	}
}

// TestBrowserShowsFailures holds that a failure can be seen, however short it is.
func TestBrowserShowsFailures(t *testing.T) {
	e := rich(t)
	for i := range e.Scenarios {
		if e.Scenarios[i].Status == harness.Failed {
			e.Scenarios[i].Duration = time.Microsecond
		}
	}
	b := open(browser(t), t, reportFile(t, e, lang.English), scheme("light"), chromedp.EmulateViewport(390, 900))
	widths := ask[[]float64](b, `[...document.querySelectorAll(".course rect.failed")].map(r => {
		const width = r.width.baseVal.value; // without any, nothing is drawn
		return width && width + parseFloat(getComputedStyle(r).strokeWidth); })`)
	if len(widths) != 2 || slices.Min(widths) < 3 {
		t.Errorf("failures are %v pixels wide", widths)
	}
	const drawnLast = `[...document.querySelectorAll(".course svg")].every(s => {
		const bars = [...s.querySelectorAll("rect")], i = bars.findIndex(r => r.matches(".failed"));
		return i < 0 || bars.slice(i).every(r => r.matches(".failed")); })`
	if !ask[bool](b, drawnLast) {
		t.Error("another bar is drawn over a failure")
	}
}
