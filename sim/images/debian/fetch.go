package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"labcheck/harness/lang"
)

// The limits of a download. A source that is not there is given up after
// connectTimeout, one that falls silent after stallTimeout.
const (
	parallel       = 6
	connectTimeout = 3 * time.Second
	answerTimeout  = 10 * time.Second
	stallTimeout   = 15 * time.Second
	attempts       = 3 // for each package and source, if each brought more of it
)

// Fetcher downloads packages into a folder, and finds there what was downloaded
// before.
type Fetcher struct {
	Dir     string // is made if it is not there
	Sources []Source
	// Received is told of bytes as they arrive, from several goroutines.
	Received func(bytes int64)

	client  *http.Client
	dropped sync.Map // why a source is not asked any more
}

// NewFetcher returns a Fetcher. It honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
func NewFetcher(dir string, sources []Source) *Fetcher {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = connectTimeout, answerTimeout
	t.MaxIdleConnsPerHost = parallel
	t.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
	return &Fetcher{Dir: dir, Sources: sources, Received: func(int64) {}, client: &http.Client{Transport: t}}
}

// Missing returns the packages that Fetch would have to download. A damaged file
// is missing, too.
func (f *Fetcher) Missing(packages []Package) []Package {
	return slices.DeleteFunc(slices.Clone(packages), func(p Package) bool { return verify(f.file(p), p) == nil })
}

// Lacking returns how many bytes Fetch would download of packages that are missing:
// of some there may be a part.
func (f *Fetcher) Lacking(missing []Package) (lacking int64) {
	for _, p := range missing {
		lacking += max(0, p.Size-sizeOf(f.file(p)+".part"))
	}
	return lacking
}

// Open opens a package that was downloaded, if the file is what the lock file
// pins.
func (f *Fetcher) Open(p Package) (io.ReadCloser, error) {
	if err := verify(f.file(p), p); err != nil {
		return nil, err
	}
	return os.Open(f.file(p))
}

func (f *Fetcher) file(p Package) string { return filepath.Join(f.Dir, p.SHA256+".deb") }

// Fetch downloads the packages that are missing, several at a time, and goes on
// with those that were cut off. The error is ErrUnavailable if a package can be had
// from no source.
func (f *Fetcher) Fetch(ctx context.Context, packages []Package) error {
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return err
	}
	defer f.client.CloseIdleConnections()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, p := range f.Missing(packages) {
		group.Go(func() error { return f.fetch(ctx, p) })
	}
	return group.Wait()
}

// ErrUnavailable reports that a package can be had from no source. The text names
// them, and why.
var ErrUnavailable = lang.Errorf("no source has the Debian package")

func (f *Fetcher) fetch(ctx context.Context, p Package) error {
	var tried []error
	for _, s := range f.Sources {
		err := f.fetchFrom(ctx, s, p)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		tried = append(tried, lang.Errorf("%s: %w", s.URL, err))
		if s.Required && !errors.Is(err, errLacks) {
			break
		}
	}
	return lang.Errorf("%w %s: %w", ErrUnavailable, p.Path, errors.Join(tried...))
}

// errLacks reports that a source answered that it does not have a file.
var errLacks = lang.Errorf("it does not have the file")

// fetchFrom downloads a package from a source, and again from where it broke
// off while each attempt brings more of it. A source that can't be reached is
// not asked again for other packages.
func (f *Fetcher) fetchFrom(ctx context.Context, s Source, p Package) error {
	if err, ok := f.dropped.Load(s); ok {
		return err.(error)
	}
	var err error
	for range attempts {
		var got int64
		if got, err = f.receive(ctx, s.at(p), p); err == nil || got == 0 || ctx.Err() != nil {
			break
		}
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errLacks) && !errors.Is(err, errWrong) {
		f.dropped.Store(s, err)
	}
	return err
}

// receive downloads what is lacking of a package to its part of the cache, which
// becomes the file when it is whole. It returns how many bytes arrived that
// another attempt need not ask for.
func (f *Fetcher) receive(ctx context.Context, url string, p Package) (got int64, err error) {
	part := f.file(p) + ".part"
	have := sizeOf(part)
	if have >= p.Size {
		if err := verify(part, p); err == nil {
			return 0, os.Rename(part, f.file(p))
		}
		have = 0
	}
	got, err = f.download(ctx, url, part, have, p.Size)
	if err != nil {
		return got, err
	}
	if err := verify(part, p); err != nil {
		if have == 0 {
			got = 0 // the source would send the same again
		}
		return got, errors.Join(err, os.Remove(part))
	}
	return got, os.Rename(part, f.file(p))
}

// download writes a file from its byte have on, up to one byte more than its
// size.
func (f *Fetcher) download(ctx context.Context, url, part string, have, size int64) (got int64, err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stall := time.AfterFunc(answerTimeout+stallTimeout, func() { stop(errStalled) })
	defer stall.Stop()
	answer, err := f.get(ctx, url, have)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	how := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if answer.StatusCode == http.StatusOK { // a server may send all nevertheless
		how |= os.O_TRUNC
	}
	file, err := os.OpenFile(part, how, 0o644)
	if err != nil {
		return 0, err
	}
	arrived := arrivals(func(n int) {
		stall.Reset(stallTimeout)
		f.Received(int64(n))
	})
	got, err = io.Copy(io.MultiWriter(file, arrived), io.LimitReader(answer.Body, size+1))
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		err = errStalled
	}
	return got, errors.Join(err, file.Close())
}

// errStalled reports that a source began to answer and fell silent.
var errStalled = lang.Errorf("nothing arrived for %s", stallTimeout)

// arrivals is called with the length of each write.
type arrivals func(n int)

func (a arrivals) Write(p []byte) (int, error) {
	a(len(p))
	return len(p), nil
}

// get requests a file from its byte from on.
func (f *Fetcher) get(ctx context.Context, url string, from int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	answer, err := f.client.Do(req)
	if err != nil {
		return nil, errors.Unwrap(err) // without the method and the URL
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return answer, nil
	case http.StatusNotFound, http.StatusGone:
		err = errLacks
	default:
		err = lang.Errorf("it answered %s", answer.Status)
	}
	answer.Body.Close()
	return nil, err
}

// sizeOf returns the size of a file, 0 if it is not there.
func sizeOf(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

// errWrong reports that a file is not the one that the lock file pins.
var errWrong = lang.Errorf("wrong content")

// verify compares a file with what the lock file pins.
func verify(name string, p Package) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		return lang.Errorf("%s: %w: SHA-256 is %s, want %s",
			filepath.Base(name), errWrong, got, p.SHA256)
	}
	return nil
}
