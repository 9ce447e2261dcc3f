package main

import (
	"context"
	"crypto/x509"
	"io"
	"os"
	"os/exec"
	"testing"

	"labcheck/harness/terminal"
)

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	return runOn(ctx, args, terminal.New(ctx, in, out, err), os.Getenv)
}

// TestRootsOfNoMachine checks that labcheck trusts authorities if the machine has none,
// as is so in the container image.
func TestRootsOfNoMachine(t *testing.T) {
	if os.Getenv("SSL_CERT_FILE") != os.DevNull {
		child := exec.Command(os.Args[0], "-test.run=^TestRootsOfNoMachine$")
		child.Env = append(os.Environ(), "SSL_CERT_FILE="+os.DevNull, "SSL_CERT_DIR="+t.TempDir())
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	pool, err := x509.SystemCertPool()
	if err != nil || pool.Equal(x509.NewCertPool()) {
		t.Errorf("there are no authorities: %v", err)
	}
}
