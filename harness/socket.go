package harness

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"labcheck/harness/lang"
)

// Socket is a path for a Unix socket in a directory of this user alone.
type Socket struct{ Dir, Path string }

// What sockets and their directories are called.
const (
	SocketDirs = "labcheck-socket-*"
	socketName = "sock"
)

// NewSocket makes the directory, and removes those of commands that were killed.
func NewSocket() (Socket, error) {
	RemoveDeadSockets()
	dir, err := os.MkdirTemp(socketRoot(), SocketDirs) // with mode 0700
	if err != nil {
		return Socket{}, lang.Errorf("make a socket: %w", err)
	}
	return Socket{dir, filepath.Join(dir, socketName)}, nil
}

// URL returns the socket's address as DOCKER_HOST has it.
func (s Socket) URL() string { return "unix://" + s.Path }

// RemoveDir removes the directory and all that is in it.
func (s Socket) RemoveDir() error { return os.RemoveAll(s.Dir) }

// RemoveDeadSockets removes the sockets on which nobody listens any more.
func RemoveDeadSockets() {
	left, _ := filepath.Glob(filepath.Join(socketRoot(), SocketDirs, socketName)) // the pattern is well-formed
	for _, path := range left {
		c, err := net.Dial("unix", path)
		if err == nil {
			_ = c.Close()
		} else if errors.Is(err, syscall.ECONNREFUSED) {
			_ = os.RemoveAll(filepath.Dir(path))
		}
	}
}

// maxSocketRoot is how long the directory of sockets' directories may be: a socket's
// path has at most 103 bytes on macOS, and ssh makes one with a longer name first.
const maxSocketRoot = 54

// socketRoot returns the directory of sockets' directories.
func socketRoot() string {
	if dir := os.TempDir(); len(dir) <= maxSocketRoot {
		return dir
	}
	return "/tmp"
}
