package report

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
)

// The bounds that a report of a full run keeps.
const (
	maxHTML = 500_000 // bytes
	maxTook = 300 * time.Millisecond
)

// TestReportIsSmallAndSoon measures a whole run with its comparisons, from the
// file to the page.
func TestReportIsSmallAndSoon(t *testing.T) {
	var took []time.Duration
	var page string
	for range 5 {
		began := time.Now()
		page = render(t, rich(t), lang.English)
		took = append(took, time.Since(began))
	}
	quickest := slices.Min(took) // others of this machine's tests run at the same time
	t.Logf("%d bytes of HTML, read and rendered in %s, the quickest of %d times", len(page), quickest, len(took))
	if len(page) > maxHTML || quickest > pace.Limit(maxTook) {
		t.Errorf("%d bytes in %s; %d and %s are allowed", len(page), quickest, maxHTML, maxTook)
	}
}

// TestEverythingIsOnThePage holds the page to the evidence: each claim, answer
// and value can be found, and led to.
func TestEverythingIsOnThePage(t *testing.T) {
	e := full(t)
	root, err := html.Parse(strings.NewReader(render(t, e, lang.English)))
	if err != nil {
		t.Fatal(err)
	}
	ids, links := map[string]int{}, []string{}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			switch a.Key {
			case "id":
				ids[a.Val]++
			case "href":
				links = append(links, a.Val)
			}
		}
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("the id %s is there %d times", id, n)
		}
	}
	for _, link := range links {
		if id, err := url.PathUnescape(strings.TrimPrefix(link, "#")); err != nil || ids[id] == 0 {
			t.Errorf("%s leads nowhere", link)
		}
	}
	text := textOf(root)
	for _, want := range wanted(e) {
		if !strings.Contains(text, strings.Join(strings.Fields(want), " ")) {
			t.Errorf("not on the page: %q", want)
		}
		if len(e.Scenarios) == 0 || ids[e.Scenarios[0].ID] == 0 {
			t.Error("the first claim has no id")
		}
	}
}

