package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"
)

// ReadLines reads a person's lines. Reading can't be ended: the goroutine ends
// with the process.
func ReadLines(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// NextLine waits for a person's next line. At the end of what is typed it returns
// io.EOF, and the error of ctx when that ends.
func NextLine(ctx context.Context, lines <-chan string) (string, error) {
	select {
	case line, more := <-lines:
		if !more {
			return "", io.EOF
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Confirm asks whether to go on.
func (s *Screen) Confirm(ctx context.Context, question string) (bool, error) {
	fmt.Fprintf(s.Err, "%s [y/N] ", question)
	answer, err := NextLine(ctx, ReadLines(s.In))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// PassphrasePrompt returns what asks a person for what must not be seen; nil if
// there is nobody to ask.
func (s *Screen) PassphrasePrompt(ctx context.Context) func(question string) ([]byte, error) {
	if !IsTerminal(s.In) {
		return nil
	}
	return func(question string) ([]byte, error) {
		fmt.Fprint(s.Err, question)
		defer fmt.Fprintln(s.Err)
		return readUnseen(ctx, int(s.In.Fd()))
	}
}

// readUnseen reads a line that the terminal does not echo. When ctx ends the
// terminal echoes again; reading ends with the process.
func readUnseen(ctx context.Context, fd int) ([]byte, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	type answer struct {
		line []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		typed <- answer{line, err}
	}()
	select {
	case a := <-typed:
		return a.line, a.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
