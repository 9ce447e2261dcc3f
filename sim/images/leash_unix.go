//go:build unix

package images

import (
	"os"
	"os/exec"
	"syscall"
)

// leash has a program and those that it starts end together, by one signal, and
// keeps the terminal's Ctrl-C from them: they are told by us. It is a process
// that leads their group, and tells them also when this process ends without a
// word: the kernel then closes the pipe that it reads from.
type leash struct {
	leader *exec.Cmd
	pipe   *os.File
}

func newLeash() (*leash, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	leader := exec.Command("/bin/sh", "-c", "read -r gone <&3; kill -TERM 0")
	leader.ExtraFiles = []*os.File{read}
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := leader.Start(); err != nil {
		write.Close()
		return nil, err
	}
	return &leash{leader, write}, nil
}

// hold has a program, which is yet to start, on the leash.
func (l *leash) hold(program *exec.Cmd) {
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: l.leader.Process.Pid}
}

// pull asks the program to clean up and end.
func (l *leash) pull(*exec.Cmd) error { return syscall.Kill(-l.leader.Process.Pid, syscall.SIGTERM) }

// drop lets go of a program that has ended.
func (l *leash) drop() {
	l.pipe.Close()
	_ = l.leader.Wait() // it ends by the signal that it sends
}
