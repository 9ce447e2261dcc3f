package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"labcheck/harness/lang"

	"github.com/containerd/errdefs"
)

// What callers decide by, with errors.Is. An error of this package that is
// none of these is what the service itself said.
var (
	// ErrRefused: nothing listens on the port.
	ErrRefused = lang.Errorf("connection refused")
	// ErrClosed: the connection was taken and ended without an answer, as by a
	// published port whose container does not listen yet.
	ErrClosed = lang.Errorf("connection closed with no answer")
	// ErrTimeout: no answer in the time that there was.
	ErrTimeout = lang.Errorf("no answer in time")
	// ErrWrongService: something answers, but not the service that was meant.
	ErrWrongService = lang.Errorf("another service answers there")
	// ErrTLS: only one side speaks TLS, or one does not trust the other.
	ErrTLS = lang.Errorf("TLS handshake failed")
	// ErrDenied: the service does not accept who asks.
	ErrDenied = lang.Errorf("access denied")
	// ErrReadOnly: the request was not sent, as it might have changed something.
	ErrReadOnly = lang.Errorf("refused: this run is read-only")
	// ErrNotFound: the service has no such container, network or image.
	ErrNotFound = lang.Errorf("not found")
	// ErrNoImage is ErrNotFound of the image to run.
	ErrNoImage = lang.Errorf("image %w", ErrNotFound)
	// ErrExists: the name is taken.
	ErrExists = lang.Errorf("already exists")
)

// kindError is an error and which of the kinds above it is.
type kindError struct {
	kind error
	err  error
}

func (e *kindError) Error() string   { return e.In(lang.English) }
func (e *kindError) Unwrap() []error { return []error{e.kind, e.err} }

// In writes the error in a language.
func (e *kindError) In(l lang.Language) string { return l.Error(e.kind) + ": " + l.Error(e.err) }

// dialError keeps a failed dial's chain: the client library throws away that of
// every error whose text says "connection refused" or that is a net.Error.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *dialError) In(l lang.Language) string {
	if errors.Is(e.err, syscall.ECONNREFUSED) {
		return l.Say("nothing listens")
	}
	return l.Error(e.err)
}

func (e *dialError) Unwrap() error { return e.err }

// failed says which service was asked for what, and of which kind the error is.
func failed(service fmt.Stringer, what string, err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil && !errors.Is(err, kind) {
		err = &kindError{kind, err}
	}
	return lang.Errorf("%s: %s: %w", service, what, err)
}

// kindOf returns nil where an error is of no kind.
func kindOf(err error) error {
	var netErr net.Error
	switch {
	case isTLSFailure(err):
		return ErrTLS
	case errors.Is(err, ErrWrongService), notHTTP(err),
		errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		return ErrWrongService
	case errors.Is(err, syscall.ECONNREFUSED):
		return ErrRefused
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), closedEarly(err):
		return ErrClosed
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return ErrTimeout
	case errors.Is(err, ErrNotFound), errdefs.IsNotFound(err):
		return ErrNotFound
	case errdefs.IsConflict(err), errdefs.IsAlreadyExists(err):
		return ErrExists
	}
	return nil
}

// closedEarly tells of a connection that was closed before the request was on
// its way; net/http's errServerClosedIdle can't be named.
func closedEarly(err error) bool {
	return strings.Contains(err.Error(), "http: server closed idle connection")
}

// notHTTP tells whether what was read is not HTTP at all, or came before anything
// was asked, as an ssh server's greeting may; net/http has no type for either
// (func (pc *persistConn) readResponse and readLoopPeekFailLocked, net/textproto's
// ProtocolError).
func notHTTP(err error) bool {
	return strings.Contains(err.Error(), "malformed HTTP") || strings.Contains(err.Error(), "readLoopPeekFailLocked: %!w(<nil>)")
}
