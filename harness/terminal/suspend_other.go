//go:build !unix

package terminal

// ClearWhenSuspended does nothing where processes can't be suspended.
func ClearWhenSuspended(*Screen) {}

// inForeground holds everywhere where there is no background.
func inForeground(uintptr) bool { return true }
