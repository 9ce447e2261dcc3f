package oci

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

// AtRegistry returns where an image is at a registry, HOST[:PORT][/PATH], or where its
// name says if registry is empty.
func AtRegistry(registry, image string) (name.Reference, error) {
	if registry != "" {
		image = strings.TrimSuffix(registry, "/") + "/" + image
	}
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, lang.Errorf("--registry %s: %w", registry, err)
	}
	return ref, nil
}

// Pull returns an image of a registry. Its layers are downloaded when they are read.
func Pull(ctx context.Context, from name.Reference, arch string) (v1.Image, error) {
	return remote.Image(from, append(options(ctx), remote.WithPlatform(v1.Platform{OS: "linux", Architecture: arch}))...)
}

// Push writes an image to a registry.
func Push(ctx context.Context, to name.Reference, i v1.Image) error {
	return remote.Write(to, i, options(ctx)...)
}

// options returns the options of requests to registries: with the docker CLI's
// credentials, and limits of time for connecting but not for transfers.
func options(ctx context.Context) []remote.Option {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: registryTimeout}).DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = registryTimeout, registryTimeout
	return []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(t), remote.WithAuthFromKeychain(authn.DefaultKeychain),
		remote.WithUserAgent("labcheck"), remote.WithRetryPredicate(isConnectionLost),
	}
}

// isConnectionLost reports whether a connection ended, so that the request is made again. A
// request that had no answer in time is not repeated: three attempts would take too long.
func isConnectionLost(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// IsMissing reports whether an error of Pull is a registry's answer that it does not
// have the image. Some say so by refusing access.
func IsMissing(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode == http.StatusNotFound ||
		answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden)
}
