package images

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"

	"labcheck/harness/prereq"
)

// startRelay runs node/relay, as a node does, for an address of this machine.
func startRelay(t *testing.T, address, port string) (*exec.Cmd, io.WriteCloser, *bufio.Reader) {
	t.Helper()
	prereq.Program(t, "perl", "apt-get install perl")
	cmd := exec.CommandContext(t.Context(), "perl", "node/relay", address, port)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewReader(out)
}

// listen answers each connection by serve.
func listen(t *testing.T, serve func(net.Conn)) (port string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c)
			_ = c.Close()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// What is sent comes back, in pieces of all lengths, until the input ends.
func TestRelay(t *testing.T) {
	port := listen(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
	cmd, in, out := startRelay(t, "127.0.0.1", port)
	if line, err := out.ReadString('\n'); line != "connected\n" || err != nil {
		t.Fatalf("it said %q, %v", line, err)
	}
	for n := 1; n < 1<<17; n = n*3 + 1 {
		sent := strings.Repeat("x", n)
		got := make([]byte, n)
		go func() { _, _ = io.WriteString(in, sent) }()
		if _, err := io.ReadFull(out, got); err != nil || string(got) != sent {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	_ = in.Close()
	if rest, err := io.ReadAll(out); len(rest) > 0 || err != nil {
		t.Errorf("after the end: %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// It ends with the port, although its input goes on.
func TestRelayEndsWithPort(t *testing.T) {
	port := listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "bye") })
	cmd, _, out := startRelay(t, "127.0.0.1", port)
	if got, err := io.ReadAll(out); string(got) != "connected\nbye" || err != nil {
		t.Errorf("it said %q, %v", got, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// An address that is not the host's own is refused before a packet is sent.
func TestRelayRefuses(t *testing.T) {
	t.Setenv("LC_ALL", "C")
	prereq.Program(t, "perl", "apt-get install perl")
	for address, want := range map[string]string{
		"192.0.2.1": "no interface has 192.0.2.1: Cannot assign requested address",
		"127.0.0.1": "connect: Connection refused",
	} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		_ = l.Close() // nobody listens there now
		out, err := exec.CommandContext(t.Context(), "perl", "node/relay", address, port).CombinedOutput()
		if err == nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v, %q", address, err, out)
		}
	}
}
