package images

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"labcheck/harness/lang"
)

// registryTimeout is how long a registry may take to accept a connection, and
// to begin to answer.
const registryTimeout = 5 * time.Second

// atRegistry returns an image at a registry, or where its name says if there is none.
func atRegistry(registry, image string) (name.Reference, error) {
	if registry != "" {
		image = strings.TrimSuffix(registry, "/") + "/" + image
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, lang.Errorf("--registry %s: %w", registry, err)
	}
	return ref, nil
}

// remoteOptions returns the options of requests to registries: with the docker CLI's
// credentials, and limits of time for connecting but not for transfers.
func remoteOptions(ctx context.Context, arch string) []remote.Option {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: registryTimeout}).DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = registryTimeout, registryTimeout
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(t), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}), remote.WithUserAgent("labcheck"),
		remote.WithRetryPredicate(isConnectionLost),
	}
}

// isConnectionLost reports whether a connection ended, so that the request is made again. A
// request that had no answer in time is not repeated: three attempts would take too long.
func isConnectionLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// pull puts an image into the cache that is not there, by the digest that this
// labcheck knows it to have, if the registry has it.
func (m *maker) pull(ctx context.Context, n Name) error {
	digest, _, ok := knownImage(n, m.arch)
	if !ok || m.cache.find(n) != nil {
		return nil
	}
	ref, err := atRegistry(m.opts.Registry, m.namespace+"/"+string(n)+"@"+digest)
	if err != nil {
		return err
	}
	m.say(n, "asking the registry")
	found, err := remote.Image(ref, remoteOptions(ctx, m.arch)...)
	if isMissingAtRegistry(err) {
		m.say(n, "the registry does not have it")
		return nil
	}
	if err != nil {
		return lang.Errorf("ask registry %s for %s: %w", m.opts.Registry, ref, err)
	}
	m.say(n, "pulling")
	if err := m.cache.put(n, found); err != nil {
		return lang.Errorf("pull %s: %w", ref, err)
	}
	m.say(n, "pulled")
	return nil
}

// isMissingAtRegistry says whether a registry answered that it does not have an image. Some
// say so by refusing access.
func isMissingAtRegistry(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound ||
		answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden)
}
