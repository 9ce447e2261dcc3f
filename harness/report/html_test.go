package report

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/pace"
)

// The bounds that a report of a full run keeps.
const (
	maxHTML = 900_000 // bytes
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
				all = append(all, strings.Split(c.Shown, "\n")...)
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

// writeSpans writes a line with the values that are marked in brackets.
func writeSpans(spans []span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Class != "" {
			s.Text = "[" + s.Text + "]"
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// TestDiff holds that lines are aligned by their fields, in the page's order, and
// that a value is marked where it is.
func TestDiff(t *testing.T) {
	c := harness.Comparison{
		Shown:  "Nodes: 2\n store: 10.0.0.1\n  └ Status: Healthy\nName: f5f0\nDebug: no\nCPUs: 4\nStore: 10.0.0.1",
		Answer: "Client:\n\nCPUs: 4\nNodes: 2\n store: 10.0.0.1\n  └ Status: Pending\n  └ ID: X\nName: a1e2\nStore: 10.0.0.2",
		Fields: []harness.Field{
			{Name: "Nodes", Page: "2", Seen: "2", PageLine: 1, SeenLine: 4, Verdict: harness.FieldEqual},
			{Name: "Nodes / store", Page: "10.0.0.1", Seen: "10.0.0.1", PageLine: 2, SeenLine: 5, Verdict: harness.FieldEqual},
			{Name: "Nodes / store / Status", Page: "Healthy", Seen: "Pending", PageLine: 3, SeenLine: 6, Verdict: harness.FieldWrong},
			{Name: "Name", Page: "f5f0", Seen: "a1e2", PageLine: 4, SeenLine: 8, Verdict: harness.FieldListed, Volatile: true},
			{Name: "Debug", Page: "no", PageLine: 5, Verdict: harness.FieldListed},
			{Name: "CPUs", Page: "4", Seen: "4", PageLine: 6, SeenLine: 3, Verdict: harness.FieldEqual},
			{Name: "Store", Page: "10.0.0.2", Seen: "10.0.0.2", PageLine: 7, SeenLine: 9, Verdict: harness.FieldEqual},
			{Name: "Nodes / store / ID", Seen: "X", SeenLine: 7, Verdict: harness.FieldListed},
		},
	}
	var got []string
	for _, r := range newDiff(c) {
		got = append(got, r.Class+": "+writeSpans(r.Page)+" | "+writeSpans(r.Seen))
	}
	want := []string{
		"listed:  | Client:", // it has no field
		"same: Nodes: 2 | Nodes: 2",
		"same:  store: 10.0.0.1 |  store: 10.0.0.1",
		"wrong:   └ Status: [Healthy] |   └ Status: [Pending]",
		"listed:  |   └ ID: [X]",
		"volatile: Name: [f5f0] | Name: [a1e2]",
		"listed: Debug: [no] | ",
		"same: CPUs: 4 | CPUs: 4",
		"volatile: Store: 10.0.0.1 | Store: 10.0.0.2", // the lab's subnet is not the page's
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	// Lines that the outputs do not have are those of a damaged file.
	c.Shown, c.Answer = "Nodes: 2", ""
	if rows := newDiff(c); len(rows) != 1 || rows[0].Class == "same" {
		t.Errorf("%+v", rows)
	}
}

// TestMarkValues holds that a value is marked once, at its name's place, and that values
// which overlap are not marked twice.
func TestMarkValues(t *testing.T) {
	for _, tt := range []struct {
		line, values, want string // the values are NAME=VALUE
	}{
		{"1 / CPUs: 1", "CPUs=1", "1 / CPUs: [1]"},
		{"ab", "x=b x=a", "[a][b]"},
		{"12 34 5", "x=12_34 x=34_5", "[12 34] 5"},
		{"12 34 5", "x=34_5 x=12_34", "12 [34 5]"},
		{"12 34 5", "x=12_34_5 x=34", "[12 34 5]"},
		{"12 34 5", "x=34 x=12_34_5 x=6", "12 [34] 5"},
	} {
		var fields []harness.Field
		for _, f := range strings.Fields(tt.values) {
			name, value, _ := strings.Cut(f, "=")
			fields = append(fields, harness.Field{Name: name, Seen: strings.ReplaceAll(value, "_", " "), Verdict: harness.FieldWrong})
		}
		if got := writeSpans(markValues(tt.line, fields, func(f harness.Field) string { return f.Seen })); got != tt.want {
			t.Errorf("%s in %q: %s, want %s", tt.values, tt.line, got, tt.want)
		}
	}
}

// TestKnownReasons: differences that have one reason and source are shown together, and
// those that have another value in each run apart from the others.
func TestKnownReasons(t *testing.T) {
	field := func(reason, source string, volatile bool) harness.Field {
		return harness.Field{Reason: reason, Source: source, Volatile: volatile, Verdict: harness.FieldListed}
	}
	c := newComparison(harness.Comparison{Fields: []harness.Field{
		field("new", "docs", false), field("new", "docs", false), field("new", "code", false), field("random", "", true),
	}}, "")
	var got []string
	for _, same := range append(c.Reasons, c.Volatile...) {
		got = append(got, fmt.Sprintf("%s %s %d", same[0].Reason, same[0].Source, len(same)))
	}
	want := []string{"new docs 2", "new code 1", "random  1"}
	if diff := cmp.Diff(want, got); diff != "" || c.Known != 4 || c.Changing != 1 {
		t.Errorf("%d known, %d of them volatile (-want +got):\n%s", c.Known, c.Changing, diff)
	}
}

// TestOutputFolds: an output that is long, or wider than a phone, is told to be.
func TestOutputFolds(t *testing.T) {
	for _, tt := range []struct {
		lines, width int
		wide, long   bool
	}{
		{longOutput, wideOutput, false, false}, {longOutput + 1, wideOutput + 1, true, true}, {1, wideOutput + 1, true, false},
	} {
		text := strings.Repeat(strings.Repeat("x", tt.width)+"\n", tt.lines)
		if o := newOutput(text); o.Lines != tt.lines || o.Long != tt.long || o.Wide != tt.wide {
			t.Errorf("%+v: %d lines, long %v, wide %v", tt, o.Lines, o.Long, o.Wide)
		}
	}
}

// TestPlace: what was checked, and that a report's texts are of another language.
func TestPlace(t *testing.T) {
	for want, target := range map[string]harness.TargetInfo{
		"a new lab (a)":     {Name: "sim", Lab: "a", Fresh: true},
		"the running lab a": {Name: "sim", Lab: "a"},
		"ec2":               {Name: "ec2", Fresh: true},
	} {
		c := newContent(harness.Evidence{Target: target}, lang.English)
		if got := c.Place(); got != want || c.ForeignLanguage() != "" {
			t.Errorf("%s, want %s; the language %q", got, want, c.ForeignLanguage())
		}
		if c := newContent(harness.Evidence{Target: target}, lang.Japanese); c.ForeignLanguage() != lang.English {
			t.Errorf("in a Japanese report, the language %q", c.ForeignLanguage())
		}
	}
}

func TestPictureMarksWhatIsBroken(t *testing.T) {
	s := snapshots()
	if p := newPicture(s[0], lang.English); p.Problems != nil || p.Network != "" {
		t.Errorf("a whole cluster before there is a network: %+v", p)
	}
	p := newPicture(s[1], lang.English)
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
	p = newPicture(s[1], lang.English)
	if h := p.Hosts; !h[1].Broken || !h[2].Broken || h[3].Broken {
		t.Errorf("%+v", h)
	}
	page := render(t, harness.Evidence{Snapshots: snapshots()}, lang.English)
	if n := strings.Count(page, `class="node member unlisted unconnected"`); n != 1 {
		t.Errorf("%d hosts are drawn as disconnected, want 1", n)
	}
	if p := newPicture(manyHosts(40), lang.Japanese); len(p.Problems) != 40 || len(p.Hosts) != 40 {
		t.Errorf("40 hosts: %+v", p)
	}
}

// TestPictures holds that a run on a new lab is one picture with both steps, and that
// another is shown if something broke meanwhile.
func TestPictures(t *testing.T) {
	e := recorded(t)
	titles := func() (all []string) {
		for _, p := range newPictures(e, lang.English) {
			all = append(all, p.Title+" | "+p.SwarmAfter+" | "+p.NetworkAfter)
		}
		return all
	}
	const first, third = "Step 1: Construct the cluster", "Step 3: Overlay a container network"
	want := []string{"The cluster at the end of the run | " + first + " | " + third}
	if got := titles(); len(e.Snapshots) != 4 || !slices.Equal(got, want) {
		t.Errorf("%d snapshots became %q", len(e.Snapshots), got)
	}
	unanswered := harness.Snapshot{Stage: "none", Hosts: []harness.HostSnapshot{{Name: "store"}}}
	e.Snapshots = append(e.Snapshots, unanswered)
	if got := titles(); !slices.Equal(got, want) {
		t.Errorf("a snapshot that nothing answered made %q", got)
	}
	lose(&e.Snapshots[3].Hosts[4])
	want = []string{"The cluster after “" + first + "” |  | ", want[0]}
	if got := titles(); !slices.Equal(got, want) {
		t.Errorf("a host was lost at the end, and there are %q", got)
	}
	e.Target.Fresh, e.Snapshots = false, e.Snapshots[:3]
	e.Scenarios[0].Status, e.Scenarios[0].Links = harness.Failed, []harness.Link{{From: "manager", To: "store"}}
	if got := titles(); !slices.Equal(got, []string{"The cluster as found |  | "}) {
		t.Errorf("a running lab became %q", got)
	}
	e.Snapshots = []harness.Snapshot{unanswered}
	if got := titles(); len(got) != 1 {
		t.Errorf("a cluster that does not answer became %q", got)
	}
}

// TestPictureMarksBrokenLinks holds that a link that carries nothing is drawn between
// its hosts, once for both directions, and in the hosts that lose packets.
func TestPictureMarksBrokenLinks(t *testing.T) {
	e := rich(t)
	cut := []harness.Link{
		{From: "frontend01", To: "store"}, {From: "store", To: "frontend01"}, {From: "manager", To: "worker01"},
	}
	for i := range e.Scenarios {
		if e.Scenarios[i].Status == harness.Failed {
			e.Scenarios[i].Links = cut // several claims find the same links
		}
	}
	e.Scenarios[0].Links = []harness.Link{{From: "store", To: "manager"}} // the claim holds: it was cut on purpose
	p := newPictures(e, lang.English)[1]
	want := []brokenLink{
		{"manager → worker01", "10.00%", "70.00%", "40.00%"},
		{"frontend01 ↔ store", "30.00%", "90.00%", "60.00%"},
	}
	if diff := cmp.Diff(want, p.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	var losing []string
	for _, h := range p.Hosts {
		losing = append(losing, h.Name+" "+strings.Join(h.LosesTo, " "))
	}
	if diff := cmp.Diff([]string{"manager worker01", "frontend01 store", "frontend02 ", "worker01 ", "store frontend01"}, losing); diff != "" {
		t.Errorf("hosts that lose packets (-want +got):\n%s", diff)
	}
	page := render(t, e, lang.English)
	for text, n := range map[string]int{"✗ frontend01 ↔ store</text>": 1, "✗ no packets to store</p>": 1} {
		if got := strings.Count(page, text); got != n {
			t.Errorf("%q is drawn %d times, want %d", text, got, n)
		}
	}
	six := manyHosts(6)
	six.Hosts[0].Name, six.Hosts[1].Name = "manager", "worker01"
	many := newPicture(six, lang.English)
	many.addBrokenLinks(cut[2:], lang.English)
	if len(many.Links) != 0 || len(many.Hosts[0].LosesTo) != 1 {
		t.Errorf("six hosts do not stand side by side: lines %v, %v", many.Links, many.Hosts[0].LosesTo)
	}
}

// TestTimelineShowsFailures holds that a failure is drawn over what stands in its
// place, is said in words, and leads to its claim.
func TestTimelineShowsFailures(t *testing.T) {
	e := sample()
	e.Scenarios[2].Feature = e.Scenarios[0].Feature
	e.Scenarios = []harness.Scenario{e.Scenarios[1], e.Scenarios[0], e.Scenarios[2], e.Scenarios[0]}
	r := newTimeline(e, lang.English).Groups[1].Rows[0]
	var drawn []string
	for _, b := range r.Bars {
		drawn = append(drawn, b.Claim+" "+b.Class)
	}
	want := []string{"consul-leader passed", "consul-leader passed", "info-of-the-cluster failed", "network-is-one failed"}
	if diff := cmp.Diff(want, drawn); diff != "" || r.False != "2 false" {
		t.Errorf("%q; bars (-want +got):\n%s", r.False, diff)
	}
	page := render(t, e, lang.English)
	for _, wanted := range []string{`<a href="#network-is-one" tabindex="-1"><rect class="failed"`, "<strong class=\"bad\">2 false</strong>"} {
		if !strings.Contains(page, wanted) {
			t.Errorf("not on the page: %s", wanted)
		}
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
	if b := stages[0].Bars[0]; b != (bar{From: "25.00%", Width: "50.00%", Class: "stage", Title: "Start the hosts, 5.0 s"}) {
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
	var legend []string
	for _, entry := range c.Legend {
		legend = append(legend, entry.Class)
	}
	if !slices.Equal(legend, []string{"stage", "passed", "failed"}) {
		t.Errorf("the legend explains %q", legend)
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
