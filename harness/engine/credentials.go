package engine

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"

	"labcheck/harness/lang"

	"github.com/docker/go-connections/tlsconfig"
	"github.com/hashicorp/consul/api"
	"golang.org/x/net/http/httpguts"
)

// LoadTLS reads what a TLS client needs from PEM files: the authority that
// signed the engines' certificates, and a certificate and key of one's own.
// Certificate and key may be empty, both.
func LoadTLS(ca, cert, key string) (*tls.Config, error) {
	c, err := tlsconfig.Client(tlsconfig.Options{CAFile: ca, CertFile: cert, KeyFile: key, ExclusiveRootPools: true})
	if err != nil {
		return nil, lang.Errorf("TLS: %w", err)
	}
	return c, nil
}

// CertPath are the files of a folder that DOCKER_CERT_PATH may name, for
// LoadTLS.
func CertPath(dir string) (ca, cert, key string) {
	return filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
}

// ConsulFromEnv takes the token and TLS from the environment as Consul's own
// programs do: CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_SSL,
// CONSUL_HTTP_SSL_VERIFY, CONSUL_CACERT, CONSUL_CLIENT_CERT and so on. Where
// Consul is, it does not take from there.
func (o Options) ConsulFromEnv() (Options, error) {
	env := api.DefaultConfig()
	o.ConsulToken = strings.TrimSpace(env.Token)
	if env.TokenFile != "" {
		content, err := os.ReadFile(env.TokenFile)
		if err != nil {
			return o, lang.Errorf("token of Consul: %w", err)
		}
		o.ConsulToken = strings.TrimSpace(string(content))
	}
	if !httpguts.ValidHeaderFieldValue(o.ConsulToken) {
		return o, lang.Errorf("CONSUL_HTTP_TOKEN has a control character in it: set it again")
	}
	if env.Scheme != "https" {
		return o, nil
	}
	c, err := api.SetupTLSConfig(&env.TLSConfig)
	if err != nil {
		return o, lang.Errorf("TLS of Consul: %w", err)
	}
	o.ConsulTLS = c
	return o, nil
}
