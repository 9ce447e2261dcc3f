package debian

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"labcheck/harness/lang"
)

// mirror is a server in place of one of Debian's.
type mirror struct {
	Source
	mu    sync.Mutex
	files map[string][]byte // by path
	asked []string          // paths, and ranges
	sent  int64             // bytes of files
	cutAt int               // if it is not 0, the next answer ends after so many bytes
}

// newMirror has files at their places in the pool, and by their checksums.
func newMirror(t *testing.T, content ...[]byte) *mirror {
	m := &mirror{files: map[string][]byte{}}
	for _, c := range content {
		p := packageOf(c)
		m.files["/"+p.Path], m.files["/"+p.SHA1] = c, c
	}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	m.Source = Source{URL: server.URL}
	return m
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.asked = append(m.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	content, ok := m.files[r.URL.Path]
	cutAt := m.cutAt
	m.cutAt = 0
	m.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	http.ServeContent(&counted{ResponseWriter: w, m: m, cutAt: cutAt}, r, "", time.Time{}, bytes.NewReader(content))
}

func (m *mirror) takeAsked() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := m.asked
	m.asked = nil
	slices.Sort(asked)
	return asked
}

func (m *mirror) sentIs(t *testing.T, name string, want int64) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent != want {
		t.Errorf("%s: %d bytes were sent, want %d", name, m.sent, want)
	}
}

// counted counts what is sent, and cuts the connection if it is to.
type counted struct {
	http.ResponseWriter
	m     *mirror
	cutAt int
}

