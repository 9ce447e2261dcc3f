//go:build lab

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.pem, _, a.key, a.cert = a.sign(t, &x509.Certificate{IsCA: true, KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true})
	return a
}

// sign gives a certificate and its key as PEM; an authority that has none yet
// signs its own.
func (a *authority) sign(t *testing.T, c *x509.Certificate) (cert, key string, private *ecdsa.PrivateKey, parsed *x509.Certificate) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "labcheck test"}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, private
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, private.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", keyDER), private, parsed
}

// certificates writes what a client needs into a folder, and returns what the
// engine of a node needs.
func (a *authority) certificates(t *testing.T, r *realLab, dir, node string) (cert, key string) {
	t.Helper()
	clientCert, clientKey, _, _ := a.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	for name, content := range map[string]string{"ca.pem": a.pem, "cert.pem": clientCert, "key.pem": clientKey} {
		r.write(t, filepath.Join(dir, name), content)
	}
	cert, key, _, _ = a.sign(t, &x509.Certificate{
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{r.nodes[node].Addr().AsSlice()},
	})
	return cert, key
}

// withCertificates makes a folder certs of certificates that no engine knows.
func withCertificates(t *testing.T, r *realLab) func() {
	newAuthority(t).certificates(t, r, "certs", "store")
	t.Chdir(r.dir)
	return func() {}
}

// testTLS gives an engine a certificate, and has it want one. Its Swarm and
// Consul are left alone: the tutorial's speak no TLS.
func testTLS(t *testing.T, r *realLab) {
	a := newAuthority(t)
	cert, key := a.certificates(t, r, "tls", "worker01")
	newAuthority(t).certificates(t, r, "other", "worker01")
	encode := base64.StdEncoding.EncodeToString
	for name, content := range map[string]string{"ca": a.pem, "cert": cert, "key": key} {
		r.sh(t, "worker01", "mkdir -p /etc/docker && echo "+encode([]byte(content))+" | base64 -d > /etc/docker/"+name+".pem")
	}
	r.sh(t, "worker01", `echo '{"tlsverify": true, "tlscacert": "/etc/docker/ca.pem", "tlscert": "/etc/docker/cert.pem", "tlskey": "/etc/docker/key.pem"}' > /etc/docker/daemon.json`)
	docker(t, "", "restart", "--time", "1", "ec2test-worker01")
	r.write(t, "tls.yaml", r.fill("manager: worker01\nnodes: [{name: worker01, address: NET.200}]\n"))
	with := func(dir string, args ...string) []string {
		return append(args, "--inventory", "DIR/tls.yaml", "--tls-ca", "DIR/"+dir+"/ca.pem", "--tls-cert", "DIR/"+dir+"/cert.pem", "--tls-key", "DIR/"+dir+"/key.pem")
	}
	wait(t, func() bool { return strings.Contains(r.labcheck(t, with("tls", "status")...).out, "20.10") })
	check := []string{"check", "--tags", "@id:network-on-node"}
	r.wants(t, realCase{args: with("tls", check...), code: exitHolds, says: []string{"1 claim holds"}})
	r.wants(t, realCase{
		args: append(check, "--inventory", "DIR/tls.yaml"), code: exitUnreachable,
		says: []string{"TLS handshake failed", "HTTP request to an HTTPS server", "--tls-ca"},
	})
	r.wants(t, realCase{args: with("other", check...), code: exitUnreachable, says: []string{"TLS handshake failed", "certificate signed by unknown authority"}})
	ca := append(append([]string{}, check...), "--inventory", "DIR/tls.yaml", "--tls-ca", "DIR/tls/ca.pem")
	r.wants(t, realCase{args: ca, code: exitUnreachable, says: []string{"TLS handshake failed", "bad certificate"}})
}
