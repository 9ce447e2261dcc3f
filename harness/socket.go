package harness

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"labcheck/harness/lang"
)

// Socket is a path for a Unix socket in a directory of this user alone.
type Socket struct{ Dir, Path string }

// What sockets and their directories are called.
const (
	SocketDirs = "labcheck-socket-*"
	socketName = "sock"
	// socketLetters is how many random letters are in a directory's name, of 32 each.
	socketLetters = 10
)

// NewSocket makes the directory, and removes those of commands that were killed.
func NewSocket() (Socket, error) {
	s := NameSocket()
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return Socket{}, lang.Errorf("make a socket: %w", err)
	}
	return s, nil
}

// NameSocket is NewSocket for a process that outlives labcheck and makes the directory
// itself, so that none is left if labcheck is killed before that process can remove it.
func NameSocket() Socket {
	RemoveDeadSockets()
	dir := filepath.Join(socketRoot(), strings.ReplaceAll(SocketDirs, "*", rand.Text()[:socketLetters]))
	return Socket{dir, filepath.Join(dir, socketName)}
}

// URL returns the socket's address as DOCKER_HOST has it.
func (s Socket) URL() string { return "unix://" + s.Path }

// RemoveDir removes the directory and all that is in it.
func (s Socket) RemoveDir() error { return os.RemoveAll(s.Dir) }

// maxUnborn is how long a directory may have no socket: a person may have to answer
// before there is one.
const maxUnborn = time.Hour

// RemoveDeadSockets removes the sockets on which nobody listens any more, and the
// directories in which none came to be.
func RemoveDeadSockets() {
	left, _ := filepath.Glob(filepath.Join(socketRoot(), SocketDirs)) // the pattern is well-formed
	for _, dir := range left {
		c, err := net.Dial("unix", filepath.Join(dir, socketName))
		info, errStat := os.Stat(dir)
		switch {
		case err == nil:
			_ = c.Close()
		case errors.Is(err, syscall.ECONNREFUSED),
			errors.Is(err, fs.ErrNotExist) && errStat == nil && time.Since(info.ModTime()) > maxUnborn:
			_ = os.RemoveAll(dir)
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
