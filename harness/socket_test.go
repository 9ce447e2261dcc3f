//go:build unix

package harness

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// Sockets of commands that were killed are removed; those of others are not.
func TestLeftSocketsAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var dirs [2]string
	for i := range dirs {
		s, err := NewSocket()
		if err != nil {
			t.Fatal(err)
		}
		dirs[i] = s.Dir
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.Path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(i != 0)
		if i == 0 {
			l.Close()
			continue
		}
		defer l.Close()
	}
	s, err := NewSocket()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dirs[0]); !os.IsNotExist(err) {
		t.Errorf("the socket that nobody listens on: %v", err)
	}
	for _, dir := range []string{dirs[1], s.Dir} {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}

// A directory in which no socket came to be, because the command was killed before, is
// removed when nobody can be about to make one.
func TestUnbornSocketsAreRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	old, err1 := NewSocket()
	young, err2 := NewSocket()
	long := time.Now().Add(-2 * maxUnborn)
	if err := errors.Join(err1, err2, os.Chtimes(old.Dir, long, long)); err != nil {
		t.Fatal(err)
	}
	RemoveDeadSockets()
	if _, err := os.Stat(old.Dir); !os.IsNotExist(err) {
		t.Errorf("the old directory: %v", err)
	}
	if _, err := os.Stat(young.Dir); err != nil {
		t.Error(err)
	}
}

// A socket's path is short enough for ssh, wherever temporary files are.
func TestSocketInLongFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/"+strings.Repeat("x", 60))
	s, err := NewSocket()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.RemoveDir() }()
	l, err := net.Listen("unix", s.Path+".0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
