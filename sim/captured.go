package sim

import (
	"io"
	"os"

	"github.com/docker/go-units"

	"labcheck/harness/lang"
)

// ByteSize is a number of bytes, as a flag such as 100MB.
type ByteSize int64

// String implements pflag.Value.
func (b *ByteSize) String() string { return units.HumanSize(float64(*b)) }

// Type implements pflag.Value.
func (b *ByteSize) Type() string { return "size" }

// Set implements pflag.Value.
func (b *ByteSize) Set(s string) error {
	n, err := units.FromHumanSize(s)
	if err != nil {
		return lang.Errorf("want a size such as 100MB")
	}
	*b = ByteSize(n)
	return nil
}

// PacketFile is where packets go: a writer, or else a file that is made when the first
// bytes are written. A capture that can't begin leaves a file of that name as it is.
type PacketFile struct {
	io.Writer
	Name string
}

// Write implements io.Writer.
func (p *PacketFile) Write(b []byte) (int, error) {
	if p.Writer == nil {
		f, err := os.Create(p.Name)
		if err != nil {
			return 0, err
		}
		p.Writer = f
	}
	return p.Writer.Write(b)
}

// Close closes the file.
func (p *PacketFile) Close() error {
	if f, ok := p.Writer.(*os.File); ok {
		return f.Close()
	}
	return nil
}

// Summary says what a capture has come to, and why it ended.
func (c Captured) Summary(l lang.Language, o CaptureOptions) string {
	text := l.Say("captured %s in %.1f s", c.PacketsIn(l), c.Took.Seconds())
	switch c.End {
	case EndedByTime:
		text += l.Say(": ended by --for %s", o.For)
	case EndedBySize:
		text += l.Say(": ended by --size %s", &o.Size)
	case EndedByInterrupt:
		text += l.Say(": interrupted")
	case EndedByReader:
		text += l.Say(": the reader of the output has ended")
	}
	if c.Lost > 0 {
		text += l.Count(c.Lost, "; %d packet is missing: it came faster than it could be written",
			"; %d packets are missing: they came faster than they could be written")
	}
	return text
}

// PacketsIn says how many packets were captured, and how large the file is.
func (c Captured) PacketsIn(l lang.Language) string {
	return l.Count(c.Packets, "%d packet", "%d packets") + l.Format(", ") + units.HumanSize(float64(c.Bytes))
}
