//go:build !unix

package sim

import "syscall"

// ownSession takes a process out of the terminal's reach, where that is known.
func ownSession() *syscall.SysProcAttr { return nil }
