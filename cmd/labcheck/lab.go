package main

import (
	"context"
	"time"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
	"labcheck/sim"
	"labcheck/sim/images"
)

// startHosts makes the lab's hosts.
func (s *session) startHosts(ctx context.Context) error {
	t := s.lab.Topology()
	return s.bringUp(ctx, s.lang.Say("Start %d hosts on %s", len(t.Hosts()), t.Subnet), nil)
}

// buildCluster makes the hosts of a new lab and performs the tutorial on them meanwhile:
// each step begins when the engines that it is about answer.
func (s *session) buildCluster(ctx context.Context) error {
	t := s.lab.Topology()
	what := s.lang.Say("Build the cluster of %d hosts on %s", len(t.Hosts()), t.Subnet)
	return s.bringUp(ctx, what, func(ctx context.Context, nodes []harness.Node) error {
		cluster, err := s.services.Open(t, nodes)
		if err != nil {
			return err
		}
		defer cluster.Close()
		_, err = s.performTutorial(ctx, cluster, tutorial.Default().Bootstrap, true)
		return err
	})
}

// bringUp makes the lab, from images that it makes first, and meanwhile begins something on
// its nodes.
func (s *session) bringUp(ctx context.Context, what string, begin func(context.Context, []harness.Node) error) error {
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	return s.progress.TrackPart(what, func() error {
		_, err := s.lab.UpWith(ctx, begin)
		return err
	})
}

// ensureImages makes what images are not there, and says beforehand what that
// takes. It is silent if all are there.
func (s *session) ensureImages(ctx context.Context, more ...images.Name) error {
	for _, store := range sim.AllImages(s.lab) {
		plan, err := store.Plan(ctx, more...)
		if err != nil {
			return err
		}
		if len(plan.Missing) == 0 {
			continue
		}
		s.progress.Print(s.lang.Say("  Images are made once: %s", plan.In(s.lang)))
		err = s.progress.TrackPart(s.lang.Say("Make images"), func() error { return store.Ensure(ctx, more...) })
		if err != nil {
			return err
		}
	}
	return nil
}

// removeLab removes the lab, also when ctx has ended.
func (s *session) removeLab(ctx context.Context) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return s.progress.TrackPart(s.lang.Say("Remove the lab"), func() error { return s.lab.Down(ctx) })
}

// performFunc performs a page: Bootstrap or Resume of tutorial.Page.
type performFunc func(context.Context, *engine.Cluster, func(tutorial.Event)) error

// performTutorial performs the tutorial, and looks meanwhile whether the lab is still
// there. The hosts of a lab that is being made may still be starting: then it looks
// from the first step on that has ended. It returns how many steps were not done yet.
func (s *session) performTutorial(
	ctx context.Context, cluster *engine.Cluster, perform performFunc, starting bool,
) (done int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var guard *sim.Guard
	begin := func() (err error) {
		if guard, err = sim.NewGuard(ctx, s.lab, performing); err == nil {
			context.AfterFunc(guard, func() { cancel(context.Cause(guard)) })
		}
		return err
	}
	if !starting {
		if err := begin(); err != nil {
			return 0, err
		}
	}
	err = perform(ctx, cluster, func(e tutorial.Event) {
		s.progress.ShowDetail(e.In(s.lang))
		if !e.Already {
			done++
		}
		if guard == nil {
			_ = begin() // the next event tries again
		}
	})
	if guard != nil {
		err = guard.Explain(err)
	}
	return done, err
}

// performing is the activity of those who build the cluster.
var performing = sim.Activity{
	During: lang.Text{EN: "while the tutorial was performed on it"},
	Again:  func(flags string) lang.Text { return lang.Verbatim("labcheck up" + flags) },
}
