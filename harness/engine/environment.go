package engine

import (
	"os"

	"labcheck/harness"
)

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
		if o.TLS, err = LoadTLS(CertPath(dir)); err != nil {
			return o, harness.WrongVariable(certPath, err)
		}
	}
	return o, nil
}
