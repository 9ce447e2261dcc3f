package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// status writes a Swarm as docker/swarm 1.2.9 does.
func status(s Swarm) [][2]string {
	all := [][2]string{{"Role", s.Role}, {"Primary", s.Primary}, {"Strategy", s.Strategy}, {"Filters", strings.Join(s.Filters, ", ")}, {"Nodes", fmt.Sprint(len(s.Members))}}
	for _, m := range s.Members {
		all = append(all, [2]string{" " + m.Name, m.Addr.String()}, [2]string{detailPrefix + "ID", m.ID}, [2]string{detailPrefix + "Status", m.Status},
			[2]string{detailPrefix + "Containers", fmt.Sprintf("%d (%d Running, %d Paused, %d Stopped)", m.Containers, m.Running, m.Paused, m.Stopped)},
			[2]string{detailPrefix + "Reserved CPUs", fmt.Sprintf("%d / %d", m.ReservedCPUs, m.CPUs)}, [2]string{detailPrefix + "ServerVersion", m.ServerVersion})
		if m.Memory != "" {
			all = append(all, [2]string{detailPrefix + "Reserved Memory", m.ReservedMemory + " / " + m.Memory})
		}
		if m.Error != "" {
			all = append(all, [2]string{detailPrefix + "Error", m.Error})
		}
		if !m.UpdatedAt.IsZero() {
			all = append(all, [2]string{detailPrefix + "UpdatedAt", m.UpdatedAt.Format(time.RFC3339Nano)})
		}
		var labels []string
		for k, v := range m.Labels {
			labels = append(labels, k+"="+v)
		}
		all = append(all, [2]string{detailPrefix + "Labels", strings.Join(labels, ", ")})
	}
	return all
}

// sameWritten wants what was read to be read again when it is written as Swarm
// writes it.
func sameWritten(t *testing.T, got Swarm) {
	t.Helper()
	again, err := ParseSwarm(status(got))
	if diff := cmp.Diff(got, again, byValue, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("written and read again: %v\n%s", err, diff)
	}
}

// FuzzContainer has an engine answer anything for a container and for a list.
func FuzzContainer(f *testing.F) {
	f.Add([]byte(`{"Id": "1", "Name": "/a", "State": {"Status": "running"}, "Config": {"Image": "x"}, "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "80"}]}}, "NetworkSettings": {"Networks": {"a": {"IPAddress": "10.0.0.2"}}}}`))
	f.Add([]byte(`{"Id": "1", "Names": ["/a"], "Ports": [{"PublicPort": 80, "PrivatePort": 80, "Type": "tcp"}], "NetworkSettings": {"Networks": {"a": {}}}}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"NetworkSettings": {"Networks": {"a": null}}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		var one container.InspectResponse
		if json.Unmarshal(answer, &one) == nil {
			if c, err := detailsOf(one, "store"); err != nil && !errors.Is(err, ErrWrongService) || err == nil && c.Node != "store" {
				t.Errorf("%+v, %v", c, err)
			}
		}
		var listed container.Summary
		if json.Unmarshal(answer, &listed) == nil {
			if c := (&Client{node: node{}}).containerOf(listed); len(c.Ports) > len(listed.Ports) || c.Node == "" && !strings.Contains(string(answer), "/") {
				t.Errorf("%+v of %s", c, answer)
			}
		}
		var n network.Inspect
		if json.Unmarshal(answer, &n) == nil {
			if got := networkOf(n); len(got.Containers) != len(n.Containers) || len(got.Subnets) > len(n.IPAM.Config) {
				t.Errorf("%+v", got)
			}
		}
	})
}

// FuzzPulled: a pull came to its end only where none of its lines is an error.
func FuzzPulled(f *testing.F) {
	f.Add([]byte(`{"status": "a"}` + "\n" + `{"status": "b"}`))
	f.Add([]byte(`{"error": "no room"}`))
	f.Fuzz(func(t *testing.T, progress []byte) {
		if readPullProgress(bytes.NewReader(progress)) != nil {
			return
		}
		failed := append(bytes.Clone(progress), "\n{\"error\": \"no room\"}"...)
		if err := readPullProgress(bytes.NewReader(failed)); err == nil || err.Error() != "no room" {
			t.Errorf("with an error at its end: %v", err)
		}
	})
}
