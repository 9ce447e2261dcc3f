//go:build unix

package terminal

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ClearWhenSuspended takes the living line away before Ctrl-Z stops the process:
// the shell goes on below it.
func ClearWhenSuspended(s *Screen) {
	stops := make(chan os.Signal, 1)
	signal.Notify(stops, syscall.SIGTSTP)
	go func() {
		for range stops {
			s.LeaveTo(func() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }) // one may stop oneself
		}
	}()
}

// onResize calls do now, and when the terminal has another size, until stop is called.
func onResize(do func()) (stop func()) {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	do()
	go func() {
		for range resized {
			do()
		}
	}()
	return func() {
		signal.Stop(resized)
		close(resized)
	}
}

// inForeground tells whether a terminal is this process's to write to: in the
// background, the shell has it. A terminal that has no such processes is
// everyone's.
func inForeground(fd uintptr) bool {
	group, err := unix.IoctlGetInt(int(fd), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
