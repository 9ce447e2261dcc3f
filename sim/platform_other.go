//go:build !unix

package sim

import (
	"errors"
	"syscall"
)

// freeDisk returns how many bytes a user may still write below path.
func freeDisk(string) (uint64, error) { return 0, errors.ErrUnsupported }

// ownSession takes a process out of the terminal's reach, if the system can.
func ownSession() *syscall.SysProcAttr { return nil }
