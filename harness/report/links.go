package report

import (
	"fmt"
	"slices"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// brokenLink is a line between two hosts of a picture. From, To and Middle are
// percentages of the picture's width.
type brokenLink struct {
	Name             string // frontend01 ↔ store
	From, To, Middle string
}

// inOneRow is how many hosts stand side by side on a desktop. The lines between
// more of them would lead to the wrong ones.
const inOneRow = 5

// brokenLinks returns the links that false claims found to carry nothing, each once.
func brokenLinks(scenarios []harness.Scenario) []harness.Link {
	var all []harness.Link
	for _, s := range scenarios {
		for _, l := range s.Links {
			if s.Status == harness.Failed && l.From != l.To && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

// addBrokenLinks draws links. Two links between the same hosts are one line.
func (p *picture) addBrokenLinks(links []harness.Link, l lang.Language) {
	for i := range p.Hosts {
		for j := range p.Hosts {
			there := harness.Link{From: p.Hosts[i].Name, To: p.Hosts[j].Name}
			back := harness.Link{From: there.To, To: there.From}
			if !slices.Contains(links, there) {
				continue
			}
			p.Hosts[i].LosesTo = append(p.Hosts[i].LosesTo, there.To)
			arrow := "→"
			if slices.Contains(links, back) {
				if j < i {
					continue
				}
				arrow = "↔"
			}
			name := fmt.Sprintf("%s %s %s", there.From, arrow, there.To)
			p.Problems = append(p.Problems, l.Say("%s: packets between containers are lost", name))
			if len(p.Hosts) <= inOneRow {
				p.Links = append(p.Links, brokenLink{
					name, p.middleOf(float64(i)), p.middleOf(float64(j)),
					p.middleOf(float64(i+j) / 2),
				})
			}
		}
	}
}

// middleOf returns where the middle of a host is, which may be between two.
func (p *picture) middleOf(host float64) string {
	return fmt.Sprintf("%.2f%%", 100*(host+.5)/float64(len(p.Hosts)))
}
