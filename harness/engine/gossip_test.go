package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// reply was recorded by TestLab, with -update, from an engine of a real lab
// whose five engines had found one another.
func reply(t testing.TB) []byte {
	t.Helper()
	content, err := os.ReadFile("testdata/gossip-20.10.5.bin")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestReadStateRecorded(t *testing.T) {
	s, err := readState(bytes.NewReader(reply(t)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := peersOf(s.nodes)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.MustParseAddr
	want := []Peer{
		{"manager", addr("192.168.36.11"), PeerAlive},
		{"frontend01", addr("192.168.36.20"), PeerAlive},
		{"frontend02", addr("192.168.36.21"), PeerAlive},
		{"worker01", addr("192.168.36.200"), PeerAlive},
		{"store", addr("192.168.36.250"), PeerAlive},
	}
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Error(diff)
	}
	if len(s.user) == 0 || s.user[0] != serfPushPullMsg {
		t.Errorf("user state %q", s.user)
	}
	// What one engine said is what Introduce tells another.
	message := s.encodeMessage()
	again, err := readState(bytes.NewReader(message))
	if diff := cmp.Diff(s, again, cmp.AllowUnexported(state{})); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestReadStateRefuses(t *testing.T) {
	long := encodeKind(pushPullMsg, pushPullHeader{Nodes: maxMembers + 1})
	for name, test := range map[string]struct {
		sent string
		want error
	}{
		"nothing":       {"", io.EOF},
		"HTTP":          {"HTTP/1.1 400 Bad Request\r\n\r\n", ErrWrongService},
		"cut short":     {string(reply(t)[:100]), ErrWrongService},
		"other message": {"\x00", ErrWrongService},
		"too many":      {string(long), ErrWrongService},
		"error":         {"\x0d\x81\xa5Error\xa4nope", ErrWrongService},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readState(bytes.NewReader([]byte(test.sent)))
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}

func TestPeersOfRefuses(t *testing.T) {
	for _, n := range []nodeState{{Name: "a", Addr: []byte{1, 2, 3}}, {Name: "a", Addr: []byte{1, 2, 3, 4}, State: 4}} {
		if _, err := peersOf([]nodeState{n}); !errors.Is(err, ErrWrongService) {
			t.Errorf("%+v: %v", n, err)
		}
	}
}

func tidings(t testing.TB, events ...serfEvent) []byte {
	t.Helper()
	slot := &struct{ Events []serfEvent }{events}
	return encodeKind(serfPushPullMsg, serfPushPull{Events: []*struct{ Events []serfEvent }{nil, slot, nil}})
}

func TestTidingsOf(t *testing.T) {
	addr := netip.MustParseAddr
	got, err := tidingsOf(tidings(t,
		serfEvent{"jl 192.168.33.20 net1 end1", []byte("join 10.0.0.2 255.255.255.0 02:42:0a:00:00:02")},
		serfEvent{"jl 192.168.33.20 net1 end1", []byte("leave 10.0.0.2 255.255.255.0 02:42:0a:00:00:02")},
		serfEvent{"deploy", []byte("join 10.0.0.2")},
		serfEvent{"jl 192.168.33.20 net1", []byte("join 10.0.0.2")},
		serfEvent{"xx 192.168.33.20 net1 end1", []byte("join 10.0.0.2")},
		serfEvent{"jl nowhere net1 end1", []byte("join 10.0.0.2")},
		serfEvent{"jl 192.168.33.20 net1 end1", []byte("join nothing")},
		serfEvent{"jl 192.168.33.20 net1 end1", []byte("join")},
	))
	want := []Tiding{{"end1", addr("10.0.0.2"), addr("192.168.33.20"), false}, {"end1", addr("10.0.0.2"), addr("192.168.33.20"), true}}
	if diff := cmp.Diff(want, got, byValue); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, user := range []string{"", "\x01\x80", "\x02", "\x02nonsense"} {
		if _, err := tidingsOf([]byte(user)); !errors.Is(err, ErrWrongService) {
			t.Errorf("%q: %v", user, err)
		}
	}
}

func FuzzTidings(f *testing.F) {
	f.Add(tidings(f, serfEvent{"jl 192.168.33.20 net1 end1", []byte("leave 10.0.0.2 255.255.255.0 02:42:0a:00:00:02")}))
	f.Fuzz(func(t *testing.T, user []byte) {
		all, err := tidingsOf(user)
		if err != nil && !errors.Is(err, ErrWrongService) {
			t.Fatal(err)
		}
		for _, tiding := range all {
			if !tiding.Addr.IsValid() || !tiding.Host.IsValid() || tiding.Endpoint == "" {
				t.Errorf("%+v", tiding)
			}
		}
	})
}

func FuzzReadState(f *testing.F) {
	f.Add(reply(f))
	f.Add(emptyState().encodeMessage())
	f.Fuzz(func(t *testing.T, sent []byte) {
		s, err := readState(bytes.NewReader(sent))
		if err != nil {
			return
		}
		if _, err := peersOf(s.nodes); err != nil && !errors.Is(err, ErrWrongService) {
			t.Fatal(err)
		}
		if len(s.nodes) > maxMembers || len(s.user) > maxGossip {
			t.Fatalf("%d members, %d bytes", len(s.nodes), len(s.user))
		}
		message := s.encodeMessage()
		again, err := readState(bytes.NewReader(message))
		if len(message) > maxGossip {
			return // what was compressed may be longer than what may come as it is
		}
		if diff := cmp.Diff(s, again, cmp.AllowUnexported(state{}), cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("written and read again: %v\n%s", err, diff)
		}
	})
}

// TestGossipDeadline: a peer that takes the connection and says nothing.
func TestGossipDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent := listen(t, swallow)
	start := time.Now()
	_, err := Gossip(ctx, silent)
	if !errors.Is(err, ErrTimeout) || time.Since(start) > time.Second {
		t.Errorf("after %s: %v", time.Since(start), err)
	}
}
