package sim

import (
	"archive/tar"
	"context"
	"debug/elf"
	"errors"
	"io"
	"os"
	"path"
	"slices"

	"github.com/docker/docker/api/types/container"

	"labcheck/harness/lang"
)

// ErrProgram reports that a program can't run on the lab's hosts. The text says why.
var ErrProgram = lang.Errorf("the program can't run on the lab's hosts")

// elfMachines are the architectures that engines name, as programs have them.
var elfMachines = map[string]elf.Machine{"x86_64": elf.EM_X86_64, "aarch64": elf.EM_AARCH64}

// CheckProgram returns ErrProgram unless a file of this machine is a statically linked
// Linux program for the architecture of the lab's engine.
func CheckProgram(l *Lab, file string) error {
	return checkProgram(file, l.machines[0].info.Architecture)
}

// CopyProgram copies a program of this machine to a path on a host of the lab.
func (l *Lab) CopyProgram(ctx context.Context, file, host, to string) error {
	n, err := l.findNode(ctx, host)
	if err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	out, in := io.Pipe()
	go func() { in.CloseWithError(packProgram(in, f, path.Base(to))) }()
	err = n.engine.CopyToContainer(ctx, n.id, path.Dir(to), out, container.CopyToContainerOptions{})
	_ = out.Close() // ends the writer, if the engine did not take all
	if err != nil {
		return lang.Errorf("copy %s to %s: %w", path.Base(to), host, err)
	}
	return nil
}

// packProgram writes the archive of a program under a name.
func packProgram(w io.Writer, f *os.File, name string) error {
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	err = t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: stat.Size()})
	if err == nil {
		_, err = io.Copy(t, f)
	}
	return errors.Join(err, t.Close())
}

// checkProgram is CheckProgram for an architecture as engines name it.
func checkProgram(file, architecture string) error {
	f, err := elf.Open(file)
	if errors.As(err, new(*elf.FormatError)) {
		return lang.Errorf("%w: it is not a Linux program", ErrProgram)
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	switch {
	case f.Machine != elfMachines[architecture]:
		return lang.Errorf("%w: it is for %s, and the engine of the lab is for %s", ErrProgram, f.Machine, architecture)
	case slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }):
		return lang.Errorf("%w: it is dynamically linked", ErrProgram)
	}
	return nil
}
