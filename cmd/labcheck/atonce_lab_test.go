//go:build lab

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/pace"
	"labcheck/harness/subnettest"
)

// TestLabsAtOnce starts labs together, on subnets of their own, and removes them
// together: two by day, and four, too, by night.
func TestLabsAtOnce(t *testing.T) {
	p := newPlace(t)
	together := []int{2}
	if pace.Thorough() {
		together = append(together, 4)
	}
	for _, labs := range together {
		t.Run(fmt.Sprintf("%d labs", labs), func(t *testing.T) {
			var subnets []string
			for i := range labs {
				subnets = append(subnets, subnettest.ForLab(t, labAtOnce(i)).String())
			}
			t.Cleanup(func() { p.together(t, subnets, "down") })
			began := time.Now()
			p.together(t, subnets, "up")
			t.Logf("%d labs stand after %s", labs, seconds(time.Since(began)))
			for lab, said := range p.together(t, subnets, "status", "--json") {
				if !strings.Contains(said, `"stage": "network"`) {
					t.Errorf("lab %d does not stand:\n%s", lab, said)
				}
			}
			began = time.Now()
			p.together(t, subnets, "down")
			t.Logf("%d labs are gone after %s", labs, seconds(time.Since(began)))
			if diff := cmp.Diff(p.before, p.everything(t)); diff != "" {
				t.Errorf("the labs left something (-before +after):\n%s", diff)
			}
		})
	}
}

func labAtOnce(i int) string { return fmt.Sprintf("%s-%d", tortureName, i) }

// together runs a command on labs at once, each on its subnet, and returns what each said.
func (p place) together(t *testing.T, subnets []string, command string, flags ...string) []string {
	t.Helper()
	said := make([]string, len(subnets))
	var group sync.WaitGroup
	for i := range subnets {
		group.Go(func() {
			at := []string{"--lab", labAtOnce(i), "--subnet", subnets[i]}
			out, err := p.command("labcheck", command, append(at, flags...)...).CombinedOutput()
			if said[i] = string(out); err != nil {
				t.Errorf("%s of lab %d: %v\n%s", command, i, err, out)
			}
		})
	}
	group.Wait()
	return said
}
