package sim

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"labcheck/harness"
	"labcheck/harness/lang"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/connhelper/ssh"
	dockercontext "github.com/docker/cli/cli/context"
	"github.com/docker/cli/cli/context/docker"
	"github.com/docker/cli/cli/context/store"
	"github.com/docker/cli/opts"
	"github.com/docker/docker/client"
)

// The docker CLI's environment variables that docker/cli and docker/docker name
// in no package of a reasonable size.
const (
	envContext = "DOCKER_CONTEXT"
	envTLS     = "DOCKER_TLS"
)

// EnvEngine is the environment variable by which `labcheck env` shows later
// commands which engine holds the lab, because the DOCKER_HOST that it sets
// hides the one that did. It holds the name of a context, or an address.
const EnvEngine = "LABCHECK_ENGINE"

// EnvHost is the docker CLI's environment variable that names an engine.
const EnvHost = client.EnvOverrideHost

// defaultContext is the context that the docker CLI makes of its environment.
const defaultContext = "default"

// endpoint is where an engine listens, and what it takes to connect to it.
type endpoint struct {
	docker.Endpoint
	context string // the name of the docker CLI's context
	source  string // the flag or the variable that named the engine; may be empty
}

// describe returns the address, and which context it is from.
func (e endpoint) describe() lang.Text {
	switch {
	case e.source == "":
		return lang.Textf("%s (context %s)", e.Host, e.context)
	case e.source == engineFlag && e.context == defaultContext:
		return lang.Textf("%s (from %s)", e.Host, e.source)
	}
	return lang.Textf("%s (context %s, from %s)", e.Host, e.context, e.source)
}

// selection is what an engine is chosen by: --context and the environment.
type selection struct {
	context string
	host    string // DOCKER_HOST
	by      string // what names these instead of --context or DOCKER_HOST; may be empty
	getenv  func(string) string
}

// newSelection returns the selection by a value of --context and an environment.
func newSelection(context string, getenv func(string) string) selection {
	return selection{context: context, host: getenv(client.EnvOverrideHost), getenv: getenv}
}

// configDir returns the directory of the docker CLI's configuration.
func (s selection) configDir() string {
	if dir := s.getenv(config.EnvOverrideConfigDir); dir != "" {
		return dir
	}
	return config.Dir()
}

// chosenContext returns the context that the docker CLI would use, and what
// named it.
func (s selection) chosenContext() (name, source string) {
	switch {
	case s.context != "":
		return s.context, cmp.Or(s.by, "--context")
	case s.host != "":
		return defaultContext, cmp.Or(s.by, client.EnvOverrideHost)
	case s.getenv(envContext) != "":
		return s.getenv(envContext), envContext
	}
	// The docker CLI warns of a file that it can't read or parse, and takes what
	// it got.
	file, _ := config.Load(s.configDir())
	return cmp.Or(file.CurrentContext, defaultContext), ""
}

// findEndpoint returns the endpoint that the docker CLI would use.
func (s selection) findEndpoint() (endpoint, error) {
	if err := s.checkVersion(); err != nil {
		return endpoint{}, err
	}
	name, source := s.chosenContext()
	if name != defaultContext {
		return s.storedEndpoint(name, source)
	}
	// Also `--context default` takes the address from DOCKER_HOST.
	if s.host != "" {
		source = cmp.Or(s.by, client.EnvOverrideHost)
	}
	return s.defaultEndpoint(source)
}

// storedEndpoint reads a context from the docker CLI's store.
func (s selection) storedEndpoint(name, source string) (endpoint, error) {
	contexts := store.New(filepath.Join(s.configDir(), "contexts"), store.NewConfig(
		func() any { return &map[string]any{} },
		store.EndpointTypeGetter(docker.DockerEndpoint, func() any { return &docker.EndpointMeta{} }),
	))
	found := endpoint{context: name, source: source}
	stored, err := contexts.GetMetadata(name)
	if errdefs.IsNotFound(err) {
		err = lang.Errorf("docker has no context %s (from %s)", name, cmp.Or(source, config.ConfigFileName))
		return found, harness.WithSetting(err, lang.Verbatim("docker context ls"))
	}
	var meta docker.EndpointMeta
	if err == nil {
		meta, err = docker.EndpointFromContext(stored)
	}
	if err == nil {
		found.Endpoint, err = docker.WithTLSData(contexts, name, meta)
	}
	if err != nil {
		err = lang.Errorf("docker's context %s can't be used: %w", name, err)
		return found, harness.WithSetting(err, lang.Verbatim("docker context inspect "+name))
	}
	found.Host = cmp.Or(found.Host, client.DefaultDockerHost)
	return found, nil
}

// defaultEndpoint makes an endpoint of the environment, as the docker CLI does.
func (s selection) defaultEndpoint(source string) (endpoint, error) {
	e := endpoint{context: defaultContext, source: source}
	verify := s.getenv(client.EnvTLSVerify) != ""
	tls := verify || s.getenv(envTLS) != ""
	var err error
	if e.Host, err = parseHost(tls, s.host); err != nil {
		return e, harness.WithSetting(lang.Errorf("%s can't be used: %w", client.EnvOverrideHost, err), lang.Text{
			EN: "write unix://PATH, tcp://HOST:PORT or ssh://[USER@]HOST into DOCKER_HOST, or unset it",
		})
	}
	if !tls {
		return e, nil
	}
	e.SkipTLSVerify = !verify
	dir := cmp.Or(s.getenv(client.EnvOverrideCertPath), s.configDir())
	ca, cert, key := filepath.Join(dir, "ca.pem"), ifThere(dir, "cert.pem"), ifThere(dir, "key.pem")
	if e.TLSData, err = dockercontext.TLSDataFromFiles(ca, cert, key); err == nil {
		_, err = e.tlsConfig()
	}
	if err == nil {
		return e, nil
	}
	for _, name := range []string{client.EnvOverrideCertPath, client.EnvTLSVerify, envTLS} {
		if s.getenv(name) != "" {
			return e, harness.WrongVariable(name, err)
		}
	}
	return e, err
}

