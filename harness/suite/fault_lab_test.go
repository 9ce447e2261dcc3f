//go:build lab

package suite_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/features"
	"labcheck/harness/pace"
	"labcheck/harness/suite"
)

// TestFaultScenarios breaks a lab on which nothing of the tutorial was done yet,
// and once more: the first run must have left it whole, as far as the scenarios
// see. Whether containers that are started later reach one another is not asked:
// docs/faults.md. By day it runs but two of them, once.
func TestFaultScenarios(t *testing.T) {
	const few = "@id:reboot-drops-out,@id:reboot-joins-again"
	lab := freshHosts(t)
	c := lab.Cluster
	t.Run("another page", func(t *testing.T) { testAnotherPage(t, c) })
	o := suite.Options{Features: features.FS, Lang: "en", Tags: suite.TagFault, Cluster: c, Faulter: lab, Fresh: true}
	if !pace.Thorough() {
		o.Tags = few
	}
	done, err := suite.Run(paced(t), o)
	wantAll(t, done, err)
	slowest(t, done)
	if t.Failed() || !pace.Thorough() {
		return
	}
	before := everything(t, c)
	o.Tags, o.Fresh, o.Lang = few, false, "ja"
	done, err = suite.Run(paced(t), o)
	wantAll(t, done, err)
	if diff := cmp.Diff(before, everything(t, c)); diff != "" {
		t.Errorf("containers (-before +after):\n%s", diff)
	}
}

// TestReplicaScenarios does the same with a cluster that has replicas. By day it
// stops the primary, and no more.
func TestReplicaScenarios(t *testing.T) {
	lab := freshHosts(t)
	c := lab.Cluster
	o := suite.Options{Features: features.FS, Lang: "ja", Tags: suite.TagReplicas, Cluster: c, Faulter: lab, Fresh: true}
	if !pace.Thorough() {
		o.Tags = "@id:primary-stopped"
	}
	done, err := suite.Run(paced(t), o)
	wantAll(t, done, err)
	slowest(t, done)
}
