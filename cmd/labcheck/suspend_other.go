//go:build !unix

package main

// clearWhenSuspended does nothing where processes can't be suspended.
func clearWhenSuspended(*screen) {}

// inForeground holds everywhere where there is no background.
func inForeground(uintptr) bool { return true }
