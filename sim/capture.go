package sim

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// captureProgram captures packets on a host. It is handed to the host's perl with each
// capture, so that nothing is left there and hosts of older images have it, too.
//
//go:embed capture.pl
var captureProgram string

// HostInterface is the network interface by which a lab's hosts reach one another.
const HostInterface = "eth0"

const (
	// snapshotLength is the number of bytes that are kept of a packet. No packet of a lab
	// has more: segments that the network card is to cut have up to 64 KiB.
	snapshotLength = 256 << 10
	// fileHeaderSize and packetHeaderSize are those of the pcap format, in bytes.
	fileHeaderSize, packetHeaderSize = 24, 16
	// packetLengthAt is where a packet's header has the number of its bytes that follow.
	packetLengthAt = 8
	// captureGrace is how long a host may take to hand over what it has captured when the
	// capture has ended.
	captureGrace = 5 * time.Second
	// captureTick is the least time between two calls of Progress.
	captureTick = 100 * time.Millisecond
	// exitNoInterface is the exit code with which captureProgram refuses an interface.
	exitNoInterface = 3
	// exitKilled is the exit code of what SIGKILL has ended.
	exitKilled = 128 + 9
)

// CaptureOptions say which packets of a host are captured, and for how long.
type CaptureOptions struct {
	Interface string
	// Port limits the capture to packets from and to this TCP or UDP port; 0 is all.
	Port uint16
	// For is how long packets are captured, and Size how many bytes the file may have.
	For  time.Duration
	Size ByteSize
	// Begun is called when the capture has begun. May be nil.
	Begun func()
	// Progress is called after packets, at most ten times a second. May be nil.
	Progress func(Captured)
}

// Captured is what a capture has come to.
type Captured struct {
	Packets int
	Bytes   int64 // of the file
	// Lost is how many packets there was no room for; -1 if the host did not tell.
	Lost int
	Took time.Duration
	End  CaptureEnd
}

// CaptureEnd is why a capture has ended.
type CaptureEnd int

// The ends.
const (
	EndedByTime      CaptureEnd = iota + 1
	EndedBySize                 // the next packet had no room in the file
	EndedByInterrupt            // the context has ended
	EndedByReader               // who read the file has closed it
)

// Capture writes the packets of a host of a lab to w, as a pcap file that is valid whenever the
// capture ends, also with an error. It returns when nothing of the capture is left on
// the host. The end of ctx ends the capture, without an error. It is a *harness.SettingError
// that the host has no such interface.
func Capture(ctx context.Context, l *Lab, host string, o CaptureOptions, w io.Writer) (Captured, error) {
	n, err := l.findNode(ctx, host)
	if err != nil {
		return Captured{}, err
	}
	if err := checkRunning(n, Flags(l)); err != nil {
		return Captured{}, err
	}
	got, err := capturePackets(ctx, n, o, w)
	if err != nil && !errors.As(err, new(*harness.SettingError)) {
		err = lang.Errorf("capture on %s: %w", host, err)
	}
	return got, err
}

// checkRunning returns an error, with the command that helps, unless a node runs.
// flags choose the lab.
func checkRunning(n *node, flags string) error {
	switch n.state {
	case statePaused:
		return harness.WithHint(lang.Errorf("%s is paused", n.name), lang.Verbatim("labcheck fault resume "+n.name+flags))
	case stateOff:
		return harness.WithHint(lang.Errorf("%s is off", n.name), lang.Verbatim("labcheck fault start "+n.name+flags))
	}
	return nil
}

