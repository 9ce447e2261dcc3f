package harness

import (
	"strings"
	"syscall"
)

// connectErrnos are those of a connection that can't be made.
var connectErrnos = []syscall.Errno{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT}

// ErrnoIn returns the error of a connection whose text is in what a program wrote, such as
// ssh; 0 if none is.
func ErrnoIn(said string) syscall.Errno {
	said = strings.ToLower(said)
	for _, errno := range connectErrnos {
		if strings.Contains(said, errno.Error()) {
			return errno
		}
	}
	return 0
}
