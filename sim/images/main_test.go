package images

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// testLayout is a folder for images that are computed once for all tests.
var testLayout string

// TestMain wants no goroutine of the package's to be left.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "labcheck-images-test-")
	if err != nil {
		panic(err)
	}
	testLayout = dir
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}