// capturePackets runs captureProgram in a node and records what it writes.
func capturePackets(ctx context.Context, n *node, o CaptureOptions, w io.Writer) (Captured, error) {
	id, streams, err := n.attachExec(ctx, container.ExecOptions{
		Cmd: captureCommand(o), AttachStdin: true, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return Captured{}, err
	}
	defer streams.Close()
	c := newCapturing(streams, o, w)
	err = c.awaitStart(ctx)
	if err == nil {
		c.got.End, err = c.run(ctx)
	}
	c.got.Lost = lostPackets(c.said.String())
	if errors.Is(err, io.EOF) {
		err = explainEnd(ctx, n, id, o.Interface, c.said.String())
	}
	return c.got, err
}

// captureCommand returns the command line of captureProgram.
func captureCommand(o CaptureOptions) []string {
	return []string{
		"perl", "-e", captureProgram, o.Interface, strconv.Itoa(snapshotLength),
		acceptPort(o.Port).encode(), rejectAll().encode(),
	}
}

// explainEnd returns the error of captureProgram that ended by itself, from its exit code
// and what it said.
func explainEnd(ctx context.Context, n *node, exec, name, said string) error {
	ctx, cancel := harness.WithLimit(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	code, err := exitCode(ctx, n, exec, "perl")
	said = strings.TrimSpace(said)
	switch {
	case err != nil:
		return err
	case code == exitNoInterface:
		has := strings.Join(strings.Fields(said), ", ")
		err := lang.Errorf("%s has no interface %s; it has %s", n.name, name, has)
		return harness.WithSetting(err, lang.Verbatim("labcheck capture --help"))
	case code == exitKilled:
		return lang.Errorf("the host went off, or something on it killed the capture")
	}
	return lang.Errorf("it ended on the host with exit code %d: %s", code, said)
}

// lostPackets returns the number in what captureProgram says at its end; -1 if it has none.
func lostPackets(said string) int {
	var lost int
	if _, err := fmt.Sscanf(said, "lost %d\n", &lost); err != nil {
		return -1
	}
	return lost
}

// capturing is a capture that is going on.
type capturing struct {
	CaptureOptions
	streams types.HijackedResponse
	in      *io.PipeReader // what captureProgram writes to stdout
	said    *bytes.Buffer  // and to stderr
	packets *bufio.Reader  // of in
	file    io.Writer
	got     Captured
	told    time.Time // when Progress was called last
}

func newCapturing(streams types.HijackedResponse, o CaptureOptions, w io.Writer) *capturing {
	in, said := splitOutput(streams)
	return &capturing{CaptureOptions: o, streams: streams, in: in, said: said, packets: bufio.NewReader(in), file: w}
}

// awaitStart waits until captureProgram captures packets, and writes the start of the file. The
// error is io.EOF if it has ended.
func (c *capturing) awaitStart(ctx context.Context) (err error) {
	defer context.AfterFunc(ctx, c.streams.Close)()
	header := make([]byte, fileHeaderSize)
	if _, err = io.ReadFull(c.packets, header); err == nil {
		_, err = c.file.Write(header)
	}
	if err != nil {
		c.awaitEnd()
		return cmp.Or(context.Cause(ctx), err)
	}
	c.got.Bytes = fileHeaderSize
	if c.Begun != nil {
		c.Begun()
	}
	return nil
}

// run records packets until the capture ends. The error is io.EOF if captureProgram has
// ended by itself.
func (c *capturing) run(ctx context.Context) (CaptureEnd, error) {
	timed, cancel := context.WithTimeout(ctx, c.For)
	defer cancel()
	defer context.AfterFunc(timed, c.requestEnd)()
	began := time.Now()
	end, err := c.recordPackets()
	c.got.Took = time.Since(began)
	c.awaitEnd()
	hasEnded := errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed)
	switch {
	case hasEnded && ctx.Err() != nil:
		return EndedByInterrupt, nil
	case hasEnded && timed.Err() != nil:
		return EndedByTime, nil
	}
	return end, err
}

// requestEnd has captureProgram end, and hand over what it has captured, within a time.
func (c *capturing) requestEnd() {
	_ = c.streams.CloseWrite() // fails if it has ended
	time.AfterFunc(captureGrace, c.streams.Close)
}

// awaitEnd waits until captureProgram has ended. What it still hands over is not recorded.
func (c *capturing) awaitEnd() {
	c.requestEnd()
	_, _ = io.Copy(io.Discard, c.in) // an error is an end, too
}

// recordPackets writes packets to the file until there is a reason to end, or captureProgram has
// ended: io.EOF.
func (c *capturing) recordPackets() (CaptureEnd, error) {
	for {
		packet, err := c.readPacket()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			return 0, io.EOF
		case err != nil:
			return 0, err
		case c.got.Bytes+int64(len(packet)) > int64(c.Size):
			return EndedBySize, nil
		}
		switch _, err := c.file.Write(packet); {
		case errors.Is(err, syscall.EPIPE):
			return EndedByReader, nil
		case err != nil:
			return 0, err
		}
		c.countPacket(packet)
	}
}

// readPacket reads a packet with its header.
func (c *capturing) readPacket() ([]byte, error) {
	header, err := c.packets.Peek(packetHeaderSize)
	if err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(header[packetLengthAt:])
	if length > snapshotLength {
		return nil, lang.Errorf("the host sent a packet of %d bytes, want at most %d", length, snapshotLength)
	}
	packet := make([]byte, packetHeaderSize+length)
	_, err = io.ReadFull(c.packets, packet)
	return packet, err
}

// countPacket counts a packet that was written.
func (c *capturing) countPacket(packet []byte) {
	c.got.Packets++
	c.got.Bytes += int64(len(packet))
	if c.Progress != nil && time.Since(c.told) >= captureTick {
		c.told = time.Now()
		c.Progress(c.got)
	}
}
