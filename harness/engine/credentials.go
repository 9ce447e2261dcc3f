package engine

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"labcheck/harness"
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

// certPath is the docker CLI's variable for a folder of certificates.
const certPath = "DOCKER_CERT_PATH"

// FromEnv returns how engines and Consul are spoken to: with these certificates, or
// else as DOCKER_CERT_PATH and Consul's own variables say. All may be empty. The error
// is a *harness.SettingError if it is of a variable.
func FromEnv(ca, cert, key string) (Options, error) {
	o, err := Options{}.ConsulFromEnv()
	if err != nil {
		return o, err
	}
	if ca != "" {
		o.TLS, err = LoadTLS(ca, cert, key)
		return o, err
	}
	if dir := os.Getenv(certPath); dir != "" {
		o.TLS, err = LoadTLS(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"),
			filepath.Join(dir, "key.pem"))
		if err != nil {
			return o, harness.WrongVariable(certPath, err)
		}
	}
	return o, nil
}

// ConsulFromEnv takes the token and TLS from the environment as Consul's own
// programs do: CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_SSL,
// CONSUL_HTTP_SSL_VERIFY, CONSUL_CACERT, CONSUL_CLIENT_CERT and so on. Where
// Consul is, it does not take from there.
func (o Options) ConsulFromEnv() (Options, error) {
	for _, name := range []string{api.HTTPSSLEnvName, api.HTTPSSLVerifyEnvName} {
		if v := os.Getenv(name); v != "" { // DefaultConfig would pass over a wrong one
			if _, err := strconv.ParseBool(v); err != nil {
				return o, harness.WrongVariable(name, lang.Errorf("%q is neither true nor false", v))
			}
		}
	}
	env, from := api.DefaultConfig(), api.HTTPTokenEnvName
	o.ConsulToken = strings.TrimSpace(env.Token)
	if env.TokenFile != "" {
		from = api.HTTPTokenFileEnvName
		content, err := os.ReadFile(env.TokenFile)
		if err != nil {
			return o, harness.WrongVariable(from, err)
		}
		o.ConsulToken = strings.TrimSpace(string(content))
	}
	if !httpguts.ValidHeaderFieldValue(o.ConsulToken) {
		return o, harness.WrongVariable(from, lang.Errorf("the token has a control character in it"))
	}
	if env.Scheme != "https" {
		return o, nil
	}
	c, err := api.SetupTLSConfig(&env.TLSConfig)
	if err != nil {
		return o, harness.WithSetting(lang.Errorf("TLS of Consul: %w", err), lang.Text{
			EN: "correct CONSUL_CACERT, CONSUL_CAPATH, CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY, or unset them",
		})
	}
	o.ConsulTLS = c
	return o, nil
}
