package sim

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/pkg/stdcopy"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// packetSize is how many bytes each packet of a test has, with its header.
const packetSize = packetHeaderSize + 100

// pcapFile returns a file with so many packets.
func pcapFile(t *testing.T, packets int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	err := w.WriteFileHeader(snapshotLength, layers.LinkTypeEthernet)
	for range packets {
		info := gopacket.CaptureInfo{Timestamp: time.Now(), CaptureLength: 100, Length: 100}
		err = errors.Join(err, w.WritePacket(info, make([]byte, 100)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fakeProgram is captureProgram as an engine passes it on: it sends a file, waits until
// it is to end, and then says how many packets were lost.
func fakeProgram(t *testing.T, file []byte, waits bool) types.HijackedResponse {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer l.Close()
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = stdcopy.NewStdWriter(conn, stdcopy.Stdout).Write(file)
		if waits {
			_, _ = io.Copy(io.Discard, conn)
			_, _ = stdcopy.NewStdWriter(conn, stdcopy.Stderr).Write([]byte("lost 7\n"))
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return types.NewHijackedResponse(conn, "")
}

// brokenAfter is a file that fails when it has so many bytes.
type brokenAfter struct {
	bytes.Buffer
	left int
	err  error
}

func (b *brokenAfter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, b.err
	}
	return b.Buffer.Write(p)
}

// TestCapturing holds why a capture ends, and that its file has whole packets only.
func TestCapturing(t *testing.T) {
	full := &os.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	const many, large = time.Minute, 1 << 20
	whole := pcapFile(t, 5)
	for name, test := range map[string]struct {
		ctx     context.Context
		sent    []byte
		waits   bool
		options CaptureOptions
		file    *brokenAfter
		want    Captured
		err     error
	}{
		"by time": {t.Context(), whole, true, CaptureOptions{For: time.Millisecond, Size: large}, nil, Captured{Packets: 5, End: EndedByTime, Lost: 7}, nil},
		"interrupted": {
			interrupted, whole, true,
			CaptureOptions{For: many, Size: large},
			nil,
			Captured{Packets: 5, End: EndedByInterrupt, Lost: 7},
			nil,
		},
		"by size": {
			t.Context(), whole, true,
			CaptureOptions{For: many, Size: fileHeaderSize + 3*packetSize},
			nil,
			Captured{Packets: 3, End: EndedBySize, Lost: 7},
			nil,
		},
		"by size, a byte less": {
			t.Context(), whole, true,
			CaptureOptions{For: many, Size: fileHeaderSize + 3*packetSize - 1},
			nil,
			Captured{Packets: 2, End: EndedBySize, Lost: 7},
			nil,
		},
		"by the reader": {
			t.Context(), whole, true,
			CaptureOptions{For: many, Size: large},
			&brokenAfter{left: 200, err: syscall.EPIPE},
			Captured{Packets: 1, End: EndedByReader, Lost: 7},
			nil,
		},
		"no room for the file": {
			t.Context(), whole, true,
			CaptureOptions{For: many, Size: large},
			&brokenAfter{left: 200, err: full},
			Captured{Packets: 1, Lost: 7},
			full,
		},
		"the program ended": {
			t.Context(), whole, false, CaptureOptions{For: many, Size: large}, nil, Captured{Packets: 5, Lost: -1}, io.EOF,
		},
		"in a packet": {
			t.Context(), whole[:len(whole)-1], false, CaptureOptions{For: many, Size: large}, nil, Captured{Packets: 4, Lost: -1}, io.EOF,
		},
		"in a header": {
			t.Context(), whole[:len(whole)-101], false, CaptureOptions{For: many, Size: large}, nil, Captured{Packets: 4, Lost: -1}, io.EOF,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.file == nil {
				test.file = &brokenAfter{left: large}
			}
			begun := 0
			test.options.Begun = func() { begun++ }
			c := newCapturing(fakeProgram(t, test.sent, test.waits), test.options, test.file)
			if err := c.awaitStart(t.Context()); err != nil || begun != 1 {
				t.Fatalf("begin: %v, and it was told %d times", err, begun)
			}
			end, err := c.run(test.ctx)
			if !errors.Is(err, test.err) {
				t.Errorf("the error is %v, want %v", err, test.err)
			}
			c.got.End, c.got.Lost = end, lostPackets(c.said.String())
			test.want.Bytes = fileHeaderSize + int64(test.want.Packets)*packetSize
			if diff := cmp.Diff(test.want, c.got, cmpopts.IgnoreFields(Captured{}, "Took")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := test.file.Bytes(); !bytes.Equal(got, whole[:test.want.Bytes]) {
				t.Errorf("the file has %d bytes, want the first %d of those that were sent", len(got), test.want.Bytes)
			}
		})
	}
}

// TestCapturingRefuses checks that data which is not a capture is an error.
func TestCapturingRefuses(t *testing.T) {
	wrong := pcapFile(t, 1)
	wrong[fileHeaderSize+packetLengthAt+3] = 1 // 16 MiB
	var file bytes.Buffer
	c := newCapturing(fakeProgram(t, wrong, true), CaptureOptions{For: time.Minute, Size: 1 << 30}, &file)
	if err := c.awaitStart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.run(t.Context()); err == nil || err.Error() != "the host sent a packet of 16777316 bytes, want at most 262144" {
		t.Errorf("the error is %v", err)
	}
	file.Reset()
	c = newCapturing(fakeProgram(t, nil, false), CaptureOptions{}, &file)
	if err := c.awaitStart(t.Context()); !errors.Is(err, io.EOF) || file.Len() > 0 {
		t.Errorf("begin: %v, with %d bytes in the file", err, file.Len())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c = newCapturing(fakeProgram(t, nil, true), CaptureOptions{}, &file)
	if err := c.awaitStart(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("begin: %v", err)
	}
}
