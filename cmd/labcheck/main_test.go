package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"testing"
)

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
