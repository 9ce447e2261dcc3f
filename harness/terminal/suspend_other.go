//go:build !unix

package terminal

// ClearWhenSuspended does nothing where processes can't be suspended.
func ClearWhenSuspended(*Screen) {}

// onResize calls do once: nothing tells of another size.
func onResize(do func()) (stop func()) {
	do()
	return func() {}
}

// inForeground holds everywhere where there is no background.
func inForeground(uintptr) bool { return true }