// parseHost reads an address as the docker CLI does, and refuses those at which no
// engine can be.
func parseHost(tls bool, value string) (string, error) {
	host, err := opts.ParseHost(tls, value)
	if err != nil {
		return "", err
	}
	scheme, rest, _ := strings.Cut(host, "://")
	switch scheme {
	case "unix":
		return host, nil
	case "npipe":
		if runtime.GOOS == "windows" {
			return host, nil
		}
	case "ssh":
		spec, err := ssh.ParseURL(host)
		if err != nil || !strings.HasPrefix(spec.Host, "-") { // ssh would take that for an option
			return host, err
		}
	case "tcp":
		u, err := url.Parse(host)
		if err != nil {
			return "", err
		}
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		isPath := u.Path != "" && !strings.Contains(value, "://")
		if err == nil && port != 0 && !isPath {
			return host, nil
		}
	}
	return "", lang.Errorf("no engine can listen at %s://%s", scheme, rest)
}

// checkVersion returns an error if DOCKER_API_VERSION is no version.
func (s selection) checkVersion() error {
	if v := s.getenv(client.EnvOverrideAPIVersion); v != "" && !apiVersion.MatchString(v) {
		return harness.WrongVariable(client.EnvOverrideAPIVersion, lang.Errorf("%q is no version such as 1.41", v))
	}
	return nil
}

var apiVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+$`)

// ifThere returns the path of a file, or nothing if there is no such file.
func ifThere(dir, name string) string {
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); os.IsNotExist(err) {
		return ""
	}
	return path
}

// withoutHost returns the selection as it was before DOCKER_HOST was set: by
// what `labcheck env` left, or else by what the docker CLI would go by.
func (s selection) withoutHost() selection {
	s.host = ""
	if engine := s.getenv(EnvEngine); engine != "" {
		return s.named(engine, EnvEngine)
	}
	return s
}

// named returns the selection of an engine that something names by its address or its
// context.
func (s selection) named(engine, by string) selection {
	s.by = by
	if strings.Contains(engine, "://") {
		s.host = engine
	} else {
		s.context = engine
	}
	return s
}

// engineFlag names an engine by its address or its context.
const engineFlag = "--engine"

// findEngine returns the endpoint that a value of --engine names.
func findEngine(value string, getenv func(string) string) (endpoint, error) {
	s := selection{getenv: getenv}.named(value, engineFlag)
	if s.context == "" {
		if _, err := parseHost(false, value); err != nil {
			return endpoint{}, harness.WithSetting(lang.Errorf("%s %s: %w", engineFlag, value, err), lang.Text{
				EN: "write unix://PATH, tcp://HOST:PORT, ssh://[USER@]HOST or the name of a context " +
					"(docker context ls)",
			})
		}
	}
	return s.findEndpoint()
}

// engineName returns the value of EnvEngine by which later commands find the
// endpoint again.
func (e endpoint) engineName() string {
	if e.context == defaultContext {
		return e.Host
	}
	return e.context
}

// ipAddr returns the IP address that the endpoint names.
func (e endpoint) ipAddr() (netip.Addr, bool) {
	u, err := url.Parse(e.Host)
	if err != nil || u.Scheme != "tcp" {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return addr, err == nil
}

// isOnEngineBridge reports whether a bridge of this machine, named as engines name
// those of networks, has an address.
func isOnEngineBridge(addr netip.Addr) bool {
	interfaces, _ := net.Interfaces() // without them the answer is no
	return slices.ContainsFunc(interfaces, func(i net.Interface) bool {
		_, ok := overlappingAddr(i, netip.PrefixFrom(addr, addr.BitLen()))
		return ok && strings.HasPrefix(i.Name, "br-")
	})
}

// endpointAt returns an endpoint that takes no more than its address.
func endpointAt(host string) endpoint {
	return endpoint{Endpoint: docker.Endpoint{EndpointMeta: docker.EndpointMeta{Host: host}}}
}

// newClient returns a client of the engine. docker/cli's own ClientOpts is for another
// client than the one that Swarm understands.
func (e endpoint) newClient() (*client.Client, error) {
	var options []client.Opt
	if secured, err := e.tlsConfig(); err != nil {
		return nil, err
	} else if secured != nil {
		options = append(options, client.WithHTTPClient(&http.Client{
			Transport: &http.Transport{TLSClientConfig: secured}, CheckRedirect: client.CheckRedirect,
		}))
	}
	options = append(options, client.WithHost(e.Host), client.WithVersionFromEnv(), client.WithAPIVersionNegotiation())
	return client.NewClientWithOpts(options...)
}

// tlsConfig returns the endpoint's TLS settings, and nil if it has none.
func (e endpoint) tlsConfig() (*tls.Config, error) {
	if !strings.HasPrefix(e.Host, "tcp://") || e.TLSData == nil && !e.SkipTLSVerify {
		return nil, nil
	}
	config := &tls.Config{InsecureSkipVerify: e.SkipTLSVerify, MinVersion: tls.VersionTLS12} // as the context says
	if e.TLSData == nil {
		return config, nil
	}
	if len(e.TLSData.CA) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(e.TLSData.CA) {
			return nil, lang.Errorf("the CA certificate is not PEM")
		}
	}
	if len(e.TLSData.Cert) > 0 {
		pair, err := tls.X509KeyPair(e.TLSData.Cert, e.TLSData.Key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