func (c *counted) Write(p []byte) (int, error) {
	if c.cutAt > 0 {
		p = p[:c.cutAt]
	}
	c.m.mu.Lock()
	c.m.sent += int64(len(p))
	c.m.mu.Unlock()
	n, err := c.ResponseWriter.Write(p)
	if c.cutAt > 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

func packageOf(content []byte) Package {
	long, short := sha256.Sum256(content), sha1.Sum(content)
	return Package{
		Arch: "amd64", Name: "x", Path: fmt.Sprintf("pool/main/x/x_%x.deb", short[:4]), Size: int64(len(content)),
		SHA256: hex.EncodeToString(long[:]), SHA1: hex.EncodeToString(short[:]),
	}
}

// someContent is of 10 kB.
func someContent(word string) []byte { return bytes.Repeat([]byte(fmt.Sprintf("%-10s", word)), 1000) }

func packagesOf(content ...[]byte) (all []Package) {
	for _, c := range content {
		all = append(all, packageOf(c))
	}
	return all
}

// inCache wants the folder to have these packages, whole, and nothing else.
func inCache(t *testing.T, f *Fetcher, content ...[]byte) {
	t.Helper()
	want, got := map[string]bool{}, map[string]bool{}
	for _, c := range content {
		want[packageOf(c).SHA256+".deb"] = true
		r, err := f.Open(packageOf(c))
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil || !bytes.Equal(read, c) {
			t.Errorf("read %d bytes, %v", len(read), err)
		}
	}
	there, err := os.ReadDir(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range there {
		got[e.Name()] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFetchAsksInOrder(t *testing.T) {
	one, two, three := someContent("one"), someContent("two"), someContent("three")
	first, second, third := newMirror(t, one), newMirror(t, two), newMirror(t, one, two, three)
	first.Required, third.BySHA1 = true, true
	f := NewFetcher(filepath.Join(t.TempDir(), "new"), []Source{first.Source, second.Source, third.Source})
	var received atomic.Int64
	f.Received = func(n int64) { received.Add(n) }
	all := packagesOf(one, two, three)
	// One after another: a file that a source lacks says nothing of the next.
	for _, n := range []int{2, 1, 0} {
		if err := f.Fetch(t.Context(), all[n:n+1]); err != nil {
			t.Fatal(err)
		}
	}
	inCache(t, f, one, two, three)
	paths := func(of ...Package) (all []string) {
		for _, p := range of {
			all = append(all, "/"+p.Path)
		}
		slices.Sort(all)
		return all
	}
	for name, c := range map[string]struct{ want, got []string }{
		"first":  {paths(all...), first.takeAsked()},
		"second": {paths(all[1:]...), second.takeAsked()},
		"third":  {[]string{"/" + all[2].SHA1}, third.takeAsked()},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s source:\n%s", name, diff)
		}
	}
	if got := received.Load(); got != 30000 {
		t.Errorf("told of %d bytes, want 30000", got)
	}
	if missing := f.Missing(all); len(missing) > 0 {
		t.Errorf("missing %v", missing)
	}
	if err := f.Fetch(t.Context(), all); err != nil || first.takeAsked() != nil {
		t.Errorf("asked again: %v", err)
	}
}

// unreachable is an address at which nobody listens.
func unreachable(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String() + "/debian"
}

func TestFetchStopsAtARequiredSourceThatIsNotThere(t *testing.T) {
	one := someContent("one")
	other := newMirror(t, one)
	named := Source{URL: unreachable(t), Required: true}
	f := NewFetcher(t.TempDir(), []Source{named, other.Source})
	err := f.Fetch(t.Context(), packagesOf(one))
	if !errors.Is(err, ErrUnavailable) {
		t.Fatalf("got %v, want ErrUnavailable", err)
	}
	for l, want := range map[lang.Language]string{lang.English: "no source has", lang.Japanese: "どのダウンロード元"} {
		for _, part := range []string{want, packageOf(one).Path, named.URL + ": ", "refused"} {
			if said := l.Error(err); !strings.Contains(said, part) {
				t.Errorf("says %s, want %s", said, part)
			}
		}
	}
	if asked := other.takeAsked(); asked != nil {
		t.Errorf("another was asked for %v", asked)
	}
}

func TestFetchGivesUpSourcesThatAreNotThere(t *testing.T) {
	one, two := someContent("one"), someContent("two")
	var asked atomic.Int64
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer broken.Close()
	other := newMirror(t, one, two)
	f := NewFetcher(t.TempDir(), []Source{{URL: unreachable(t)}, {URL: broken.URL}, other.Source})
	for _, p := range packagesOf(one, two) {
		if err := f.Fetch(t.Context(), []Package{p}); err != nil {
			t.Fatal(err)
		}
	}
	inCache(t, f, one, two)
	if got := asked.Load(); got != 1 {
		t.Errorf("the broken source was asked %d times, want once", got)
	}
	err := NewFetcher(t.TempDir(), []Source{{URL: broken.URL}, newMirror(t).Source}).Fetch(t.Context(), packagesOf(one))
	for _, want := range []string{"it answered 502 Bad Gateway\n", "it does not have the file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestFetchGoesOnAfterACut(t *testing.T) {
	one := someContent("one")
	m := newMirror(t, one)
	m.cutAt = 4000
	f := NewFetcher(t.TempDir(), []Source{m.Source})
	if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
		t.Fatal(err)
	}
	inCache(t, f, one)
	path := "/" + packageOf(one).Path
	if diff := cmp.Diff([]string{path, path + " bytes=4000-"}, m.takeAsked()); diff != "" {
		t.Error(diff)
	}
	m.sentIs(t, "in two answers", 10000)
}

// withPart has a part of a package in the cache.
func withPart(t *testing.T, part []byte, p Package, sources ...Source) *Fetcher {
	f := NewFetcher(t.TempDir(), sources)
	if err := os.WriteFile(f.file(p)+".part", part, 0o600); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFetchGoesOnWithAPart(t *testing.T) {
	one := someContent("one")
	for name, c := range map[string]struct {
		part []byte
		sent int64
	}{
		"half":              {one[:5000], 5000},
		"all but the name":  {one, 0},
		"nothing":           {nil, 10000},
		"damaged":           {bytes.Repeat([]byte("x"), 5000), 15000},
		"damaged and whole": {bytes.Repeat([]byte("x"), 10000), 10000},
		"too long":          {append(one, "more"...), 10000},
	} {
		m := newMirror(t, one)
		f := withPart(t, c.part, packageOf(one), m.Source)
		if got, want := f.Lacking(packagesOf(one)), max(0, 10000-int64(len(c.part))); got != want {
			t.Errorf("%s: %d bytes are lacking, want %d", name, got, want)
		}
		if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		inCache(t, f, one)
		m.sentIs(t, name, c.sent)
	}
}

// wholeOnly is a server that knows no ranges.
type wholeOnly struct{ *mirror }

func (w wholeOnly) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	r.Header.Del("Range")
	w.mirror.ServeHTTP(to, r)
}

func TestFetchTakesAllFromAServerWithoutRanges(t *testing.T) {
	one := someContent("one")
	m := newMirror(t, one)
	server := httptest.NewServer(wholeOnly{m})
	defer server.Close()
	f := withPart(t, one[:5000], packageOf(one), Source{URL: server.URL})
	if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
		t.Fatal(err)
	}
	inCache(t, f, one)
	m.sentIs(t, "all", 10000)
}

func TestFetchRefusesOtherFiles(t *testing.T) {
	one := someContent("one")
	for name, other := range map[string][]byte{
		"as long": bytes.Repeat([]byte("x"), 10000), "longer": append(bytes.Clone(one), "more"...),
		"shorter": one[:9000], "empty": {},
	} {
		wrong, right := newMirror(t), newMirror(t, one)
		wrong.files["/"+packageOf(one).Path] = other
		f := NewFetcher(t.TempDir(), []Source{wrong.Source, right.Source})
		if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		inCache(t, f, one)
		if asked := wrong.takeAsked(); len(asked) != 1 {
			t.Errorf("%s: asked %v, want once", name, asked)
		}
		f = NewFetcher(t.TempDir(), []Source{wrong.Source})
		if err := f.Fetch(t.Context(), packagesOf(one)); err == nil || !strings.Contains(err.Error(), "want "+packageOf(one).SHA256) {
			t.Errorf("%s: got %v", name, err)
		}
		inCache(t, f)
	}
}

func TestFetchReplacesADamagedFile(t *testing.T) {
	one := someContent("one")
	damaged := bytes.Clone(one)
	damaged[5000] ^= 1
	f := NewFetcher(t.TempDir(), []Source{newMirror(t, one).Source})
	if err := os.WriteFile(f.file(packageOf(one)), damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := f.Open(packageOf(one)); err == nil || !strings.Contains(err.Error(), "want "+packageOf(one).SHA256) {
		t.Errorf("opened a damaged file: %v, %v", r, err)
	}
	if diff := cmp.Diff(packagesOf(one), f.Missing(packagesOf(one))); diff != "" {
		t.Error(diff)
	}
	if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
		t.Fatal(err)
	}
	inCache(t, f, one)
}

func TestFetchCancelled(t *testing.T) {
	one := someContent("one")
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10000")
		_, _ = w.Write(one[:3000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer stuck.Close()
	m := newMirror(t, one)
	f := NewFetcher(t.TempDir(), []Source{{URL: stuck.URL}, m.Source})
	f.Received = func(int64) { cancel(interrupted) }
	if err := f.Fetch(ctx, packagesOf(one)); !errors.Is(err, interrupted) {
		t.Fatalf("got %v, want the cause", err)
	}
	if asked := m.takeAsked(); asked != nil {
		t.Errorf("went on: %v", asked)
	}
	later := NewFetcher(f.Dir, []Source{m.Source})
	if err := later.Fetch(t.Context(), packagesOf(one)); err != nil {
		t.Fatal(err)
	}
	inCache(t, later, one)
	m.sentIs(t, "the rest", 7000)
}

func TestFetchParallel(t *testing.T) {
	var all [][]byte
	for n := range 3 * parallel {
		all = append(all, someContent(fmt.Sprint(n)))
	}
	m := newMirror(t, all...)
	var now atomic.Int64
	var tooMany atomic.Bool
	full := make(chan struct{}) // closed when as many as may be are under way
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		if n == parallel {
			once.Do(func() { close(full) })
		}
		if n > parallel {
			tooMany.Store(true)
		}
		<-full
		m.ServeHTTP(w, r)
	}))
	defer server.Close()
	f := NewFetcher(t.TempDir(), []Source{{URL: server.URL}})
	if err := f.Fetch(t.Context(), packagesOf(all...)); err != nil {
		t.Fatal(err)
	}
	inCache(t, f, all...)
	if tooMany.Load() {
		t.Errorf("more than %d at once", parallel)
	}
}

func TestFetchFromAFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("only apt names folders")
	}
	one := someContent("one")
	dir := filepath.ToSlash(t.TempDir())
	p := packageOf(one)
	file := dir + "/" + p.Path
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, one, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"file:" + dir, "file://" + dir + "/"} {
		f := withPart(t, one[:5000], p, Source{URL: url})
		if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
			t.Fatal(err)
		}
		inCache(t, f, one)
	}
	f := NewFetcher(t.TempDir(), []Source{{URL: "file:" + dir}})
	if err := f.Fetch(t.Context(), packagesOf(someContent("two"))); !errors.Is(err, errLacks) {
		t.Errorf("got %v", err)
	}
}

