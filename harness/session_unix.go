//go:build unix

package harness

import "syscall"

// OwnSession takes a process out of the terminal's reach.
func OwnSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
