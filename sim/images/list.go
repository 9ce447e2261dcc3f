package images

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	dockerimage "github.com/docker/docker/api/types/image"

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

// List is every recipe's image, there or not, and then stale images that are
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

// tagged are the images on the engine whose names are such as ours, by name.
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

// RemoveCache removes what was downloaded, compiled and made.
func (s *Store) RemoveCache(ctx context.Context) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	var errs []error
	for _, name := range []string{"packages", "swarm", "images"} {
		dir, err := s.inCache(name)
		if err == nil {
			err = os.RemoveAll(dir)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
