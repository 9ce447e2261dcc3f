package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"labcheck/harness/lang"
	"labcheck/harness/report"
	"labcheck/harness/terminal"
	"labcheck/sim"
	"labcheck/sim/images"
)

// carriedImages are those that --only takes.
var carriedImages = []string{string(images.Consul), string(images.Swarm), string(images.Workload), string(images.SSHD)}

func newImagesCommand(a *app) *cobra.Command {
	var only string
	var cache bool
	c := &cobra.Command{
		Use: "images", Short: a.lang.Say("Make, list, carry and remove the images that hosts are made from"),
		Example: "  labcheck images build\n  labcheck images save images.tar",
	}
	add := func(use, short string, args cobra.PositionalArgs, do action) *cobra.Command {
		sub := &cobra.Command{Use: use, Short: short, Args: args, RunE: a.onLab(do)}
		c.AddCommand(sub)
		return sub
	}
	add("build", a.lang.Say("Make the images that are not there"), nil, buildImages)
	add("ls", a.lang.Say("List the images, and old ones that can go"), nil, listImages)
	save := add("save FILE", a.lang.Say("Write all images into a file, - for stdout"), cobra.ExactArgs(1),
		func(ctx context.Context, s *session, args []string) error {
			return saveImages(ctx, s, images.Name(only), args[0])
		})
	save.Flags().StringVar(&only, "only", "", a.lang.Say(
		"one `image`, as docker load reads it, under the name that it has on a host"))
	_ = save.RegisterFlagCompletionFunc("only", completeFrom(carriedImages...))
	add("load FILE", a.lang.Say("Read images from a file that save wrote, - for stdin"), cobra.ExactArgs(1), loadImages)
	add("push", a.lang.Say("Write all images to the registry that --registry names"), nil, pushImages)
	rm := add("rm", a.lang.Say("Remove all images of labcheck"), nil,
		func(ctx context.Context, s *session, _ []string) error { return removeImages(ctx, s, cache) })
	rm.Flags().BoolVar(&cache, "cache", false, a.lang.Say("also what was downloaded, compiled and made for them"))
	return c
}

func buildImages(ctx context.Context, s *session, _ []string) error {
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	return listImages(ctx, s, nil)
}

func listImages(ctx context.Context, s *session, _ []string) error {
	list, err := s.lab.Images().List(ctx)
	if err != nil {
		return err
	}
	if s.printJSON(imagesDocument{Images: list}) {
		return nil
	}
	rows := [][]any{{s.lang.Say("IMAGE"), s.lang.Say("REFERENCE"), s.lang.Say("STATE"), s.lang.Say("SIZE")}}
	for _, i := range list {
		state, size := s.lang.Say("present"), units.HumanSize(float64(i.Size))
		switch {
		case !i.Present:
			state, size = s.lang.Say("missing"), ""
		case i.Stale:
			state = s.lang.Say("old")
		}
		rows = append(rows, []any{i.Name, i.Ref, state, size})
	}
	report.Table(s.out, rows)
	return nil
}

// saveImages writes to a file that takes its name only when it is whole.
func saveImages(ctx context.Context, s *session, only images.Name, file string) error {
	save := s.lab.Images().Save
	var more []images.Name
	if only != "" {
		if !slices.Contains(carriedImages, string(only)) {
			err := lang.Errorf("--only %s: want one of %s", only, strings.Join(carriedImages, ", "))
			return usageError(err, "labcheck images save --help")
		}
		save = func(ctx context.Context, w io.Writer) error { return s.lab.Images().Archive(ctx, only, w) }
		if only == images.SSHD {
			more = append(more, only)
		}
	}
	if file == "-" && s.json {
		return usageError(
			lang.Errorf("images save - has stdout for the images: --json needs a file"),
			"labcheck images save FILE --json",
		)
	}
	if file == "-" && terminal.IsTerminal(s.out) {
		err := lang.Errorf("an archive is not for a terminal: name a file, or pipe it into a program")
		return usageError(err, "labcheck images save --help")
	}
	if err := s.ensureImages(ctx, more...); err != nil {
		return err
	}
	if file == "-" {
		return save(ctx, s.screen.Out.Raw())
	}
	err := s.progress.TrackPart(s.lang.Say("Save images"), func() error {
		return report.WriteFile(file, func(w io.Writer) error { return save(ctx, w) })
	})
	if err == nil {
		s.printJSON(imagesDocument{File: file})
	}
	return writeError(err, s.lang)
}

// imagesDocument is what --json prints: each command has what it is about.
type imagesDocument struct {
	Images   []images.Image `json:"images,omitempty"`
	File     string         `json:"file,omitempty"`
	Registry string         `json:"registry,omitempty"`
	Removed  []string       `json:"removed,omitempty"`
	*failure
}

// writeError makes err an error of use if it is a file of this machine that can't be
// written.
func writeError(err error, l lang.Language) error {
	if errors.As(err, new(*fs.PathError)) || errors.As(err, new(*os.LinkError)) {
		return usageError(err, l.Say("make room there, or choose another file"))
	}
	return err
}

func loadImages(ctx context.Context, s *session, args []string) error {
	in, file := s.in, args[0]
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return usageError(err, "labcheck images save FILE")
		}
		defer f.Close()
		in = f
	}
	err := s.progress.TrackPart(s.lang.Say("Load images"), func() error { return s.lab.Images().Load(ctx, in) })
	if errors.Is(err, images.ErrArchive) {
		return usageError(err, s.lang.Say("labcheck images save FILE, by this version of labcheck"))
	}
	if err == nil {
		s.printJSON(imagesDocument{File: file})
	}
	return err
}

func pushImages(ctx context.Context, s *session, _ []string) error {
	registry := s.options.Images.Registry
	if registry == "" {
		return usageError(lang.Errorf("images push needs a registry"), "labcheck images push --registry HOST[:PORT][/PATH]")
	}
	if err := s.ensureImages(ctx); err != nil {
		return err
	}
	what := s.lang.Say("Push images to %s", registry)
	err := s.progress.TrackPart(what, func() error { return s.lab.Images().Push(ctx) })
	if err == nil {
		s.printJSON(imagesDocument{Registry: registry})
	}
	return err
}

func removeImages(ctx context.Context, s *session, cache bool) error {
	var removed []string
	var err error
	for _, store := range sim.AllImages(s.lab) {
		refs, failed := store.Remove(ctx)
		removed, err = append(removed, refs...), errors.Join(err, failed)
	}
	if cache {
		err = errors.Join(err, s.lab.Images().RemoveCache(ctx))
	}
	if s.printJSON(imagesDocument{Removed: removed, failure: s.failureOf(err)}) {
		return err
	}
	for _, ref := range removed {
		fmt.Fprintln(s.out, s.lang.Say("removed %s", ref))
	}
	return err
}
