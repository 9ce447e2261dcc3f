package engine

import "os"

// FromEnv returns how engines and Consul are spoken to: with these certificates, or
// else as DOCKER_CERT_PATH and Consul's own variables say. All may be empty.
func FromEnv(ca, cert, key string) (Options, error) {
	o, err := Options{}.ConsulFromEnv()
	if err != nil {
		return o, err
	}
	if dir := os.Getenv("DOCKER_CERT_PATH"); ca == "" && dir != "" {
		ca, cert, key = CertPath(dir)
	}
	if ca != "" {
		o.TLS, err = LoadTLS(ca, cert, key)
	}
	return o, err
}
