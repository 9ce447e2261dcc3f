//go:build !unix

package sim

import (
	"errors"
)

// freeDisk returns how many bytes a user may still write below path.
func freeDisk(string) (uint64, error) { return 0, errors.ErrUnsupported }
