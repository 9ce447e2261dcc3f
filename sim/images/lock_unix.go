//go:build unix

package images

import (
	"errors"
	"os"
	"syscall"
)

// tryLock fails at once where another process has the lock.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// ownGroup has a program and those that it starts end together, by one signal,
// and keeps the terminal's Ctrl-C from them: they are told by us.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// interrupt asks a program of ownGroup to clean up and end.
func interrupt(p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGTERM) }
