//go:build lab

package main

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"

	"labcheck/harness"
	"labcheck/harness/subnettest"
)

// The machine's engine is never struck: what is under the commands instead is the
// engine of a host of a lab, which can be broken as all hosts of labs can.
const (
	outerName = "outer-torture"
	outerHost = "manager"
	fullDisk  = "disk full"
)

// strikes are what befalls the engine.
var strikes = []way{
	{name: "reboot", strike: func(x *torture) { x.outer("fault", "restart", outerHost) }},
	{name: "power cut", strike: func(x *torture) { x.outer("fault", "kill", outerHost); x.outer("fault", "start", outerHost) }},
	{name: fullDisk, strike: func(x *torture) { x.outer("fault", "fill-disk", outerHost) }},
}

// withEngine is the same torture on an engine that may be struck.
func (x *torture) withEngine() *torture {
	x.Helper()
	x.Cleanup(func() { x.outer("down") })
	topology, err := harness.Tutorial().In(subnettest.ForLab(x.T, outerName))
	if err != nil {
		x.Fatal(err)
	}
	x.outer("up", "--bare", "--subnet", topology.Subnet.String())
	under := &torture{T: x.T, rand: x.rand, ways: strikes}
	under.place = x.place.on(x.T, "tcp://"+topology.Manager.Engine().String())
	x.giveImages(under.place)
	under.place = under.place.withCanary(x.T)
	under.slow = under.measure()
	return under
}

// outer runs a command on the lab that the engine belongs to.
func (x *torture) outer(args ...string) {
	x.Helper()
	args = append(args, "--lab", outerName, "--lang", "en")
	if said, err := exec.Command(x.place.at("labcheck"), args...).CombinedOutput(); err != nil {
		x.Errorf("labcheck %s: %v\n%s", strings.Join(args, " "), err, said)
	}
}

// giveImages has another place's engine have labcheck's images.
func (x *torture) giveImages(to place) {
	x.Helper()
	var said bytes.Buffer
	save, load := x.place.command("labcheck", "images save", "-"), to.command("labcheck", "images load", "-")
	save.Stderr, load.Stderr = &said, &said
	pipe, err := save.StdoutPipe()
	if err != nil {
		x.Fatal(err)
	}
	load.Stdin = pipe
	if err := load.Start(); err != nil {
		x.Fatal(err)
	}
	errSave, errLoad := save.Run(), load.Wait()
	if errSave != nil || errLoad != nil {
		x.Fatalf("images save: %v; images load: %v\n%s", errSave, errLoad, said.String())
	}
}

// strikeEngine plays a scene in which the engine is struck. Where its disk is full
// all is to be removed before there is room again, and to stay so afterwards.
func (x *torture) strikeEngine() {
	u := x.under
	u.cuts = x.cuts // the run's lines are numbered through
	scenes := []func(*torture){(*torture).cutUp, (*torture).cutCheck, (*torture).cutDown, (*torture).cutBuild}
	scenes[x.rand.IntN(len(scenes))](u)
	x.outer("fault", "undo")
	u.clean("the engine is as it was", u.nothing)
	x.cuts = u.cuts
	x.took = slices.Concat(x.took, u.took)
	u.took = nil
}

// cutDown leaves a lab whose removal was not brought to its end to the next `down`.
func (x *torture) cutDown() {
	x.done("up", "--bare")
	c := x.cut("down")
	x.done("down")
	x.report(c, x.nothing)
}
