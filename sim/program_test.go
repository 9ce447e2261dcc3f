package sim

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeProgram writes a file that begins as a program does.
func writeProgram(t *testing.T, machine elf.Machine, segment elf.ProgType) string {
	t.Helper()
	var b bytes.Buffer
	h := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1, Shentsize: 64,
	}
	for _, part := range []any{h, elf.Prog64{Type: uint32(segment)}} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return writeTemporary(t, b.Bytes())
}

func writeTemporary(t *testing.T, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestCheckProgram refuses what can't run on a lab's hosts, and says why.
func TestCheckProgram(t *testing.T) {
	for _, test := range []struct{ name, file, architecture, why string }{
		{"static", writeProgram(t, elf.EM_X86_64, elf.PT_LOAD), "x86_64", ""},
		{"static on ARM", writeProgram(t, elf.EM_AARCH64, elf.PT_LOAD), "aarch64", ""},
		{"dynamic", writeProgram(t, elf.EM_X86_64, elf.PT_INTERP), "x86_64", "dynamically linked"},
		{"of another machine", writeProgram(t, elf.EM_X86_64, elf.PT_LOAD), "aarch64", "it is for EM_X86_64"},
		{"on an unknown machine", writeProgram(t, elf.EM_X86_64, elf.PT_LOAD), "riscv64", "the lab is for riscv64"},
		{"of another system", writeTemporary(t, bytes.Repeat([]byte("MZ"), 100)), "x86_64", "not a Linux program"},
	} {
		err := checkProgram(test.file, test.architecture)
		switch {
		case test.why == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.why != "" && (!errors.Is(err, ErrProgram) || !strings.Contains(err.Error(), test.why)):
			t.Errorf("%s: %v, want %q", test.name, err, test.why)
		}
	}
}

// TestPackProgram packs a program under another name, so that it can be executed.
func TestPackProgram(t *testing.T) {
	f, err := os.Open(writeTemporary(t, []byte("content")))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var packed bytes.Buffer
	if err := packProgram(&packed, f, "labcheck"); err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(&packed)
	h, err := archive.Next()
	if err != nil || h.Name != "labcheck" || h.FileInfo().Mode() != 0o755 {
		t.Errorf("%+v, %v", h, err)
	}
	if content, err := io.ReadAll(archive); err != nil || string(content) != "content" {
		t.Errorf("%q, %v", content, err)
	}
}
