package debian

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"labcheck/harness/lang"

	"golang.org/x/sync/errgroup"
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
	mu      sync.Mutex
	dropped map[Source]error // why a source is not asked any more
}

// NewFetcher returns a Fetcher. It honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
func NewFetcher(dir string, sources []Source) *Fetcher {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: connectTimeout}).DialContext
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = connectTimeout, answerTimeout
	t.MaxIdleConnsPerHost = parallel
	t.RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
	return &Fetcher{
		Dir: dir, Sources: sources, Received: func(int64) {},
		client: &http.Client{Transport: t}, dropped: map[Source]error{},
	}
}

// Missing returns the packages that Fetch would have to download. A damaged file
// is missing, too.
func (f *Fetcher) Missing(packages []Package) []Package {
	return slices.DeleteFunc(slices.Clone(packages), f.has)
}

// Lacking is how many bytes Fetch would download of packages that are missing:
// of some there may be a part.
func (f *Fetcher) Lacking(missing []Package) int64 {
	var lacking int64
	for _, p := range missing {
		lacking += p.Size
		if part, err := os.Stat(f.file(p) + ".part"); err == nil {
			lacking -= min(part.Size(), p.Size)
		}
	}
	return lacking
}

// has verifies a package that was downloaded.
func (f *Fetcher) has(p Package) bool {
	file, err := f.Open(p)
	if err != nil {
		return false
	}
	defer file.Close()
	_, err = io.Copy(io.Discard, file)
	return err == nil
}

// Open opens a package that was downloaded. The reader fails at its end if the
// file is not what the lock file pins.
func (f *Fetcher) Open(p Package) (io.ReadCloser, error) {
	file, err := os.Open(f.file(p))
	if err != nil {
		return nil, err
	}
	return &verified{ReadCloser: file, sum: sha256.New(), want: p.SHA256, name: file.Name()}, nil
}

func (f *Fetcher) file(p Package) string { return filepath.Join(f.Dir, p.SHA256+".deb") }

// Fetch downloads the packages that are missing, several at a time, and goes on
// with those that were cut off. The error is a *FetchError if a package can be
// had from no source.
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

// FetchError reports that a package can be had from no source.
type FetchError struct {
	Package Package
	Tried   []error // one for each source
}

func (e *FetchError) Error() string { return e.In(lang.English) }

// In renders the error in a language.
func (e *FetchError) In(l lang.Language) string {
	said := l.Say("download %s", e.Package.Path)
	for _, err := range e.Tried {
		said += "; " + l.Error(err)
	}
	return said
}

func (e *FetchError) Unwrap() []error { return e.Tried }

func (f *Fetcher) fetch(ctx context.Context, p Package) error {
	failed := &FetchError{Package: p}
	for _, s := range f.Sources {
		err := f.fetchFrom(ctx, s, p)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failed.Tried = append(failed.Tried, lang.Errorf("%s: %w", s.URL, err))
		if s.Required && !errors.Is(err, errLacks) {
			break
		}
	}
	return failed
}

// errLacks reports that a source answered that it does not have a file.
var errLacks = lang.Errorf("it does not have the file")

// fetchFrom downloads a package from a source, and again from where it broke
// off while each attempt brings more of it. A source that can't be reached is
// not asked again for other packages.
func (f *Fetcher) fetchFrom(ctx context.Context, s Source, p Package) error {
	f.mu.Lock()
	err := f.dropped[s]
	f.mu.Unlock()
	if err != nil {
		return err
	}
	for range attempts {
		var got int64
		if got, err = f.receive(ctx, s, p); err == nil || got == 0 || ctx.Err() != nil {
			break
		}
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, errLacks) && !errors.Is(err, errWrong) {
		f.mu.Lock()
		f.dropped[s] = err
		f.mu.Unlock()
	}
	return err
}

