package diagnose

import (
	"cmp"
	"slices"

	"labcheck/harness/lang"
)

// containerCodes returns the codes of what can be wrong with a container of the page,
// without those that it can't have. Most break the kind own; stop is the fault that
// shows a stopped one.
func containerCodes(codes serviceCodes, section string, container lang.Text, own, policy kind, stop string) []Code {
	rows := []Code{
		{
			Code:  codes.noImage,
			Title: "%s and its image are not there",
			Cause: "%s on %s is not there, and neither is its image %s",
			Looks: "`docker run` answers `No such image`, or tries to pull and fails",
			Why:   "the image was removed, or was never loaded on a host without a registry",
			Fix:   []string{"docker -H=tcp://HOST:2375 pull IMAGE", "docker -H=tcp://HOST:2375 run …"},
		},
		{
			Code: codes.missing, Title: "%s is not there", Cause: "%s on %s is not there",
			Looks: "`docker ps --all` on the host lacks it",
			Why:   "the page's command was not typed for this host, or the container was removed",
			Fix:   []string{"docker -H=tcp://HOST:2375 run …"},
		},
		{
			Code:  codes.portTaken,
			Title: "another container has the port of %s",
			Cause: "container %s has the port %d of %s",
			Looks: "the port answers, but not as it should; the container is Created, not Up",
			Why:   "another container was published on the port first",
			Fix:   []string{"docker -H=tcp://HOST:2375 rm -f OTHER", "docker -H=tcp://HOST:2375 start CONTAINER"},
		},
		{
			// Not %s: it is the text of a host that is paused, which Japanese words in another way.
			Code: codes.paused, Title: "%[1]s is paused", Cause: "%s on %s is paused",
			Looks: "`docker ps` shows it as Up (Paused); its port is open and nothing answers",
			Why:   "`docker pause` was typed, or a tool for backups left it so",
			Fix:   []string{"docker -H=tcp://HOST:2375 unpause CONTAINER"},
		},
		{
			Code:  codes.restarting,
			Title: "%s ends and is started again and again",
			Cause: "%s on %s ends and is started again and again",
			Looks: "`docker ps` shows Restarting, or Up for a few seconds again and again",
			Why: "the program ends because of its arguments or environment, and the restart policy starts it " +
				"again; `docker logs` has the reason",
			Fix: []string{"docker -H=tcp://HOST:2375 logs CONTAINER", "docker -H=tcp://HOST:2375 rm -f CONTAINER"},
		},
		{
			Code: codes.stopped, Title: "%s does not run", Cause: "%s on %s does not run",
			Looks: "`docker ps --all` shows it as Exited",
			Why: "it was stopped by hand, its host was restarted and it has no restart policy, or its program " +
				"ended; the exit code tells: 0 or 137 by hand, 1 or 2 by itself",
			Fix:   []string{"docker -H=tcp://HOST:2375 start CONTAINER"},
			Fault: stop,
		},
		{
			Code:  codes.wrongPort,
			Title: "%s is not published on its port",
			Cause: "%s on %s is not published on its port",
			Looks: "`docker port` shows another port than the page's, or none",
			Why:   "-p was left out, or has another host port",
			Fix:   []string{"docker -H=tcp://HOST:2375 rm -f CONTAINER", "docker -H=tcp://HOST:2375 run …"},
		},
		{
			Code: codes.otherImage, Breaks: imageKind,
			Title: "%s is of an image with another name",
			Cause: "%s on %s is of an image with another name: Swarm hides its own containers by that name",
			Looks: "`docker ps` shows another IMAGE; through port 3375 Swarm's own containers appear in lists that " +
				"should hide them",
			Why: "the image was retagged, or pulled from another registry",
			Fix: []string{"docker -H=tcp://HOST:2375 tag IMAGE NAME"},
		},
		{
			Code: codes.restartPolicy, Breaks: policy,
			Title: "%s has another restart policy",
			Cause: "%s on %s has another restart policy than the page gives it",
			Looks: "all works until the host restarts; then the container stays Exited, or comes up though it " +
				"should not",
			Why: "--restart was left out of `docker run`, or has another value",
			Fix: []string{"docker -H=tcp://HOST:2375 update --restart=POLICY CONTAINER"},
		},
	}
	for i := range rows {
		rows[i].Section, rows[i].container, rows[i].Breaks = section, []any{container}, cmp.Or(rows[i].Breaks, own)
	}
	return slices.DeleteFunc(rows, func(c Code) bool { return c.Code == "" })
}