func textOf(root *html.Node) string {
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// wanted is what a reader must find.
func wanted(e harness.Evidence) []string {
	all := []string{
		e.Run.Error, "2 of 97 claims are false", "21 of 21 typed", "9 of 9 compared",
		"swarm join exited", "gossip: 1 of 5",
	}
	for _, s := range e.Scenarios {
		all = append(all, s.ID, s.Name, s.Feature, s.Reason, s.Expected, s.Seen)
		for _, st := range s.Steps {
			all = append(all, st.Text)
			if c := st.Comparison; c != nil {
				all = append(all, c.Shown)
				for _, f := range c.Fields {
					all = append(all, f.Name, f.Page, f.Seen, f.Reason, f.Source)
				}
			}
			for _, c := range st.Commands {
				all = append(all, c.Stdout, c.Stderr)
			}
		}
	}
	for _, f := range e.Findings {
		all = append(all, f.Cause, f.Advice, f.Node, f.Remedy[0], f.Seen[0].Asked, f.Seen[0].Answered)
	}
	return all
}

func TestOutcome(t *testing.T) {
	const holds, isFalse, unreachable = harness.VerdictHolds, harness.VerdictFalse, harness.VerdictUnreachable
	for name, tt := range map[string]struct {
		verdict harness.Verdict
		counts  harness.Counts
		class   string
		en, ja  string
	}{
		"holds":   {holds, harness.Counts{Passed: 98}, "holds", "98 claims hold", "98 件の記述が成り立つ"},
		"one":     {holds, harness.Counts{Passed: 1}, "holds", "1 claim holds", "1 件の記述が成り立つ"},
		"nothing": {holds, harness.Counts{}, "false", "Nothing was checked", "何も検査しなかった"},
		"false": {
			isFalse,
			harness.Counts{Passed: 3, Failed: 2},
			"false", "2 of 5 claims are false",
			"5 件の記述のうち 2 件が成り立たない",
		},
		"unreachable": {
			unreachable,
			harness.Counts{},
			"false", "The cluster could not be checked",
			"クラスタを検査できなかった",
		},
		"half checked": {
			unreachable,
			harness.Counts{Passed: 2},
			"false", "2 claims hold, and not all could be checked",
			"2 件の記述が成り立つ。検査できなかったものもある",
		},
		"interrupted": {
			harness.VerdictInterrupted,
			harness.Counts{Passed: 1},
			"open",
			"Interrupted after 1 claim, 0 of them false", "1 件の記述を検査したところで中断、うち 0 件が成り立たない",
		},
	} {
		for l, want := range map[lang.Language]string{lang.English: tt.en, lang.Japanese: tt.ja} {
			c := newContent(harness.Evidence{Run: harness.Run{Verdict: tt.verdict}, Counts: tt.counts}, l)
			if c.Class != tt.class || c.Title != want {
				t.Errorf("%s: %s, %q; want %s, %q", name, c.Class, c.Title, tt.class, want)
			}
		}
	}
}

func TestMark(t *testing.T) {
	text := "Nodes: 4\n store: 10.0.0.1\n  └ Status: Pending\n worker: 10.0.0.2\n  └ Status: Healthy\nCPUs: 4"
	fields := []harness.Field{
		{Name: "Nodes / store / Status", Seen: "Pending", Verdict: harness.FieldWrong},
		{Name: "Nodes / worker / Status", Seen: "Healthy", Verdict: harness.FieldEqual},
		{Name: "CPUs", Seen: "4", Verdict: harness.FieldListed},
		{Name: "Images", Seen: "4", Verdict: harness.FieldListed}, // too short to be told from others
		{Name: "Error", Verdict: harness.FieldListed},
	}
	got := markDifferences(text, fields, func(f harness.Field) string { return f.Seen })
	var marked []string
	var whole strings.Builder
	for _, s := range got {
		whole.WriteString(s.Text)
		if s.Verdict != "" {
			marked = append(marked, string(s.Verdict)+" "+s.Text)
		}
	}
	if want := []string{"wrong Pending", "listed 4"}; !slices.Equal(marked, want) {
		t.Errorf("marked %q, want %q", marked, want)
	}
	if got[len(got)-1].Text != "4" || whole.String() != text {
		t.Errorf("the text became %q, its end %q", whole.String(), got[len(got)-1].Text)
	}
}

func TestPictureMarksWhatIsBroken(t *testing.T) {
	s := snapshots()
	if p := newPicture(1, s[0], lang.English); p.Problems != nil || p.Network != "" {
		t.Errorf("a whole cluster before there is a network: %+v", p)
	}
	p := newPicture(2, s[1], lang.English)
	const store = "store (192.168.33.250): Engine 20.10.5+dfsg1, swarm join exited, swarm join is exited, " +
		"Swarm does not list the host, the host does not have mynet."
	if p.Network != "mynet · overlay · 1f0e9ab21f0e" || !strings.Contains(p.Description, store) {
		t.Errorf("%s: %s", p.Network, p.Description)
	}
	for _, h := range p.Hosts {
		if broken := h.Name == "store"; h.Broken != broken || h.Joined == broken || h.OnNetwork == broken {
			t.Errorf("%s: %+v", h.Name, h)
		}
	}
	// Another id is another network, and who is alone carries nothing.
	s = snapshots()
	s[1].Hosts[1].NetworkID, s[1].Hosts[2].Peers = "another", 1
	p = newPicture(2, s[1], lang.English)
	if h := p.Hosts; !h[1].Broken || !h[2].Broken || h[3].Broken {
		t.Errorf("%+v", h)
	}
	page := render(t, harness.Evidence{Snapshots: snapshots()}, lang.English)
	if n := strings.Count(page, `class="node member unlisted unconnected"`); n != 1 {
		t.Errorf("%d hosts are drawn as disconnected, want 1", n)
	}
	if p := newPicture(1, manyHosts(40), lang.Japanese); len(p.Problems) != 40 || len(p.Hosts) != 40 {
		t.Errorf("40 hosts: %+v", p)
	}
}

// TestPicturesAreThePagesFigures holds that a run which takes a snapshot after
// each part of the page is shown where the page has its figures.
func TestPicturesAreThePagesFigures(t *testing.T) {
	e := recorded(t)
	titles := func() (all []string) {
		for _, p := range newPictures(e.Snapshots, lang.English) {
			all = append(all, p.Title)
		}
		return all
	}
	want := []string{
		"The cluster after “Step 1: Construct the cluster”",
		"The cluster after “Step 3: Overlay a container network”",
	}
	if got := titles(); len(e.Snapshots) != 4 || !slices.Equal(got, want) {
		t.Errorf("%d snapshots became %q", len(e.Snapshots), got)
	}
	lose(&e.Snapshots[3].Hosts[4])
	if got := titles(); len(got) != 3 {
		t.Errorf("a host was lost at the end, and there are %q", got)
	}
}

// TestTimeline holds that bars are where the times say, and within the axis
// whatever they say.
func TestTimeline(t *testing.T) {
	e := sample()
	e.Run.Duration = 10 * time.Second
	e.Run.Stages = []harness.Timing{
		{Name: "hosts", Start: start.Add(2500 * time.Millisecond), Duration: 5 * time.Second},
		{Name: "mine", Start: start.Add(-time.Hour), Duration: 100 * time.Hour},
	}
	c := newTimeline(e, lang.English)
	if len(c.Groups) != 3 || len(c.Ticks) != 5 || c.Ticks[1] != (tick{"20.00%", "2 s"}) {
		t.Fatalf("%+v", c)
	}
	stages := c.Groups[0].Rows
	if b := stages[0].Bars[0]; b != (bar{"25.00%", "50.00%", "stage", "Start the hosts, 5.0 s"}) {
		t.Errorf("%+v", b)
	}
	if b := stages[1].Bars[0]; b.From != "0.00%" || b.Width != "100.00%" {
		t.Errorf("%+v", b)
	}
	hosts := c.Groups[2].Rows
	first := hosts[0]
	if first.Name != "manager" || first.Bars[0].Class != "failed" {
		t.Errorf("%+v", first)
	}
	if len(hosts) != 5 || hosts[1].Summary != "no commands" {
		t.Errorf("%+v", hosts)
	}
	if c := newTimeline(harness.Evidence{}, lang.English); c.Groups != nil {
		t.Errorf("a run without times: %+v", c)
	}
	for _, whole := range []time.Duration{1, time.Minute, 1<<63 - 1} {
		e.Run.Duration = whole
		if n := len(newTimeline(e, lang.English).Ticks); n < 1 || n > 9 {
			t.Errorf("%d ticks in %s", n, whole)
		}
	}
}
