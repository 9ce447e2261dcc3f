package workload

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/engine"
	"labcheck/harness/internal/enginetest"
)

// TestLeftovers finds and removes what runs left on hosts that answer, and nothing else.
func TestLeftovers(t *testing.T) {
	w, f := performed(t)
	f.Change(func() {
		old := map[string]string{Label: "old"}
		f.Hosts["store"].Add(enginetest.Container{Name: "left", Image: Image, Labels: old})
		f.Hosts["worker01"].Add(enginetest.Container{Name: "left too", Image: Image, Labels: old, State: "exited"})
		f.Hosts["store"].Add(enginetest.Container{Name: "a person's", Image: Image})
		f.Hosts["frontend01"].Off = true
	})
	all, err := Leftovers(t.Context(), w.cluster)
	if !errors.Is(err, engine.ErrRefused) || len(all) != 2 {
		t.Fatalf("found %v, %v", all, err)
	}
	gone := all[0]
	gone.ID, gone.Name = "none", "gone"
	removed, err := RemoveLeftovers(t.Context(), w.cluster, append(all, gone))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{all[0].Host + "/" + all[0].Name, all[1].Host + "/" + all[1].Name, gone.Host + "/gone"}
	if diff := cmp.Diff(want, removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
	if all, _ = Leftovers(t.Context(), w.cluster); len(all) != 0 {
		t.Errorf("left: %v", all)
	}
}