// TestFetchSilence has servers that fall silent, on a clock of its own.
func TestFetchSilence(t *testing.T) {
	one := someContent("one")
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		after time.Duration
		want  string
	}{
		"no answer": {func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
		}, answerTimeout, "timeout awaiting response headers"},
		// It is slow, but not silent; and again.
		"after a while": {func(w http.ResponseWriter, r *http.Request) {
			for range 5 {
				_, _ = w.Write(one[:100])
				w.(http.Flusher).Flush()
				select {
				case <-time.After(stallTimeout - time.Second):
				case <-r.Context().Done():
				}
			}
			<-r.Context().Done()
		}, attempts * (4*(stallTimeout-time.Second) + stallTimeout), "nothing arrived for 15s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := NewFetcher(t.TempDir(), []Source{{URL: "http://silent.example"}})
			defer serveInMemory(f, c.serve)()
			begin := time.Now()
			err := f.Fetch(t.Context(), packagesOf(one))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v", name, err)
			}
			if took := time.Since(begin); took != c.after {
				t.Errorf("%s: took %s, want %s", name, took, c.after)
			}
		})
	}
}

// serveInMemory serves what a Fetcher asks for, without a network.
func serveInMemory(f *Fetcher, h http.Handler) (stop func()) {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	t := f.client.Transport.(*http.Transport)
	t.Proxy = nil
	t.DialContext = func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours, nil
	}
	return func() {
		t.CloseIdleConnections()
		_ = server.Close()
		synctest.Wait()
	}
}

type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// proxied is set in the process that has a proxy. Go reads its address once.
const proxied = "LABCHECK_TEST_PROXIED"

func TestFetchThroughAProxy(t *testing.T) {
	one := someContent("one")
	if dir := os.Getenv(proxied); dir != "" {
		f := NewFetcher(dir, []Source{{URL: "https://secure.example"}, {URL: "http://mirror.example/debian"}})
		if err := f.Fetch(t.Context(), packagesOf(one)); err != nil {
			t.Fatal(err)
		}
		inCache(t, f, one)
		return
	}
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		_, _ = w.Write(one)
	}))
	defer proxy.Close()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), proxied+"="+t.TempDir(),
		"HTTP_PROXY="+proxy.URL, "HTTPS_PROXY="+proxy.URL, "NO_PROXY=")
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := []string{"CONNECT secure.example:443", "GET http://mirror.example/debian/" + packageOf(one).Path}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
