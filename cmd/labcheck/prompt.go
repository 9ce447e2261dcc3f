package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"labcheck/harness/lang"
)

// readLines reads a person's lines. Reading can't be ended: the goroutine ends
// with the process.
func readLines(in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// nextLine waits for a person's next line. At the end of what is typed it returns
// io.EOF, and the error of ctx when that ends.
func nextLine(ctx context.Context, lines <-chan string) (string, error) {
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

// confirm asks whether to change a cluster that is no lab, unless yes says so
// already. It is an error if there is nobody to ask; the hint is the command that
// does not ask.
func confirm(ctx context.Context, s *screen, yes bool, question, hint string) (bool, error) {
	if yes {
		return true, nil
	}
	if !isTerminal(s.in) {
		err := lang.Errorf("this changes a cluster that is no lab, and there is no terminal to ask on")
		return false, &usageError{err, hint}
	}
	fmt.Fprintf(s.err, "%s [y/N] ", question)
	answer, err := nextLine(ctx, readLines(s.in))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes", nil
}

// passphrasePrompt returns what asks a person for what must not be seen; nil if
// there is nobody to ask.
func passphrasePrompt(ctx context.Context, s *screen) func(question string) ([]byte, error) {
	if !isTerminal(s.in) {
		return nil
	}
	return func(question string) ([]byte, error) {
		fmt.Fprint(s.err, question)
		defer fmt.Fprintln(s.err)
		return readUnseen(ctx, int(s.in.Fd()))
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
