package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"labcheck/harness"
	"labcheck/harness/lang"
	"labcheck/sim"
	"labcheck/sim/images"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: a.lang.Say("Say whether this machine can hold a lab, and what to do where it can't"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

func (a *app) doctor(ctx context.Context) error {
	ctx, cancel := harness.WithTotal(ctx, a.timeout, errTimeout{a.timeout})
	defer cancel()
	checks := sim.Doctor(ctx, sim.Options{
		Lab: a.lab, Context: a.context, Subnet: a.subnet.Prefix, Dial: a.dial, Lang: a.lang,
		Watchdog: watchdogArgv(),
		Images:   images.Options{Registry: a.registry, DebianMirror: a.mirror},
	})
	if err := context.Cause(ctx); err != nil {
		return err
	}
	sick := slices.ContainsFunc(checks, func(c sim.Check) bool { return !c.OK })
	if a.json {
		a.printJSON(map[string]any{"ok": !sick, "checks": checks})
	} else {
		a.printChecks(checks)
	}
	if sick {
		return &exitError{exitUnreachable}
	}
	return nil
}

func (a *app) printChecks(checks []sim.Check) {
	for _, c := range checks {
		mark := "✓"
		if !c.OK {
			mark = "✗"
		}
		fmt.Fprintf(a.out, "%s %s %s\n", mark, text.Pad(c.Name, 16, ' '), c.Found)
		if c.Fix != "" && !c.OK {
			fmt.Fprintln(a.out, a.lang.Say("    try: %s", c.Fix))
		}
	}
}

func (a *app) imagesCommand() *cobra.Command {
	var only string
	var cache bool
	c := &cobra.Command{Use: "images", Short: a.lang.Say("Make, list, carry and remove the images that hosts are made from")}
	sub := func(use, short string, args cobra.PositionalArgs, do func(context.Context, *session, []string) error) *cobra.Command {
		one := &cobra.Command{Use: use, Short: short, Args: usage(args), RunE: func(cmd *cobra.Command, given []string) error {
			return a.inLab(cmd.Context(), func(ctx context.Context, s *session) error { return do(ctx, s, given) })
		}}
		c.AddCommand(one)
		return one
	}
	sub("build", a.lang.Say("Make the images that are not there"), cobra.NoArgs, func(ctx context.Context, s *session, _ []string) error {
		if err := s.ensureImages(ctx); err != nil {
			return err
		}
		return s.listImages(ctx)
	})
	sub("ls", a.lang.Say("List the images, and old ones that can go"), cobra.NoArgs, func(ctx context.Context, s *session, _ []string) error {
		return s.listImages(ctx)
	})
	save := sub("save FILE", a.lang.Say("Write all images into a file, - for stdout"), cobra.ExactArgs(1), func(ctx context.Context, s *session, args []string) error {
		return s.saveImages(ctx, images.Name(only), args[0])
	})
	save.Flags().StringVar(&only, "only", "", a.lang.Say("one `image`, as docker load reads it, under the name that it has on a host"))
	sub("load FILE", a.lang.Say("Read images from a file that save wrote, - for stdin"), cobra.ExactArgs(1), func(ctx context.Context, s *session, args []string) error {
		return s.loadImages(ctx, args[0])
	})
	sub("push", a.lang.Say("Write all images to the registry that --registry names"), cobra.NoArgs, func(ctx context.Context, s *session, _ []string) error {
		return s.pushImages(ctx)
	})
	rm := sub("rm", a.lang.Say("Remove all images of labcheck"), cobra.NoArgs, func(ctx context.Context, s *session, _ []string) error {
		return s.removeImages(ctx, cache)
	})
	rm.Flags().BoolVar(&cache, "cache", false, a.lang.Say("also what was downloaded, compiled and made for them"))
	return c
}

func (s *session) listImages(ctx context.Context) error {
	list, err := s.lab.Images().List(ctx)
	if err != nil {
		return err
	}
	s.progress.close()
	if s.json {
		s.printJSON(list)
		return nil
	}
	t := table.NewWriter()
	t.SetStyle(plainTable())
	t.AppendHeader(table.Row{
		s.lang.Say("IMAGE"), s.lang.Say("REFERENCE"), s.lang.Say("STATE"),
		s.lang.Say("SIZE"),
	})
	for _, i := range list {
		t.AppendRow(s.imageRow(i))
	}
	printTable(s.out, t)
	return nil
}

func (s *session) imageRow(i images.Image) table.Row {
	state := s.lang.Say("present")
	switch {
	case !i.Present:
		return table.Row{i.Name, i.Ref, s.lang.Say("missing"), ""}
	case i.Stale:
		state = s.lang.Say("old")
	}
	return table.Row{i.Name, i.Ref, state, units.HumanSize(float64(i.Size))}
}

// plainTable has columns and nothing else, like the docker CLI's.
func plainTable() table.Style {
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "   "
	return s
}

// printTable writes a table without the spaces that fill its last column.
func printTable(w io.Writer, t table.Writer) {
	for line := range strings.Lines(t.Render()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
}

// saveImages writes to a file that takes its name only when it is whole.
func (s *session) saveImages(ctx context.Context, only images.Name, file string) error {
	save := s.lab.Images().Save
	var more []images.Name
	if only != "" {
		if images.InNode(only) == nil && only != images.SSHD {
			return &usageError{lang.Errorf("--only %s: consul, swarm, workload and sshd are possible", only), "labcheck images save --help"}
		}
		save = func(ctx context.Context, w io.Writer) error { return s.lab.Images().Archive(ctx, only, w) }
		if only == images.SSHD {
			more = append(more, only)
		}
	}
	if err := s.ensureImages(ctx, more...); err != nil {
		return err
	}
	if file == "-" {
		return save(ctx, s.out)
	}
	part, err := os.Create(file + ".part")
	if err != nil {
		return &usageError{err, s.lang.Say("another file")}
	}
	err = s.progress.during(s.lang.Say("Save images"), func() error { return save(ctx, part) })
	if closed := part.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(part.Name(), file)
	}
	if err == nil {
		s.tellFile(file)
		return nil
	}
	_ = os.Remove(part.Name())
	return s.unwritten(err)
}

// tellFile is the document of a command that reads or writes a file of images.
func (s *session) tellFile(file string) {
	if s.json {
		s.printJSON(map[string]string{"file": file})
	}
}

// unwritten is an error of use where it is a file of this machine that can't
// be written.
func (a *app) unwritten(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) || errors.As(err, new(*os.LinkError)) {
		return &usageError{err, a.lang.Say("make room there, or another file")}
	}
	return err
}

