package prelink

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

const hello = `package main

import "os"

var words = []string{"hello", "from a fixed address"}

func main() { os.Stdout.WriteString(words[0] + " " + words[1]) }
`

// buildProgram compiles a position-independent program.
func buildProgram(t *testing.T, arch string) []byte {
	t.Helper()
	folder := t.TempDir()
	source, binary := filepath.Join(folder, "main.go"), filepath.Join(folder, "program")
	if err := os.WriteFile(source, []byte(hello), 0o600); err != nil {
		t.Fatal(err)
	}
	compile := exec.Command("go", "build", "-buildmode=pie", "-o", binary, source)
	compile.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestMove moves programs, and runs what this machine can run.
func TestMove(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		t.Run(arch, func(t *testing.T) {
			content := buildProgram(t, arch)
			before := parseProgram(t, slices.Clone(content))
			if err := Move(content); err != nil {
				t.Fatal(err)
			}
			after := parseProgram(t, content)
			if after.Type != elf.ET_EXEC || after.Entry != before.Entry+base {
				t.Errorf("%s, entry %#x, was %#x", after.Type, after.Entry, before.Entry)
			}
			for i, s := range after.Sections {
				want := before.Sections[i].Addr
				if s.Flags&elf.SHF_ALLOC != 0 {
					want += base
				}
				if s.Addr != want {
					t.Errorf("section %s is at %#x, not %#x", s.Name, s.Addr, want)
				}
			}
			if n := countRelative(after); n != 0 {
				t.Errorf("%d of %d relocations are left", n, countRelative(before))
			}
			if countRelative(before) < 1000 {
				t.Errorf("there were %d relocations", countRelative(before))
			}
			if Move(content) == nil {
				t.Error("it was moved twice")
			}
			if runtime.GOOS == "linux" && runtime.GOARCH == arch {
				runProgram(t, content)
			}
		})
	}
}

func parseProgram(t *testing.T, content []byte) *program {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return &program{File: f, content: content}
}

// countRelative counts the relative relocations of a program.
func countRelative(p *program) int {
	n := 0
	changeEach(slices.Clone(p.findTable(elf.DT_RELA, elf.DT_RELASZ)), func(r *elf.Rela64) {
		if elf.R_TYPE64(r.Info) == relative[p.Machine] {
			n++
		}
	})
	return n
}

func runProgram(t *testing.T, content []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(name, content, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(name).CombinedOutput(); string(out) != "hello from a fixed address" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
}

// TestMoveRefuses wants an error, and no crash, where a program does not fit together.
func TestMoveRefuses(t *testing.T) {
	for name, content := range map[string][]byte{"nothing": nil, "a text": []byte("#!/bin/sh\necho hello\n")} {
		if Move(content) == nil {
			t.Errorf("%s was moved", name)
		}
	}
	content := buildProgram(t, "amd64")
	p := parseProgram(t, content)
	for name, tag := range map[string]elf.DynTag{"relocations": elf.DT_RELA, "their size": elf.DT_RELASZ} {
		broken := slices.Clone(content)
		changeEach(parseProgram(t, broken).findSection(elf.SHT_DYNAMIC), func(d *elf.Dyn64) {
			if elf.DynTag(d.Tag) == tag {
				d.Val = 1 << 40
			}
		})
		if err := Move(broken); err == nil {
			t.Errorf("%s: was moved", name)
		}
	}
	broken := slices.Clone(content)
	first := p.findTable(elf.DT_RELA, elf.DT_RELASZ)
	at := bytes.Index(broken, first[:24])
	binary.LittleEndian.PutUint64(broken[at:], 1<<40)
	if err := Move(broken); err == nil {
		t.Error("a relocation of no place: was moved")
	}
	for size := range 400 {
		_ = Move(slices.Clone(content[:size*len(content)/400]))
	}
}
