//go:build !unix

package harness

import "syscall"

// OwnSession takes a process out of the terminal's reach, if the system can.
func OwnSession() *syscall.SysProcAttr { return nil }