func (s *session) loadImages(ctx context.Context, file string) error {
	in := s.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return &usageError{err, "labcheck images save FILE"}
		}
		defer f.Close()
		in = f
	}
	err := s.progress.during(s.lang.Say("Load images"), func() error { return s.lab.Images().Load(ctx, in) })
	if errors.Is(err, images.ErrArchive) {
		return &usageError{err, s.lang.Say("labcheck images save FILE, by this version of labcheck")}
	}
	if err == nil {
		s.tellFile(file)
	}
	return err
}

func (s *session) pushImages(ctx context.Context) error {
	if s.registry == "" {
		return &usageError{
			lang.Errorf("images push needs a registry"),
			"labcheck images push --registry HOST[:PORT][/PATH]",
		}
	}
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	err := s.progress.during(s.lang.Say("Push images to %s", s.registry), func() error { return s.lab.Images().Push(ctx) })
	if err == nil && s.json {
		s.printJSON(map[string]string{"registry": s.registry})
	}
	return err
}

func (s *session) removeImages(ctx context.Context, cache bool) error {
	removed, err := s.lab.Images().Remove(ctx)
	if cache {
		err = errors.Join(err, s.lab.Images().RemoveCache(ctx))
	}
	s.progress.close()
	if s.json {
		answer := map[string]any{"removed": removed}
		if err != nil {
			answer["error"] = s.message(err)
		}
		s.printJSON(answer)
		return err
	}
	for _, ref := range removed {
		fmt.Fprintln(s.out, s.lang.Say("removed %s", ref))
	}
	return err
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: a.lang.Say("Print the version"),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				a.printJSON(map[string]string{"version": version(), "go": runtime.Version()})
				return nil
			}
			fmt.Fprintf(a.out, "labcheck %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// release is set when a release is built: -ldflags "-X main.release=v1.2.3".
var release string

func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// watchdogName is the hidden command that a lab's watchdog runs.
const watchdogName = "watchdog"

func watchdogArgv() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, watchdogName}
}

func watchdogCommand() *cobra.Command {
	return &cobra.Command{
		Use: watchdogName + " ENGINE LAB RUN", Hidden: true, Args: cobra.ExactArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			// A signal is meant for the command that is watched over.
			return sim.Watch(context.WithoutCancel(cmd.Context()), cmd.InOrStdin(), args)
		},
	}
}
