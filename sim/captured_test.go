package sim

import (
	"os"
	"path/filepath"
	"testing"

	"labcheck/harness/lang"
)

// TestPacketFile: a capture that can't begin leaves a file as it is.
func TestPacketFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mynet.pcap")
	p := &PacketFile{Name: name}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(name); err == nil {
		t.Error("a file was made without packets")
	}
	if _, err := p.Write([]byte("packets")); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(name); string(got) != "packets" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCapturedSummary(t *testing.T) {
	var o CaptureOptions
	if err := o.Size.Set("100MB"); err != nil {
		t.Fatal(err)
	}
	got := Captured{Packets: 2, Bytes: 2000, End: EndedBySize, Lost: 1}.Summary(lang.English, o)
	want := "captured 2 packets, 2kB in 0.0 s: ended by --size 100MB; 1 packet is missing: it came faster than it could be written"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
