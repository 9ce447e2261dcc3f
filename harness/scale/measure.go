package scale

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness"
	"labcheck/harness/engine"
	"labcheck/harness/lang"
	"labcheck/harness/tutorial"
)

// measureLevel fills the cluster to a number of containers and measures requests there.
// The containers that are run to be measured are the last ones before that number; at the
// first level, the first ones behind it.
func (r *run) measureLevel(ctx context.Context, containers int) error {
	l := Level{Containers: containers}
	s := r.result.Settings
	isFirst := r.counted == 0
	before := containers
	if !isFirst {
		before -= s.Samples + s.CLISamples
	}
	if err := r.fill(ctx, before); err != nil {
		return err
	}
	parts := []func(context.Context, *Level) error{r.measureRuns, r.measureInfos}
	if isFirst {
		parts = []func(context.Context, *Level) error{r.measureInfos, r.measureRuns}
	}
	for _, measure := range parts {
		if err := measure(ctx, &l); err != nil {
			return err
		}
	}
	r.result.Levels = append(r.result.Levels, l)
	return nil
}

// swarmID is the label in which Swarm keeps its own ID of a container.
const swarmID = "com.docker.swarm.id"

// fill runs containers until there are so many. They have a Swarm ID already: for one that
// has none the manager draws one and compares it with everything that all containers have
// (docker/swarm 1.2.9, cluster/swarm/cluster.go, generateUniqueID), which is a third of its
// work when there are many.
func (r *run) fill(ctx context.Context, until int) error {
	_, err := r.runContainers(ctx, until-r.counted, fillClients, func() engine.RunSpec {
		id := sha256.Sum256([]byte(rand.Text()))
		return engine.RunSpec{Image: workloadImage, Labels: map[string]string{swarmID: hex.EncodeToString(id[:])}}
	})
	return err
}

// runContainers runs containers through the Swarm manager, some at the same time, and
// returns how long each took.
func (r *run) runContainers(
	ctx context.Context, count, clients int, newSpec func() engine.RunSpec,
) ([]time.Duration, error) {
	took := make([]time.Duration, count)
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	reporting, stop := context.WithCancel(ctx)
	var reporter sync.WaitGroup
	before := r.counted
	reporter.Go(func() { r.reportFilling(reporting, before, &done) })
	for i := range count {
		group.Go(func() error {
			spec, start := newSpec(), time.Now()
			if _, err := r.Cluster.Swarm().Run(ctx, spec); err != nil {
				return err
			}
			took[i] = time.Since(start)
			done.Add(1)
			return nil
		})
	}
	err := group.Wait()
	stop()
	reporter.Wait()
	r.counted += int(done.Load())
	r.addPoint(r.counted)
	return took, err
}

// fillingPause is the time between two points of Result.Filling.
const fillingPause = 2 * time.Second

// reportFilling notes how many containers there are, until ctx ends.
func (r *run) reportFilling(ctx context.Context, before int, done *atomic.Int64) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(fillingPause):
			n := before + int(done.Load())
			r.addPoint(n)
			r.Detail(lang.Textf("containers: %d of %d", n, r.Containers))
		}
	}
}

func (r *run) addPoint(containers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Filling = append(r.result.Filling, Point{time.Since(r.began), containers})
}

// measureRuns runs containers by the docker command, one after another, and through the
// API by several clients.
func (r *run) measureRuns(ctx context.Context, l *Level) error {
	s := r.result.Settings
	l.RunFrom = r.counted
	r.Detail(lang.Verbatim("docker run"))
	took, err := r.timeDocker(ctx, s.CLISamples, "run", "-d", workloadImage)
	if err != nil {
		return err
	}
	r.counted += len(took)
	l.CLIRun = percentilesOf(took)
	asPeopleDo := func() engine.RunSpec { return engine.RunSpec{Image: workloadImage} }
	if took, err = r.runContainers(ctx, s.Samples, s.RunClients, asPeopleDo); err != nil {
		return err
	}
	l.Run, l.RunTo = percentilesOf(took), r.counted
	return nil
}

// measureInfos asks the Swarm manager for its list by the docker command and through the
// API, once at a time.
func (r *run) measureInfos(ctx context.Context, l *Level) error {
	s := r.result.Settings
	r.Detail(lang.Verbatim("docker info"))
	took, err := r.timeDocker(ctx, s.CLISamples, "info")
	if err != nil {
		return err
	}
	l.CLIInfo = percentilesOf(took)
	took = took[:0]
	for range s.Samples {
		start := time.Now()
		if _, err := tutorial.SwarmOn(ctx, r.Cluster.Swarm()); err != nil {
			return err
		}
		took = append(took, time.Since(start))
	}
	l.Info = percentilesOf(took)
	return nil
}

// timeDocker runs a docker command on the manager some times and returns how long each
// took there, so that the way to the host is not counted.
func (r *run) timeDocker(ctx context.Context, count int, args ...string) ([]time.Duration, error) {
	docker := []string{"docker", "-H", "tcp://" + r.Cluster.Topology().Swarm().String()}
	script := fmt.Sprintf("set -e\nTIMEFORMAT='labcheck %%R'\nfor i in $(seq %d); do time %s >/dev/null; done",
		count, harness.ShellLine(append(docker, args...)...))
	said, err := r.Cluster.Node(managerHost).Exec(ctx, "bash", "-c", script)
	if err != nil {
		return nil, err
	}
	var all []time.Duration
	for line := range strings.Lines(said.Stderr) {
		if text, ok := strings.CutPrefix(line, "labcheck "); ok {
			seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				return nil, err
			}
			all = append(all, time.Duration(seconds*float64(time.Second)))
		}
	}
	if len(all) != count {
		return nil, errors.New("bash timed another number of commands: " + said.Stderr)
	}
	return all, nil
}

// verifySpread verifies that the Swarm manager has given each node as many containers as
// any other, or one more.
func (r *run) verifySpread(ctx context.Context) error {
	if err := r.awaitList(ctx, r.Cluster.Swarm()); err != nil {
		return err
	}
	swarm, err := tutorial.SwarmOn(ctx, r.Cluster.Swarm())
	if err != nil {
		return err
	}
	s := spreadOf(swarm)
	r.result.Spread = &s
	if !s.isEven(r.counted) {
		r.addFalse(lang.Textf("The nodes have the same number of containers: expected %d, seen %d to %d",
			r.counted/s.Nodes, s.Least, s.Most))
	}
	return nil
}
