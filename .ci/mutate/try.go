package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// fate is what became of a mutant.
type fate struct {
	by  string // the test that failed, or that it ran out of time
	err error  // why it could not be tried
}

func (f fate) killed() bool { return f.err == nil && f.by != "" }

func (f fate) String() string {
	switch {
	case f.err != nil:
		return "ERROR"
	case f.by == "":
		return "SURVIVED"
	}
	return "killed by " + f.by
}

// timeOut ends a test that a mutant made endless.
const timeOut = "120s"

// args are the arguments of go test for a mutant.
func (m mutant) args() []string {
	if m.test != nil {
		return m.test
	}
	return []string{"-timeout", timeOut, "./" + filepath.Join(packages, m.pkg)}
}

// sound wants the tests that are to notice the mutants to pass without them:
// else they would say nothing.
func sound(ctx context.Context, all []mutant) error {
	var done [][]string
	for _, m := range all {
		args := m.args()
		if slices.ContainsFunc(done, func(d []string) bool { return slices.Equal(d, args) }) {
			continue
		}
		done = append(done, args)
		if out, err := test(ctx, args...); err != nil {
			return fmt.Errorf("without any mutant: go test %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// try builds and tests with the mutant in the place of its file.
func (m mutant) try(ctx context.Context) fate {
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		return fate{err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in the system's folder for such
	overlay, err := m.overlay(dir)
	if err != nil {
		return fate{err: err}
	}
	out, err := test(ctx, append([]string{"-overlay", overlay}, m.args()...)...)
	switch {
	case ctx.Err() != nil:
		return fate{err: ctx.Err()}
	case err == nil:
		return fate{}
	case !errors.As(err, new(*exec.ExitError)):
		return fate{err: err}
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "[setup failed]"):
		return fate{err: fmt.Errorf("it does not compile:\n%s", out)}
	}
	return fate{by: killer(out)}
}

// overlay writes what go's -overlay reads, and the changed file.
func (m mutant) overlay(dir string) (string, error) {
	source, err1 := os.ReadFile(m.path())
	original, err2 := filepath.Abs(m.path())
	changed := filepath.Join(dir, m.file)
	err3 := os.WriteFile(changed, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o600)
	content, err4 := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, errors.Join(err1, err2, err3, err4, os.WriteFile(overlay, content, 0o600))
}

func test(ctx context.Context, args ...string) (string, error) {
	args = append([]string{"test", "-count", "1", "-failfast", "-vet=off"}, args...)
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	return string(out), err
}

var (
	failed   = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`)
	timedOut = regexp.MustCompile(`panic: test timed out`)
	panicked = regexp.MustCompile(`(?m)^panic: .*`)
)

// killer is the test that failed first, or how the tests came to their end.
func killer(out string) string {
	if timedOut.MatchString(out) {
		return "a test that ran out of time"
	}
	if by := failed.FindStringSubmatch(out); by != nil {
		return by[1]
	}
	if how := panicked.FindString(out); how != "" {
		return how
	}
	return "a test run that failed without naming a test"
}
