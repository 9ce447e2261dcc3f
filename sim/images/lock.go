package images

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"labcheck/harness"
)

// builder is the one labcheck of this user that makes images at the moment.
// What an earlier one, killed, has left carries the same id.
type builder struct {
	*Store
	id    string
	temp  string // for temporary files; gone when the builder is closed
	began time.Time
	lock  *os.File
}

// errLocked is that another labcheck makes images.
var errLocked = harness.Errorf("another labcheck makes images", "別の labcheck がイメージを作成している")

// builder waits until no other labcheck of this user makes images.
func (s *Store) builder(ctx context.Context) (*builder, error) {
	began := time.Now()
	b, err := s.tryBuilder()
	if errors.Is(err, errLocked) {
		s.opts.Progress(Event{Image: base, What: s.opts.Lang.Say("waiting: %s", "待機中: %s", s.opts.Lang.Error(err))})
		err = harness.Until(ctx, 200*time.Millisecond, func(context.Context) (err error) {
			b, err = s.tryBuilder()
			return err
		})
	}
	if err != nil {
		return nil, harness.Errorf("begin to make images: %w", "イメージ作成の開始: %w", err)
	}
	b.began = began
	return b, nil
}

// tryBuilder fails with errLocked where another labcheck makes images. The
// system takes the lock from a process that ends, however it ends.
func (s *Store) tryBuilder() (*builder, error) {
	dir, err := s.workDir()
	if err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "build.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	b := &builder{Store: s, temp: filepath.Join(dir, "build"), began: time.Now(), lock: lock}
	if err := b.settle(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return b, nil
}

// settle takes the lock, finds the id, and makes room.
func (b *builder) settle() (err error) {
	if err := tryLock(b.lock); err != nil {
		return err
	}
	if b.id, err = readID(b.lock); err != nil {
		return err
	}
	// What belongs to another user the tool removes, that made it.
	_ = b.removeToolDirs()
	if err := os.RemoveAll(b.temp); err != nil {
		return err
	}
	return os.MkdirAll(b.temp, 0o700)
}

// toolDir makes a place for the temporary files of a tool which does not remove
// them all when it is ended. It is not in temp: a tool that becomes another user
// must be able to pass.
func (b *builder) toolDir() (string, error) {
	dir, err := os.MkdirTemp("", b.toolPrefix()+"*")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

func (b *builder) toolPrefix() string { return "labcheck-" + b.id + "-" }

func (b *builder) removeToolDirs() error {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), b.toolPrefix()+"*"))
	for _, dir := range dirs {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	return err
}

// readID is what the lock's file says; it is written when the file is new.
func readID(lock *os.File) (string, error) {
	content, err := io.ReadAll(lock)
	if err != nil || len(content) > 0 {
		return string(content), err
	}
	id := rand.Text()
	_, err = lock.WriteString(id)
	return id, err
}

// close lets the next one build.
func (b *builder) close() error {
	return errors.Join(b.removeToolDirs(), os.RemoveAll(b.temp), b.lock.Close())
}

func (b *builder) tell(n Name, what string) {
	b.opts.Progress(Event{Image: n, What: what, Elapsed: time.Since(b.began)})
}

// say tells what is being done with an image, in the language.
func (b *builder) say(n Name, en, ja string, args ...any) {
	b.tell(n, b.opts.Lang.Say(en, ja, args...))
}

func (b *builder) done(n Name, en, ja string, args ...any) {
	b.opts.Progress(Event{Image: n, What: b.opts.Lang.Say(en, ja, args...), Elapsed: time.Since(b.began), Done: true})
}
