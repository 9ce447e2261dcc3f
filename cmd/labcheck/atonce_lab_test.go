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
			t.Cleanup(func() { p.together(t, labs, "down") })
			began := time.Now()
			p.together(t, labs, "up")
			t.Logf("%d labs stand after %s", labs, seconds(time.Since(began)))
			for lab, said := range p.together(t, labs, "status", "--json") {
				if !strings.Contains(said, `"stage": "network"`) {
					t.Errorf("lab %d does not stand:\n%s", lab, said)
				}
			}
			began = time.Now()
			p.together(t, labs, "down")
			t.Logf("%d labs are gone after %s", labs, seconds(time.Since(began)))
			if diff := cmp.Diff(p.before, p.everything(t)); diff != "" {
				t.Errorf("the labs left something (-before +after):\n%s", diff)
			}
		})
	}
}

// together runs a command on some labs at once, and returns what each said.
func (p place) together(t *testing.T, labs int, command string, flags ...string) []string {
	t.Helper()
	said := make([]string, labs)
	var group sync.WaitGroup
	for i := range labs {
		group.Go(func() {
			at := []string{"--lab", fmt.Sprintf("%s-%d", tortureName, i), "--subnet", fmt.Sprintf("192.168.%d.0/24", 81+i)}
			out, err := p.command("labcheck", command, append(at, flags...)...).CombinedOutput()
			if said[i] = string(out); err != nil {
				t.Errorf("%s of lab %d: %v\n%s", command, i, err, out)
			}
		})
	}
	group.Wait()
	return said
}
