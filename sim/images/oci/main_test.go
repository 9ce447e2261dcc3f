package oci

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain wants no goroutine of the package's to be left.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
