package main

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/harness/terminal"
	"labcheck/sim"
)

// captureFlags are the flags of `labcheck capture` alone.
type captureFlags struct {
	sim.CaptureOptions
	file string
}

const (
	// captureTime and captureSize bound a capture unless flags say otherwise.
	captureTime = time.Minute
	captureSize = sim.ByteSize(100 * units.MB)
	// minCaptureSize has room for a few packets.
	minCaptureSize = sim.ByteSize(10 * units.KB)
)

func newCaptureCommand(a *app) *cobra.Command {
	var f captureFlags
	f.Size = captureSize
	c := &cobra.Command{
		Use: "capture HOST", Short: a.lang.Say("Capture the packets of a host of the lab"), Args: cobra.ExactArgs(1),
		Long: a.lang.Say(`capture writes the packets that a host of the lab receives and sends to stdout,
as a pcap file, which Wireshark and tcpdump read. It ends after --for, before
the file is larger than --size, or on Ctrl-C, and says on stderr how many
packets it has captured. Nothing is left on the host.

What a host's packet filter drops is captured if the host received it, and not
if the host was to send it: with a fault on one host, capture on both.`),
		Example: "  labcheck capture frontend01 | wireshark -k -i -\n" +
			"  labcheck capture frontend01 --port 4789 --for 10s -o mynet.pcap",
		ValidArgsFunction: completeHost(a),
		PreRunE:           func(*cobra.Command, []string) error { return f.checkUse(a) },
		RunE: a.onLab(func(ctx context.Context, s *session, args []string) error {
			return captureOn(ctx, s, args[0], f)
		}),
	}
	c.Flags().Uint16Var(&f.Port, "port", 0, a.lang.Say("only packets from and to this TCP or UDP port"))
	c.Flags().StringVar(&f.Interface, "interface", sim.HostInterface, a.lang.Say("network interface of the host, by its `name`"))
	c.Flags().DurationVar(&f.For, "for", captureTime, a.lang.Say("end after this time (or on Ctrl-C)"))
	c.Flags().Var(&f.Size, "size", a.lang.Say("end before the file is larger"))
	c.Flags().StringVarP(&f.file, "output", "o", "", a.lang.Say("`file` for the packets, if not stdout"))
	return c
}

// checkUse returns an error if the flags can't be followed.
func (f captureFlags) checkUse(a *app) error {
	const help = "labcheck capture --help"
	least, errFor := minCaptureSize, checkDuring(a, f.For, help)
	switch {
	case a.target != "sim":
		err := lang.Errorf("capture is about labs: on a host that exists, run tcpdump")
		return usageError(err, "ssh HOST sudo tcpdump -i any -U -w - | wireshark -k -i -")
	case a.json:
		return usageError(lang.Errorf("capture writes packets: it has no JSON document"), help)
	case errFor != nil:
		return errFor
	case f.Size < least:
		return usageError(lang.Errorf("--size %s: want at least %s", &f.Size, &least), help)
	case f.toStdout() && terminal.IsTerminal(a.out):
		err := lang.Errorf("packets are not for a terminal: use -o FILE, or pipe them into a program")
		return usageError(err, "labcheck capture HOST | wireshark -k -i -")
	}
	return nil
}

func (f captureFlags) toStdout() bool { return f.file == "" || f.file == "-" }

// captureOn captures the packets of a host, and says what it came to.
func captureOn(ctx context.Context, s *session, host string, f captureFlags) error {
	if err := s.lab.Topology().CheckHosts(host); err != nil {
		return usageError(err, s.commandLine("status"))
	}
	w := &sim.PacketFile{Name: f.file}
	if f.toStdout() {
		signal.Ignore(syscall.SIGPIPE) // a reader that goes is a way to end
		w.Writer = s.screen.Out.Stream()
	}
	f.Begun = func() {
		s.progress.Print(s.lang.Say("  capturing on %s of %s, for %s", f.Interface, host, f.For))
		s.progress.BeginPart(s.lang.Say("Capture"))
	}
	if !s.verbose { // it would be a line each time
		f.Progress = func(got sim.Captured) { s.progress.ShowDetail(got.PacketsIn(s.lang)) }
	}
	got, err := sim.Capture(ctx, s.lab, host, f.CaptureOptions, w)
	err = errors.Join(err, w.Close())
	s.progress.Close()
	if got.Bytes > 0 {
		s.progress.Print("  " + got.Summary(s.lang, f.CaptureOptions))
	}
	var total harness.TotalError
	switch cause := context.Cause(ctx); {
	case err != nil:
		return writeError(err, s.lang)
	case errors.As(cause, &total):
		return total
	case got.End == sim.EndedByInterrupt:
		return toldError{harness.VerdictInterrupted}
	}
	return nil
}
