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

	"labcheck/harness/lang"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// registryTimeout is how long a registry may take to accept a connection, and
// to begin to answer.
const registryTimeout = 5 * time.Second

// atRegistry is a name at the registry that was asked for.
func (s *Store) atRegistry(image string) string {
	if s.opts.Registry == "" {
		return image
	}
	return strings.TrimSuffix(s.opts.Registry, "/") + "/" + image
}

func (s *Store) parseRef(ref string) (name.Reference, error) {
	parsed, err := name.ParseReference(ref)
	if err != nil {
		return nil, lang.Errorf("--registry %s: %w", s.opts.Registry, err)
	}
	return parsed, nil
}

// remoteOptions are for requests to registries: with the docker CLI's
// credentials, and limits of time for connecting but not for transfers.
func (s *Store) remoteOptions(ctx context.Context, arch string) []remote.Option {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: registryTimeout}).DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = registryTimeout, registryTimeout
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(t), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}), remote.WithUserAgent("labcheck"),
		remote.WithRetryPredicate(brokeOff),
	}
}

// brokeOff says whether a request is made again. One that had no answer in time
// is not: it would be waited for three times.
func brokeOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// pull fetches an image by the digest that this labcheck knows it to have. It
// is nil if the registry does not have it.
func (s *Store) pull(ctx context.Context, n Name, arch string) (*image, error) {
	expected, ok := knownImage(n, arch)
	if !ok {
		return nil, nil
	}
	ref, err := s.parseRef(s.atRegistry(s.namespace + "/" + string(n) + "@" + expected.digest))
	if err != nil {
		return nil, err
	}
	s.say(n, "asking the registry")
	found, err := remote.Image(ref, s.remoteOptions(ctx, arch)...)
	if lacks(err) {
		s.say(n, "the registry does not have it")
		return nil, nil
	}
	if err != nil {
		return nil, lang.Errorf("ask registry %s for %s: %w", s.opts.Registry, ref, err)
	}
	s.say(n, "pulling")
	i, err := readImage(found)
	if err != nil {
		return nil, lang.Errorf("pull %s: %w", ref, err)
	}
	s.say(n, "pulled")
	return i, nil
}

// lacks says whether a registry answered that it does not have an image. Some
// say so by refusing access.
func lacks(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound ||
		answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden)
}

// readImage reads an image whole. Its source verifies the digests.
func readImage(from v1.Image) (*image, error) {
	config, err := from.RawConfigFile()
	if err != nil {
		return nil, err
	}
	parts, err := from.Layers()
	if err != nil {
		return nil, err
	}
	var layers []*layer
	for _, part := range parts {
		compressed, err := part.Compressed()
		if err != nil {
			return nil, err
		}
		l, err := readLayer(compressed)
		if err := errors.Join(err, compressed.Close()); err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return newImage(config, layers)
}

// Push writes the images that are on the engine to the registry, each under its
// tag.
func (s *Store) Push(ctx context.Context) error {
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	return s.eachPresent(ctx, func(n Name, ref string, i *image) error {
		to, err := s.parseRef(s.atRegistry(ref))
		if err != nil {
			return err
		}
		oci, err := i.oci()
		if err != nil {
			return err
		}
		s.say(n, "pushing %s", to)
		if err := remote.Write(to, oci, s.remoteOptions(ctx, arch)...); err != nil {
			return lang.Errorf("push %s: %w", to, err)
		}
		s.say(n, "pushed")
		return nil
	})
}
