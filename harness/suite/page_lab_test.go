//go:build lab

package suite_test

import (
	"os"
	"testing"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/suite"
	"labcheck/harness/tutorial"
)

// testAnotherPage checks a page of testdata, for which no Go was written: what its
// files say is all that it takes. It leaves nothing.
func testAnotherPage(t *testing.T, c *engine.Cluster) {
	content, err := os.ReadFile("testdata/page/page.yaml")
	if err != nil {
		t.Fatal(err)
	}
	page, err := tutorial.Load(content)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []lang.Language{lang.English, lang.Japanese} {
		done, err := suite.Run(paced(t), suite.Options{
			Features: os.DirFS("testdata/page"), Lang: l, Cluster: c, Fresh: true, Page: page,
		})
		wantAll(t, done, err)
		if got, want := page.Coverage(c.Topology(), done), (harness.Coverage{Commands: 1, Run: 1, Outputs: 1, Compared: 1}); got != want {
			t.Errorf("%s: of the page was done %+v, want %+v", l, got, want)
		}
	}
	var events []string
	bootstrap := func() {
		events = nil
		if err := page.Bootstrap(t.Context(), c, func(e tutorial.Event) { events = append(events, e.In(lang.English)) }); err != nil {
			t.Fatal(err)
		}
	}
	if bootstrap(); len(events) != 1 || events[0] != "idler: done already" {
		t.Errorf("after the scenarios, bootstrap did %q", events)
	}
	remove := func() {
		host := c.Engine(c.Topology().Manager.Name)
		all, err := host.Containers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, idler := range all {
			if err := host.Remove(t.Context(), idler.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove()
	if bootstrap(); len(events) != 1 || events[0] != "idler: made" {
		t.Errorf("without the container, bootstrap did %q", events)
	}
	remove()
}
