package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	dockerimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/docker/docker/pkg/jsonmessage"

	"labcheck/harness/lang"
)

// Image is one of ours, there or not.
type Image struct {
	Name    Name   `json:"name"`
	Ref     string `json:"ref"`
	Present bool   `json:"present"`
	Stale   bool   `json:"stale"` // of a recipe that this labcheck does not have
	Size    int64  `json:"size"`  // bytes of its files; the engine's figure for old images
}

// List returns every recipe's image, there or not, and then stale images that are
// there.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	there, err := s.tagged(ctx)
	if err != nil {
		return nil, err
	}
	var list []Image
	for _, n := range append(names(), SSHD) {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return nil, err
		}
		found, ok := there[ref]
		delete(there, ref)
		if ok {
			list = append(list, found)
		} else if n != SSHD {
			list = append(list, Image{Name: n, Ref: ref})
		}
	}
	var stale []Image
	for _, i := range there {
		i.Stale = true
		stale = append(stale, i)
	}
	slices.SortFunc(stale, func(a, b Image) int { return strings.Compare(a.Ref, b.Ref) })
	return append(list, stale...), nil
}

// Missing returns those of some images that are not on the engine.
func (s *Store) Missing(ctx context.Context, of ...Name) ([]Name, error) {
	arch, err := s.architecture(ctx)
	if err != nil {
		return nil, err
	}
	there, err := s.tagged(ctx)
	return slices.DeleteFunc(slices.Clone(of), func(n Name) bool { return there[s.ref(n, arch)].Present }), err
}

// Ref returns the full name of an image: labcheck/node:HASH. The hash is of all that
// decides what the image is, so that one that is there need not be made.
func (s *Store) Ref(ctx context.Context, n Name) (string, error) {
	arch, err := s.architecture(ctx)
	if err != nil {
		return "", err
	}
	return s.ref(n, arch), nil
}

func (s *Store) ref(n Name, arch string) string {
	return fmt.Sprintf("%s/%s:%s", s.namespace, n, tag(n, arch))
}

// loadImages has the engine load images, and makes sure that it has them
// then: engines of some ages tell of a failure only in what they answer.
func (s *Store) loadImages(ctx context.Context, all []namedImage) error {
	for _, i := range all {
		s.say(i.name, "loading into the engine")
	}
	if err := sendArchive(ctx, s.engine, all); err != nil {
		return lang.Errorf("load images: %w", err)
	}
	there, err := s.tagged(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if ref := i.Refs[0]; !there[ref].Present {
			return lang.Errorf("load images: the engine took %s and does not have it", ref)
		}
		s.tell(i.name, s.opts.Lang.Say("ready"), true)
	}
	return nil
}

func sendArchive(ctx context.Context, to client.ImageAPIClient, all []namedImage) error {
	out, in := io.Pipe()
	go func() { in.CloseWithError(writeArchive(in, all)) }()
	answer, err := to.ImageLoad(ctx, out)
	_ = out.Close() // ends the writer, if the engine did not take all
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return jsonmessage.DisplayJSONMessagesStream(answer.Body, io.Discard, 0, false, nil)
}

// tagged returns the images on the engine whose names are such as ours, by name.
func (s *Store) tagged(ctx context.Context) (map[string]Image, error) {
	found, err := s.engine.ImageList(ctx, dockerimage.ListOptions{
		Filters: filters.NewArgs(filters.Arg("reference", s.namespace+"/*")),
	})
	if err != nil {
		return nil, lang.Errorf("list images: %w", err)
	}
	all := map[string]Image{}
	for _, i := range found {
		size, err := strconv.ParseInt(i.Labels[labelSize], 10, 64)
		if err != nil {
			size = i.Size
		}
		for _, ref := range i.RepoTags {
			if name, ok := s.parse(ref); ok {
				all[ref] = Image{Name: name, Ref: ref, Present: true, Size: size}
			}
		}
	}
	return all, nil
}

// parse tells which image a name of the form that Ref gives is. Earlier
// labchecks had an image named base, too.
func (s *Store) parse(ref string) (Name, bool) {
	rest, ours := strings.CutPrefix(ref, s.namespace+"/")
	name, tag, _ := strings.Cut(rest, ":")
	isHash := len(tag) == tagLength && strings.Trim(tag, "0123456789abcdef") == ""
	return Name(name), ours && isHash && slices.Contains(append(names(), SSHD, "base"), Name(name))
}

// Remove removes all images of ours, stale ones too, and returns the names that
// went. What a container uses stays; the error then says which container.
func (s *Store) Remove(ctx context.Context) ([]string, error) {
	there, err := s.tagged(ctx)
	if err != nil {
		return nil, err
	}
	var removed []string
	var errs []error
	for _, ref := range slices.Sorted(maps.Keys(there)) {
		if err := s.remove(ctx, ref); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, ref)
	}
	return removed, errors.Join(errs...)
}

func (s *Store) remove(ctx context.Context, ref string) error {
	_, err := s.engine.ImageRemove(ctx, ref, dockerimage.RemoveOptions{PruneChildren: true})
	switch {
	case err == nil || cerrdefs.IsNotFound(err):
		return nil
	case cerrdefs.IsConflict(err):
		if users := s.users(ctx, ref); users != "" {
			return lang.Errorf("image %s is in use by %s and stays", ref, users)
		}
		return lang.Errorf("image %s is in use and stays", ref)
	}
	return lang.Errorf("remove image %s: %w", ref, err)
}

// users names the containers that are made from an image.
func (s *Store) users(ctx context.Context, ref string) string {
	found, err := s.engine.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("ancestor", ref)),
	})
	if err != nil || len(found) == 0 {
		return ""
	}
	var users []string
	for _, c := range found {
		users = append(users, strings.TrimPrefix(c.Names[0], "/"))
	}
	return strings.Join(users, ", ")
}
