package images

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"

	"labcheck/harness"
)

// ErrPack is that a file is not one that Save wrote, or not for this labcheck
// and this engine. The text says which.
var ErrPack = harness.Errorf("these images can't be loaded", "このイメージは読み込めない")

// Load gives the engine the images of a stream that Save wrote. What is no such
// stream, is damaged, or was written for other recipes is refused, and nothing
// of it is left.
func (s *Store) Load(ctx context.Context, r io.Reader) error {
	z, err := zstd.NewReader(r)
	if err != nil {
		return err
	}
	defer z.Close()
	in := tar.NewReader(z)
	index, err := readIndex(in)
	if err != nil {
		return err
	}
	if err := s.fits(ctx, index); err != nil {
		return err
	}
	missing, err := s.Missing(ctx)
	if err != nil {
		return err
	}
	err = s.load(ctx, index, in, z)
	if err == nil {
		return nil
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	return errors.Join(err, s.forget(clean, missing))
}

// readIndex reads what a pack begins with.
func readIndex(in *tar.Reader) (packIndex, error) {
	var index packIndex
	h, err := in.Next()
	if err != nil || h.Name != packFile || h.Size > maxManifest {
		return index, harness.Errorf("%w: not a file of labcheck images save", "%w: labcheck images save のファイルではない", ErrPack)
	}
	if err := json.NewDecoder(in).Decode(&index); err != nil {
		return index, harness.Errorf("%w: its list of contents: %w", "%w: 目録: %w", ErrPack, err)
	}
	if index.Format != packFormat {
		return index, harness.Errorf("%w: they have format %d, and this labcheck reads %d", "%w: 形式は %d で、この labcheck が読むのは %d", ErrPack, index.Format, packFormat)
	}
	for _, f := range index.files() {
		if sum, err := hex.DecodeString(f.Digest); err != nil || len(sum) != sha256.Size || f.Size < 0 {
			return index, harness.Errorf("%w: its list of contents has a file %q of %d bytes", "%w: 目録にファイル %q(%d バイト)がある", ErrPack, f.Digest, f.Size)
		}
	}
	return index, nil
}

// fits says whether a pack has what this labcheck needs on this engine.
func (s *Store) fits(ctx context.Context, index packIndex) error {
	arch, err := s.architecture(ctx)
	if err != nil {
		return err
	}
	if index.Arch != arch {
		return harness.Errorf("%w: they are for %s, and the engine is %s", "%w: %s 用で、Engine は %s である", ErrPack, index.Arch, arch)
	}
	refs := map[Name]string{}
	for _, i := range index.Images {
		refs[i.Name] = i.Ref
	}
	for _, n := range names() {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return err
		}
		if refs[n] != ref {
			return harness.Errorf("%w: another version of labcheck saved them: it has %q, and this one needs %s",
				"%w: 別のバージョンの labcheck が保存したもの: 含まれるのは %q で、必要なのは %s", ErrPack, refs[n], ref)
		}
	}
	if len(index.Images) != len(names()) {
		return harness.Errorf("%w: there are %d, not %d", "%w: 数は %d で、%d ではない", ErrPack, len(index.Images), len(names()))
	}
	return nil
}

// load passes the pack on, checked. The engine begins to make images when it
// has the whole; one that turns out to be damaged is cut off before that.
func (s *Store) load(ctx context.Context, index packIndex, in *tar.Reader, rest io.Reader) error {
	pr, pw := io.Pipe()
	checked := make(chan error, 1)
	go func() {
		err := passOn(pw, index, in, rest)
		pw.CloseWithError(err) //nolint:errcheck // it never fails
		checked <- err
	}()
	err := s.send(ctx, pr)
	_ = pr.Close() // so that passOn ends
	if damaged := <-checked; damaged != nil && !errors.Is(damaged, io.ErrClosedPipe) {
		return damaged
	}
	if err != nil {
		return harness.Errorf("load images: %w", "イメージの読み込み: %w", err)
	}
	return s.verify(ctx, index)
}

func (s *Store) send(ctx context.Context, r io.Reader) error {
	answer, err := s.engine.ImageLoad(ctx, r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return readMessages(answer.Body, func(message) {})
}

// passOn copies a pack and compares each file with what the index says of it.
func passOn(w io.Writer, index packIndex, in *tar.Reader, rest io.Reader) error {
	out := tar.NewWriter(w)
	want, err := index.manifest()
	if err != nil {
		return err
	}
	var got bytes.Buffer
	if err := nextEntry(&got, in, manifestFile, digest(want)); err != nil {
		return err
	}
	if err := writeEntry(out, manifestFile, want); err != nil {
		return err
	}
	for _, f := range index.files() {
		if err := out.WriteHeader(packHeader(f.Digest, f.Size)); err != nil {
			return err
		}
		if err := nextEntry(out, in, f.Digest, f); err != nil {
			return err
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) {
		return harness.Errorf("%w: there is more than its list of contents says", "%w: 目録にないものがある", ErrPack)
	}
	// The stream's own checksum comes last.
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return harness.Errorf("%w: damaged: %w", "%w: 壊れている: %w", ErrPack, err)
	}
	return out.Close()
}

// nextEntry copies the next file of a pack, which has to be that one.
func nextEntry(w io.Writer, in *tar.Reader, name string, want packed) error {
	h, err := in.Next()
	if err != nil {
		return harness.Errorf("%w: damaged, or not whole: %w", "%w: 壊れているか、途中で切れている: %w", ErrPack, err)
	}
	if h.Name != name || h.Size != want.Size {
		return harness.Errorf("%w: damaged: %s is not where it should be", "%w: 壊れている: %s があるべき場所にない", ErrPack, name)
	}
	sum := sha256.New()
	read := &sourceError{r: in}
	if _, err := io.Copy(io.MultiWriter(w, sum), read); err != nil {
		if read.err != nil {
			return harness.Errorf("%w: damaged, or not whole: %w", "%w: 壊れているか、途中で切れている: %w", ErrPack, read.err)
		}
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != want.Digest {
		return harness.Errorf("%w: damaged: %s has another checksum", "%w: 壊れている: %s のチェックサムが異なる", ErrPack, name)
	}
	return nil
}

// sourceError tells a reader's error from a writer's.
type sourceError struct {
	r   io.Reader
	err error
}

func (s *sourceError) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// verify looks whether the engine has what it was given.
func (s *Store) verify(ctx context.Context, index packIndex) error {
	for _, i := range index.Images {
		if there, err := s.has(ctx, i.Ref); err != nil {
			return err
		} else if !there {
			return harness.Errorf("load images: the engine took %s and does not have it", "イメージの読み込み: Engine は %s を受け取ったが、持っていない", i.Ref)
		}
	}
	return nil
}

// forget removes the images that a failed Load may have brought.
func (s *Store) forget(ctx context.Context, brought []Name) error {
	var errs []error
	for _, n := range brought {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return err
		}
		if err = s.removeImage(ctx, ref); err != nil && !isNotFound(err) {
			errs = append(errs, harness.Errorf("remove image %s: %w", "イメージ %s の削除: %w", ref, err))
		}
	}
	return errors.Join(errs...)
}
