//go:build lab

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"labcheck/harness/lang"
	"labcheck/harness/pace"
)

// usual is how long each command takes where all is well and two cores are idle.
// The moments at which it is cut off are spread over that, so that some commands
// are done before.
var usual = map[string]time.Duration{
	"up": 11 * time.Second, "check": 30 * time.Second, "bootstrap": 5 * time.Second,
	"down": 1200 * time.Millisecond, "images build": 10 * time.Second, "status": 1500 * time.Millisecond,
}

// deck are the scenes that commands are cut off in, in the proportion in which
// they are played: 31 cuts of a deck.
var deck = []struct {
	times int
	play  func(*torture)
}{{7, (*torture).cutUp}, {3, (*torture).cutCheck}, {3, (*torture).cutLife}, {4, (*torture).cutBuild}, {2, (*torture).strikeEngine}, {2, (*torture).cutReal}}

// way is how a command is ended: by signals, or because the engine beneath is
// struck.
type way struct {
	name    string
	signals []syscall.Signal
	strike  func(*torture)
}

// ways to end a command by itself. The second of two signals does not let it
// clean up: then the watchdog must.
var ways = []way{
	{name: "SIGINT", signals: []syscall.Signal{syscall.SIGINT}},
	{name: "SIGTERM", signals: []syscall.Signal{syscall.SIGTERM}},
	{name: "SIGKILL", signals: []syscall.Signal{syscall.SIGKILL}},
	{name: "SIGINT x2", signals: []syscall.Signal{syscall.SIGINT, syscall.SIGINT}},
}

// torture is a row of commands that are cut off, on a lab of its own.
type torture struct {
	*testing.T
	rand  *rand.Rand
	slow  float64 // how many times longer than usual commands take here
	place place
	ways  []way
	under *torture // on an engine that may be struck
	ssh   []string // the flags by which the hosts of the lab are nodes that exist
	cuts  int
	took  []time.Duration // until it was clean
}

