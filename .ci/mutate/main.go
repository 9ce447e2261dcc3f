// Mutate breaks checks of labcheck, one at a time, and wants a test to fail each
// time. What it breaks is listed in the text files beside it, one for each
// package of harness: see read. The source tree is never changed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// lists are where the mutants are, and packages where what they change is.
const (
	lists    = ".ci/mutate"
	packages = "harness"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, args []string) error {
	flags := flag.NewFlagSet("mutate", flag.ExitOnError)
	only := flags.String("run", "", "only the mutants whose `PACKAGE FILE: NAME` matches this regular expression")
	check := flags.Bool("check", false, "only read the lists: is what each mutant changes there, once?")
	atLeast := flags.Int("at-least", 90, "the score, in percent, that each package must reach")
	jobs := flags.Int("jobs", 2, "how many mutants are tried at a time")
	_ = flags.Parse(args) // it exits
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(lists, "*.txt"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no lists in %s: %v", lists, err)
	}
	var errs []error
	for _, file := range files {
		all, err := readFile(file)
		if err != nil {
			return err
		}
		all = matching(all, pattern)
		if *check || len(all) == 0 {
			continue
		}
		score, err := try(ctx, out, all, *jobs)
		if err == nil && score < *atLeast {
			err = fmt.Errorf("%s is below %d %%", all[0].pkg, *atLeast)
		}
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func matching(all []mutant, pattern *regexp.Regexp) []mutant {
	var some []mutant
	for _, m := range all {
		if pattern.MatchString(m.String()) {
			some = append(some, m)
		}
	}
	return some
}

// try tries the mutants of one package and prints what became of each. The
// score is in percent, rounded down.
func try(ctx context.Context, out io.Writer, all []mutant, jobs int) (score int, err error) {
	start := time.Now()
	if err := sound(ctx, all); err != nil {
		return 0, err
	}
	fates := make([]fate, len(all))
	var group sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, jobs)
	for i, m := range all {
		group.Go(func() {
			slots <- struct{}{}
			fates[i] = m.try(ctx)
			<-slots
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(out, "%s: %s\n", m, fates[i])
		})
	}
	group.Wait()
	killed := 0
	var wrong []string
	for i, f := range fates {
		if f.err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", all[i], f.err))
		}
		if f.killed() {
			killed++
		}
	}
	if len(wrong) > 0 {
		return 0, fmt.Errorf("these could not be tried:\n%s", strings.Join(wrong, "\n"))
	}
	score = 100 * killed / len(all)
	fmt.Fprintf(out, "%s: %d of %d mutants killed, %d %%, in %s\n", all[0].pkg, killed, len(all), score, time.Since(start).Round(time.Second))
	return score, nil
}
