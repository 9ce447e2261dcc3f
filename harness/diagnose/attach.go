package diagnose

import (
	"errors"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/survey"
)

// What the engine's log says when it starts, and when it could not take up its
// containers' place on an overlay network after its host lost power: it does not try
// again, and attaches no more containers there (moby/libnetwork#2322).
const (
	startsAnew     = "Loading containers: start"
	restoreFailed  = "Failure during overlay endpoints restore"
	sandboxMissing = "network sandbox join failed"
)

// checkAttaching finds engines that can't attach containers to the overlay network any
// more, as far as their logs or containers say so.
func checkAttaching(d *diagnosis) bool {
	for h := range d.hostsWith(networkKind) {
		if strings.LastIndex(h.Log, restoreFailed) > strings.LastIndex(h.Log, startsAnew) {
			reportAttaching(d, h.Host, "the engine's log, on "+h.Name, lastLine(h.Log, restoreFailed))
			continue
		}
		for _, c := range h.Containers {
			if c.State == "exited" && c.RestartPolicy == "always" && strings.Contains(c.Error, sandboxMissing) {
				reportAttaching(d, h.Host, dockerCommand(h.Host, "inspect --format '{{.State.Error}}' %s", c.Name), c.Error)
				break
			}
		}
	}
	return true
}

func reportAttaching(d *diagnosis, h harness.Host, asked, answered string) {
	d.addFinding("network-no-attach", h.Name, h.Name, d.topology.Network).addSeen(asked, answered).setAdvice(h.Name)
}

// reportStarts reports the engines that could not start a container on the overlay
// network. It returns those errors that are not the engine's word.
func reportStarts(d *diagnosis, failed []error) (rest error) {
	for i, err := range failed {
		h := d.topology.Hosts()[i]
		isWord := err != nil && strings.Contains(err.Error(), sandboxMissing)
		if !isWord {
			rest = errors.Join(rest, err)
			continue
		}
		isKnown := func(f *finding) bool { return f.Code == "network-no-attach" && f.Node == h.Name }
		if !slices.ContainsFunc(d.found, isKnown) {
			reportAttaching(d, h, dockerCommand(h, "run --net=%s labcheck/workload", d.topology.Network), reasonOf(err))
		}
	}
	return rest
}

// lacksAnswer returns why something was not asked, if nothing that was found explains
// it; nil if nothing is known to lack.
func lacksAnswer(s survey.State) error {
	all := []error{s.LeaderError.Err, s.KeysError.Err, s.SwarmError.Err}
	for _, h := range s.Hosts {
		all = append(all, h.ContainersError.Err, h.NetworksError.Err)
	}
	if i := slices.IndexFunc(all, func(err error) bool { return err != nil }); i >= 0 {
		return all[i]
	}
	return nil
}