// TestTorture cuts commands off, LABCHECK_TORTURE times, at moments that
// LABCHECK_SEED brings about again. After each nothing may be left, and what is
// not labcheck's must be as it was.
func TestTorture(t *testing.T) {
	cuts, err := strconv.Atoi(os.Getenv("LABCHECK_TORTURE"))
	if err != nil || cuts < 1 {
		t.Skip("LABCHECK_TORTURE, how many commands are to be cut off, is not set: make torture")
	}
	seed, err := strconv.ParseUint(os.Getenv("LABCHECK_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64N(1_000_000)
	}
	began := time.Now()
	x := &torture{T: t, rand: rand.New(rand.NewPCG(seed, 0)), place: newPlace(t).withOther(t).withCanary(t), ways: ways}
	t.Cleanup(x.tidy)
	x.slow = x.measure()
	x.under = x.withEngine()
	x.ssh = x.behindSSH()
	fmt.Printf("SEED=%d; moments are spread over %.1f times what commands usually take; on an engine in a container, %.1f times\n", seed, x.slow, x.under.slow)
	for x.cuts < cuts && !t.Failed() {
		for _, play := range x.shuffled() {
			if x.cuts < cuts && !t.Failed() {
				play(x)
			}
		}
	}
	var longest time.Duration
	for _, d := range x.took {
		longest = max(longest, d)
	}
	fmt.Printf("%d commands cut off in %s; the longest until nothing was left: %s\n", x.cuts, seconds(time.Since(began)), seconds(longest))
}

// tidy removes what a run that failed has left.
func (x *torture) tidy() {
	if x.Failed() {
		x.done("down")
		x.place.discardImages(x.T, other)
	}
}

// slowest is how much slower than usual counts: where commands take longer still,
// they are cut off in their earlier part, so that the whole does not take all day.
const slowest = 1.5

// measure has a lab come and go, uncut, and compares that with what is usual.
func (x *torture) measure() float64 {
	began := time.Now()
	x.done("up")
	x.done("down")
	x.clean("up and down", x.nothing)
	return min(slowest, float64(time.Since(began))/float64(usual["up"]+usual["down"]))
}

func (x *torture) shuffled() []func(*torture) {
	var all []func(*torture)
	for _, scene := range deck {
		for range scene.times {
			all = append(all, scene.play)
		}
	}
	x.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// nothing is what there is to be where nothing is left.
func (x *torture) nothing() []string { return x.place.before }

// cutUp leaves no lab, unless `up` had ended well by then.
func (x *torture) cutUp() {
	c := x.cut("up")
	if strings.Contains(c.out, "is running on") {
		if c.struck {
			// What stood before the engine was struck can be had again. After a power
			// cut that takes a minute: a Swarm manager that starts before the engines
			// do looks for them again after 30 s to 60 s.
			x.done("up")
			c.ended = time.Now()
		}
		x.done("down")
	}
	x.report(c, x.nothing)
}

func (x *torture) cutCheck() {
	x.report(x.cut("check", "--out", x.place.evidence()), x.nothing)
	x.place.discard(x.T)
}

// cutLife cuts off what goes on from where it was cut off: it leaves the lab's
// hosts as they are, and is brought to its end by being typed again.
func (x *torture) cutLife() {
	x.done("up", "--bare")
	there := x.place.everything(x.T)
	hosts := func() []string { return there }
	x.report(x.cut("bootstrap"), hosts)
	x.report(x.cut("bootstrap"), hosts)
	x.done("bootstrap")
	c := x.cut("down")
	x.done("down")
	x.report(c, x.nothing)
}

// cutBuild cuts off a real build: that of a labcheck which has other recipes. It
// leaves only images that are whole, and all those of others. Half of the times it
// has to download and compile all that it needs.
func (x *torture) cutBuild() {
	if x.rand.IntN(2) == 0 {
		x.place.forget(x.T)
	}
	c := x.cutProgram(other, "images build")
	var built []string
	x.report(c, func() []string {
		built = x.place.built(x.T, other)
		return slices.Concat(x.place.before, built)
	})
	if c.code == exitHolds && len(built) != 5 {
		x.Errorf("%s: it has built %v", c, built)
	}
	x.place.whole(x.T)
	if c.struck {
		x.outer("fault", "undo") // to remove an image takes room too
	}
	x.place.discardImages(x.T, other)
}

// cutOff is a command that was cut off, or was done before.
type cutOff struct {
	command  string
	way      string
	struck   bool // the engine, not the command
	moment   time.Duration
	code     int // -1 where a signal ended it
	out, err string
	ended    time.Time
}

func (x *torture) cut(command string, flags ...string) cutOff {
	x.Helper()
	return x.cutProgram("labcheck", command, flags...)
}

// cutProgram runs a command and ends it at a random moment.
func (x *torture) cutProgram(program, command string, flags ...string) cutOff {
	x.Helper()
	way := x.ways[x.rand.IntN(len(x.ways))]
	again := time.Duration(x.rand.Int64N(int64(time.Second)))
	c := cutOff{command: command, way: way.name, struck: way.strike != nil, moment: time.Duration(x.rand.Float64() * float64(usual[command]) * x.slow)}
	var out, said bytes.Buffer
	cmd := x.place.command(program, command, flags...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Start(); err != nil {
		x.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(ended)
	}()
	wait := c.moment
	for _, signal := range way.signals {
		if !within(ended, wait) {
			// As a terminal does, to all of the group; what the watchdog is in is another.
			_ = syscall.Kill(-cmd.Process.Pid, signal)
		}
		wait = again
	}
	if way.strike != nil {
		within(ended, wait)
		way.strike(x)
		if command == "check" && way.name == fullDisk && !within(ended, pace.Limit(30*time.Second)) {
			_ = cmd.Process.Signal(syscall.SIGINT) // every claim is waited for, and there are many
		}
	}
	limit := pace.Limit(30 * time.Second)
	if c.struck && command == "images build" {
		// It asks nothing of the engine while it downloads and computes, and goes on if
		// that has come back by then. That takes half a minute on an idle machine.
		limit *= 6
	}
	if !within(ended, limit) {
		_ = cmd.Process.Signal(syscall.SIGQUIT) // it tells what it is about
		x.Errorf("%s did not end within %s of %s", command, limit, way.name)
		<-ended
	}
	c.ended, c.code, c.out, c.err = time.Now(), cmd.ProcessState.ExitCode(), out.String(), said.String()
	return c
}

// within says whether a process ends within that time.
func within(ended <-chan struct{}, limit time.Duration) bool {
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// done runs a command that is to succeed.
func (x *torture) done(command string, flags ...string) {
	x.Helper()
	if out, err := x.place.command("labcheck", command, flags...).CombinedOutput(); err != nil {
		x.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// report judges what a cut-off command said, waits for what it left to go, and
// writes the run's line.
func (x *torture) report(c cutOff, want func() []string) {
	x.Helper()
	x.cuts++
	if wrong := c.wrong(x.slow); wrong != "" {
		x.Errorf("%s: %s\nstdout:\n%s\nstderr:\n%s", c, wrong, c.out, c.err)
	}
	x.clean(c.String(), want)
	took := time.Since(c.ended)
	x.took = append(x.took, took)
	fmt.Printf("%4d  %s  clean after %s\n", x.cuts, c, seconds(took))
}

func (c cutOff) String() string {
	return fmt.Sprintf("%-12s  %-9s at %6s  exit code %3d", c.command, c.way, seconds(c.moment), c.code)
}

// startup is how long a process may take until signals no longer just end it.
const startup = 300 * time.Millisecond

// wrong says what of the command's end is not as it must be.
func (c cutOff) wrong(slow float64) string {
	told := strings.Count(c.err, "labcheck: ")
	stays := c.command == "bootstrap" || c.command == "down"
	switch {
	case strings.Contains(c.err, "panic:") || strings.Contains(c.err, "goroutine "):
		return "it crashed"
	case c.code == exitHolds:
		return ""
	case c.struck && c.code == exitUnreachable && told != 1:
		return "it does not say why in one line"
	case c.struck && c.code == exitUnreachable:
		return ""
	case c.struck && c.code == exitFalse && c.command == "check" && c.way == fullDisk:
		return "" // what needs room is false where there is none
	case c.code == exitInterrupted && c.way == "SIGKILL":
		return "nobody told it"
	case c.code == exitInterrupted && c.way == "SIGINT x2" && told == 0:
		return "" // the second signal ended it
	case c.code == exitInterrupted && (told != 1 || lastLine(c.err) != "labcheck: "+(&app{lang: lang.English, goesOn: stays}).interruptionText()):
		return "it does not end with the one line that says what becomes of what it did"
	case c.code == exitInterrupted:
		return ""
	case c.code == -1 && c.way == "SIGKILL":
		return ""
	case c.code == -1 && c.moment < time.Duration(slow*float64(startup)) && c.out+c.err == "":
		return "" // it had not begun
	}
	return "the exit code is wrong"
}
