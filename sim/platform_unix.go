//go:build unix

package sim

import "syscall"

// freeDisk returns how many bytes a user may still write below path.
func freeDisk(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
