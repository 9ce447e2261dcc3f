package steps

import (
	"errors"
	"strings"
	"testing"

	"labcheck/harness"
)

// TestShowsPage follows the reader: docker info is another command of the page
// before and after the export.
func TestShowsPage(t *testing.T) {
	w, n := fakeWorld(t)
	typeIn := func(line, output string) error {
		n.stdout = output
		if err := w.typeLines(t.Context(), doc(line)); err != nil {
			t.Fatal(err)
		}
		return w.showsPage()
	}
	if err := w.showsPage(); err == nil {
		t.Error("nothing was typed yet")
	}
	if err := w.differencesSeen(); err == nil {
		t.Error("nothing was compared yet")
	}
	const run = "docker run --restart=unless-stopped -d -p 8500:8500 -h consul progrium/consul -server -bootstrap"
	if err := typeIn(run, recorded(t, "run")); err != nil {
		t.Error(err)
	}
	if err := typeIn("docker ps", recorded(t, "ps-consul")); err != nil {
		t.Error(err)
	}
	if _, made := w.TakeStep(); made == nil || made.Page != "1.4" || w.comparison != nil {
		t.Errorf("%+v", made)
	}
	if err := w.differencesSeen(); err != nil {
		t.Error(err)
	}
	if err := typeIn(`export DOCKER_HOST="tcp://192.168.33.11:3375"`, ""); err == nil {
		t.Error("the page shows no output of an export")
	}
	err := typeIn("docker info", strings.Replace(recorded(t, "info-empty-cluster"), "spread", "binpack", 1))
	var m *harness.Mismatch
	if !errors.As(err, &m) || m.Expected != "Strategy: spread" || m.Seen != "Strategy: binpack" {
		t.Errorf("%v", err)
	}
	if err := typeIn("docker info", "Cannot connect"); !errors.As(err, &m) {
		t.Errorf("%v", err)
	}
}

// TestDifferencesSeen takes away what an entry is about.
func TestDifferencesSeen(t *testing.T) {
	w, n := fakeWorld(t)
	n.stdout = strings.ReplaceAll(recorded(t, "networks-manager"), "SCOPE", "")
	n.stdout = strings.ReplaceAll(n.stdout, "local", "")
	if err := w.typeLines(t.Context(), doc("docker -H=tcp://192.168.33.11:2375 network ls")); err != nil {
		t.Fatal(err)
	}
	if err := w.showsPage(); err != nil {
		t.Error(err)
	}
	var m *harness.Mismatch
	if err := w.differencesSeen(); !errors.As(err, &m) || !strings.Contains(m.Seen, "3.2 .* / SCOPE: ") {
		t.Errorf("%v", err)
	}
}
