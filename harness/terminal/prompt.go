package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
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
