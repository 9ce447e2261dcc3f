package engine

import (
	"bufio"
	"bytes"
	"compress/lzw"
	"io"

	"labcheck/harness/lang"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// The messages of hashicorp/memberlist that we need, as of net.go of v0.2.2:
// a byte for the type, then msgpack. Older and newer ones, down to what Engine
// 1.9 had, differ in fields only, which msgpack names.
const (
	pingMsg      = 0
	pushPullMsg  = 6  // a header, that many node states, then the user's state
	compressMsg  = 9  // another message, compressed
	errorMsg     = 13 // from 0.2 on
	maxGossip    = 4 << 20
	maxMembers   = 10000
	lzwAlgorithm = 0 // the only one
	lzwLitWidth  = 8 // util.go, lzwLitWidth
)

type pushPullHeader struct {
	Nodes        int
	UserStateLen int  // in bytes
	Join         bool // false: a comparison between members, as it happens every 30 s
}

type nodeState struct {
	Name        string
	Addr        []byte // 4 or 16
	Port        uint16
	Meta        []byte
	Incarnation uint32
	State       int
	Vsn         []uint8
}

type compressed struct {
	Algo uint8
	Buf  []byte
}

// serfPushPull is the user's state: hashicorp/serf, messages.go,
// messagePushPull, behind a byte for its type.
type serfPushPull struct {
	LTime        uint64
	StatusLTimes map[string]uint64
	LeftMembers  []string
	EventLTime   uint64
	Events       []*struct{ Events []serfEvent } // nil where the buffer of 512 has a gap
	QueryLTime   uint64
}

type serfEvent struct {
	Name    string
	Payload []byte
}

const serfPushPullMsg = 2

// emptyState returns the state of a member that knows of no members and saw nothing
// happen. Serf's clocks begin at 1 (serf.go, Create), so that 1 moves none of
// them; with 0, old versions take 1 from it and their clocks wrap around
// (delegate.go, MergeRemoteState). Without a state at all they log an error.
func emptyState() state {
	return state{user: encodeKind(serfPushPullMsg, serfPushPull{LTime: 1, EventLTime: 1, QueryLTime: 1})}
}

// encodeKind returns values as msgpack behind a byte for their type.
func encodeKind(kind byte, values ...any) []byte {
	b := bytes.NewBuffer([]byte{kind})
	encoder := codec.NewEncoder(b, &codec.MsgpackHandle{})
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			panic(err) // messages have neither channels nor functions
		}
	}
	return b.Bytes()
}

// state is what a member tells of itself and all others.
type state struct {
	nodes []nodeState
	// user is what Serf adds: its clocks and the latest events.
	user []byte
}

// encodeMessage returns the state as one member sends it to another.
func (s state) encodeMessage() []byte {
	values := []any{pushPullHeader{Nodes: len(s.nodes), UserStateLen: len(s.user)}}
	for _, n := range s.nodes {
		values = append(values, n)
	}
	return append(encodeKind(pushPullMsg, values...), s.user...)
}

// readState reads a push/pull message. The error is ErrWrongService where
// something else came.
func readState(r io.Reader) (state, error) {
	stream := bufio.NewReader(io.LimitReader(r, maxGossip))
	kind, err := stream.ReadByte()
	if err != nil {
		return state{}, err
	}
	s, err := readMessage(stream, kind)
	if err != nil {
		return state{}, &kindError{ErrWrongService, err}
	}
	return s, nil
}

func readMessage(stream *bufio.Reader, kind byte) (_ state, err error) {
	if kind == compressMsg {
		if stream, err = decompressMessage(stream); err != nil {
			return state{}, err
		}
		if kind, err = stream.ReadByte(); err != nil {
			return state{}, lang.Errorf("compressed message: %w", err)
		}
	}
	switch kind {
	case pushPullMsg:
		return readPushPull(stream)
	case errorMsg:
		var refusal struct{ Error string }
		if err := codec.NewDecoder(stream, &codec.MsgpackHandle{}).Decode(&refusal); err != nil {
			return state{}, lang.Errorf("error message: %w", err)
		}
		return state{}, lang.Errorf("refused: %.200s", refusal.Error)
	}
	return state{}, lang.Errorf("message of type %d, not %d", kind, pushPullMsg)
}

func decompressMessage(r io.Reader) (*bufio.Reader, error) {
	var c compressed
	if err := codec.NewDecoder(r, &codec.MsgpackHandle{}).Decode(&c); err != nil {
		return nil, lang.Errorf("compressed message: %w", err)
	}
	if c.Algo != lzwAlgorithm {
		return nil, lang.Errorf("compressed message: unknown algorithm %d", c.Algo)
	}
	plain := lzw.NewReader(bytes.NewReader(c.Buf), lzw.LSB, lzwLitWidth)
	return bufio.NewReader(io.LimitReader(plain, maxGossip)), nil
}

func readPushPull(stream *bufio.Reader) (state, error) {
	// Of a *bufio.Reader the decoder reads no more than it needs.
	decoder := codec.NewDecoder(stream, &codec.MsgpackHandle{})
	var header pushPullHeader
	if err := decoder.Decode(&header); err != nil {
		return state{}, lang.Errorf("header: %w", err)
	}
	if header.Nodes < 0 || header.Nodes > maxMembers || header.UserStateLen < 0 || header.UserStateLen > maxGossip {
		return state{}, lang.Errorf("%d members and %d bytes announced", header.Nodes, header.UserStateLen)
	}
	var s state
	for i := range header.Nodes {
		var n nodeState
		if err := decoder.Decode(&n); err != nil {
			return state{}, lang.Errorf("member %d of %d: %w", i+1, header.Nodes, err)
		}
		s.nodes = append(s.nodes, n)
	}
	var err error
	s.user, err = io.ReadAll(io.LimitReader(stream, int64(header.UserStateLen)))
	if err == nil && len(s.user) < header.UserStateLen {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return state{}, lang.Errorf("user state: %w", err)
	}
	return s, nil
}
