// Package prelink moves position-independent programs to a fixed address.
//
// At each start of such a program the loader writes to every place that holds an
// address of the program itself. In Debian's dockerd these are 546,000, which takes
// time, and 19 MB of memory in each process that no two of them share. Debian's
// former package prelink did the same for all programs of a machine.
package prelink

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"labcheck/harness/lang"
)

// base is the address of moved programs: where linkers put one that is not
// position-independent.
const base = 0x400000

// The relocations that hold an address of the program: relative ones write it,
// indirect ones what the function at that address returns.
var (
	relative = map[elf.Machine]uint32{
		elf.EM_X86_64:  uint32(elf.R_X86_64_RELATIVE),
		elf.EM_AARCH64: uint32(elf.R_AARCH64_RELATIVE),
	}
	indirect = map[elf.Machine]uint32{
		elf.EM_X86_64:  uint32(elf.R_X86_64_IRELATIVE),
		elf.EM_AARCH64: uint32(elf.R_AARCH64_IRELATIVE),
	}
)

// program is an ELF file of 64 bits, little-endian. The formats of its parts are those
// of https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html.
type program struct {
	*elf.File
	content []byte
	err     error // the first
}

// Move makes a position-independent program for amd64 or arm64 one that is loaded
// at a fixed address, in place. If it returns an error, the content is of no use
// any more.
func Move(content []byte) error {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err
	}
	known := relative[file.Machine] != 0 && file.Class == elf.ELFCLASS64 && file.Data == elf.ELFDATA2LSB
	if !known || file.Type != elf.ET_DYN {
		return lang.Errorf("not a position-independent program for amd64 or arm64")
	}
	p := &program{File: file, content: content}
	p.applyRelative()
	p.moveCalls()
	p.moveSymbols()
	p.moveDynamic()
	p.moveHeaders()
	return p.err
}

// applyRelative does the relative relocations, and leaves entries of no effect.
func (p *program) applyRelative() {
	changeEach(p.findTable(elf.DT_RELA, elf.DT_RELASZ), func(r *elf.Rela64) {
		if elf.R_TYPE64(r.Info) == relative[p.Machine] {
			binary.LittleEndian.PutUint64(p.findLoaded(r.Off, 8), uint64(r.Addend)+base)
			*r = elf.Rela64{}
		} else {
			p.moveRelocation(r)
		}
	})
}

// moveCalls moves the relocations of calls to libraries, and the addresses by which
// each first call gets to the loader.
func (p *program) moveCalls() {
	changeEach(p.findTable(elf.DT_JMPREL, elf.DT_PLTRELSZ), func(r *elf.Rela64) {
		changeEach(p.findLoaded(r.Off, 8), func(to *uint64) { *to += base })
		p.moveRelocation(r)
	})
}

func (p *program) moveRelocation(r *elf.Rela64) {
	r.Off += base
	if elf.R_TYPE64(r.Info) == indirect[p.Machine] {
		r.Addend += base
	}
}

// moveSymbols moves the symbols that are addresses of the program.
func (p *program) moveSymbols() {
	changeEach(p.findSection(elf.SHT_DYNSYM), func(s *elf.Sym64) {
		inSection := s.Shndx != uint16(elf.SHN_UNDEF) && s.Shndx < uint16(elf.SHN_LORESERVE)
		if inSection && elf.ST_TYPE(s.Info) != elf.STT_TLS {
			s.Value += base
		}
	})
}

// isAddress has the entries of the dynamic table that are addresses.
var isAddress = map[elf.DynTag]bool{
	elf.DT_PLTGOT: true, elf.DT_HASH: true, elf.DT_GNU_HASH: true, elf.DT_STRTAB: true, elf.DT_SYMTAB: true,
	elf.DT_RELA: true, elf.DT_JMPREL: true, elf.DT_VERSYM: true, elf.DT_VERNEED: true, elf.DT_VERDEF: true,
	elf.DT_INIT: true, elf.DT_FINI: true, elf.DT_INIT_ARRAY: true, elf.DT_FINI_ARRAY: true, elf.DT_PREINIT_ARRAY: true,
}

// moveDynamic moves what tells the loader of all else. It leaves the relative
// relocations out, which linkers put first.
func (p *program) moveDynamic() {
	done := p.findValue(elf.DT_RELACOUNT) * uint64(binary.Size(elf.Rela64{}))
	changeEach(p.findSection(elf.SHT_DYNAMIC), func(d *elf.Dyn64) {
		tag := elf.DynTag(d.Tag)
		if isAddress[tag] {
			d.Val += base
		}
		switch tag {
		case elf.DT_RELA:
			d.Val += done
		case elf.DT_RELASZ:
			d.Val -= done
		case elf.DT_RELACOUNT:
			d.Val = 0
		case elf.DT_FLAGS_1:
			d.Val &^= uint64(elf.DF_1_PIE)
		}
	})
}

func (p *program) moveHeaders() {
	var header elf.Header64
	changeEach(p.content[:binary.Size(header)], func(h *elf.Header64) {
		h.Type = uint16(elf.ET_EXEC)
		h.Entry += base
		header = *h
	})
	changeEach(p.slicePart(header.Phoff, uint64(header.Phentsize)*uint64(header.Phnum)), func(s *elf.Prog64) {
		if elf.ProgType(s.Type) != elf.PT_GNU_STACK {
			s.Vaddr += base
			s.Paddr += base
		}
	})
	changeEach(p.slicePart(header.Shoff, uint64(header.Shentsize)*uint64(header.Shnum)), func(s *elf.Section64) {
		if elf.SectionFlag(s.Flags)&elf.SHF_ALLOC != 0 {
			s.Addr += base
		}
	})
}

// changeEach calls f for each entry of a table, and writes what it has made of it.
func changeEach[Entry any](table []byte, f func(*Entry)) {
	var e Entry
	for size := binary.Size(e); len(table) >= size; table = table[size:] {
		_, _ = binary.Decode(table, binary.LittleEndian, &e) // fails for a short one only
		f(&e)
		_, _ = binary.Encode(table, binary.LittleEndian, &e)
	}
}

// findValue returns the value of an entry of the dynamic table, 0 if it has none.
func (p *program) findValue(tag elf.DynTag) uint64 {
	if all, err := p.DynValue(tag); err == nil && len(all) > 0 {
		return all[0]
	}
	return 0
}

// findTable returns a table, given which entries of the dynamic table hold its address
// and its size.
func (p *program) findTable(addr, size elf.DynTag) []byte {
	return p.findLoaded(p.findValue(addr), p.findValue(size))
}

func (p *program) findSection(kind elf.SectionType) []byte {
	if s := p.SectionByType(kind); s != nil {
		return p.slicePart(s.Offset, s.FileSize)
	}
	return nil
}

// findLoaded returns what is loaded from the file to an address.
func (p *program) findLoaded(addr, size uint64) []byte {
	for _, s := range p.Progs {
		if s.Type == elf.PT_LOAD && addr >= s.Vaddr && addr-s.Vaddr+size <= s.Filesz {
			return p.slicePart(s.Off+addr-s.Vaddr, size)
		}
	}
	return p.slicePart(uint64(len(p.content)), size)
}

// slicePart returns a part of the file. If the file has no such part, it returns eight
// zeros and keeps an error.
func (p *program) slicePart(offset, size uint64) []byte {
	if end := offset + size; end >= offset && end <= uint64(len(p.content)) {
		return p.content[offset:end]
	}
	if p.err == nil {
		p.err = lang.Errorf("the program ends before what it refers to")
	}
	return make([]byte, 8)
}