// receive appends what is lacking of a package to its part of the cache, and
// returns how many bytes arrived that another attempt need not ask for. The
// part becomes the file when it is whole.
func (f *Fetcher) receive(ctx context.Context, s Source, p Package) (got int64, err error) {
	part, err := os.OpenFile(f.file(p)+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return 0, err
	}
	defer part.Close()
	sum := sha256.New()
	have, err := io.Copy(sum, part)
	if err != nil {
		return 0, err
	}
	if have >= p.Size && hex.EncodeToString(sum.Sum(nil)) != p.SHA256 { // damaged
		sum.Reset()
		if have, err = 0, restart(part); err != nil {
			return 0, err
		}
	}
	if have < p.Size {
		if got, err = f.append(ctx, s, p, part, sum, have); err != nil {
			return got, err
		}
	}
	err = f.complete(part, sum, p)
	if err != nil && have == 0 {
		return 0, err // the source would send the same again
	}
	return got, err
}

// append downloads a package from its byte have on.
func (f *Fetcher) append(ctx context.Context, s Source, p Package, part *os.File, sum hash.Hash, have int64) (int64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stall := time.AfterFunc(answerTimeout+stallTimeout, func() { stop(errStalled) })
	defer stall.Stop()
	body, resumed, err := f.get(ctx, s.at(p), have)
	if err != nil {
		return 0, stalled(ctx, err)
	}
	defer body.Close()
	if !resumed && have > 0 {
		sum.Reset()
		if err := restart(part); err != nil {
			return 0, err
		}
	}
	seen := tellWriter(func(n int) {
		stall.Reset(stallTimeout)
		f.Received(int64(n))
	})
	got, err := io.Copy(io.MultiWriter(part, sum, seen), io.LimitReader(body, p.Size+1))
	return got, stalled(ctx, err)
}

// errStalled reports that a source began to answer and fell silent.
var errStalled = lang.Errorf("nothing arrived for %s", stallTimeout)

func stalled(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}

func restart(part *os.File) error {
	if err := part.Truncate(0); err != nil {
		return err
	}
	_, err := part.Seek(0, io.SeekStart)
	return err
}

// get requests a file from its byte from on. A server may send all of it
// nevertheless; resumed is false then.
func (f *Fetcher) get(ctx context.Context, url string, from int64) (body io.ReadCloser, resumed bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, false, err
	}
	if from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	answer, err := f.client.Do(req)
	if err != nil {
		return nil, false, errors.Unwrap(err) // without the method and the URL
	}
	switch answer.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		return answer.Body, answer.StatusCode == http.StatusPartialContent, nil
	}
	answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone {
		return nil, false, errLacks
	}
	return nil, false, lang.Errorf("it answered %s", answer.Status)
}

// complete gives a part its final name if it is what the lock file pins, and
// removes it if it is not.
func (f *Fetcher) complete(part *os.File, sum hash.Hash, p Package) error {
	if err := part.Close(); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.SHA256 {
		return errors.Join(checksumError(part.Name(), got, p.SHA256), os.Remove(part.Name()))
	}
	return os.Rename(part.Name(), f.file(p))
}

// errWrong reports that a file is not the one that the lock file pins.
var errWrong = lang.Errorf("wrong content")

func checksumError(name, got, want string) error {
	return lang.Errorf("%s: %w: SHA-256 is %s, want %s",
		filepath.Base(name), errWrong, got, want)
}

// tellWriter is called with the length of each write.
type tellWriter func(n int)

func (t tellWriter) Write(p []byte) (int, error) {
	t(len(p))
	return len(p), nil
}

// verified compares a file's checksum when it has been read to its end.
type verified struct {
	io.ReadCloser
	sum        hash.Hash
	want, name string
}

func (v *verified) Read(p []byte) (int, error) {
	n, err := v.ReadCloser.Read(p)
	v.sum.Write(p[:n])
	if errors.Is(err, io.EOF) {
		if got := hex.EncodeToString(v.sum.Sum(nil)); got != v.want {
			return n, checksumError(v.name, got, v.want)
		}
	}
	return n, err
}
