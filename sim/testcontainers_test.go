package sim

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"

	"github.com/moby/moby/client"
)

// Testcontainers uses the engine of each machine, one with TLS files among them, whatever
// DOCKER_HOST says.
func TestProvidersUseTheirMachines(t *testing.T) {
	server := httptest.NewUnstartedServer(nameOnly("tls"))
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()
	other := httptest.NewServer(nameOnly("plain"))
	defer other.Close()
	var machines []*machine
	for _, s := range []selection{
		environmentOf(t, "DOCKER_HOST=tcp://"+server.Listener.Addr().String(), "DOCKER_TLS_VERIFY=1",
			"DOCKER_CERT_PATH="+tlsFiles(t, server.TLS.Certificates[0])),
		environmentOf(t, "DOCKER_HOST=tcp://"+other.Listener.Addr().String()),
	} {
		e, err := s.findEndpoint()
		if err != nil {
			t.Fatal(err)
		}
		k, err := openLink(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		machines = append(machines, &machine{link: k})
	}
	t.Setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
	for range 2 { // another Up of the same process
		closeAll, err := openProviders(machines)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"tls", "plain"} {
			v, err := machines[i].provider.Client().ServerVersion(t.Context(), client.ServerVersionOptions{})
			if err != nil || v.Version != want {
				t.Errorf("%+v, %v, want %s", v, err, want)
			}
		}
		closeAll()
	}
}
