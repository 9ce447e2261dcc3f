package images

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"

	"labcheck/harness"
)

// Image is one of ours, there or not.
type Image struct {
	Name    Name      `json:"name"`
	Ref     string    `json:"ref"`
	Present bool      `json:"present"`
	Stale   bool      `json:"stale"`   // made from a recipe that this labcheck does not have
	Size    int64     `json:"size"`    // bytes, unpacked, with what it shares with others
	Created time.Time `json:"created"` // zero where it is not there
}

// List is every recipe's image, there or not, and then the base and stale
// images that are there.
func (s *Store) List(ctx context.Context) ([]Image, error) {
	there, err := s.tagged(ctx)
	if err != nil {
		return nil, err
	}
	var list []Image
	for _, n := range append(names(), base) {
		ref, err := s.Ref(ctx, n)
		if err != nil {
			return nil, err
		}
		found, ok := there[ref]
		delete(there, ref)
		if ok {
			list = append(list, found)
		} else if n != base {
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
	found, err := s.engine.ImageList(ctx, image.ListOptions{
		Filters: filters.NewArgs(filters.Arg("reference", s.namespace+"/*")),
	})
	if err != nil {
		return nil, harness.Errorf("list images: %w", "イメージの一覧: %w", err)
	}
	all := map[string]Image{}
	for _, i := range found {
		for _, ref := range i.RepoTags {
			if name, ok := s.parse(ref); ok {
				all[ref] = Image{Name: name, Ref: ref, Present: true, Size: i.Size, Created: time.Unix(i.Created, 0).UTC()}
			}
		}
	}
	return all, nil
}

// parse tells which image a name of the form that Ref gives is.
func (s *Store) parse(ref string) (Name, bool) {
	rest, ours := strings.CutPrefix(ref, s.namespace+"/")
	name, tag, _ := strings.Cut(rest, ":")
	isHash := len(tag) == hashLength && strings.Trim(tag, "0123456789abcdef") == ""
	return Name(name), ours && isHash && slices.Contains(append(names(), base), Name(name))
}

// Remove removes all images of ours, stale ones and the base too, and what
// builds have left, and returns the names that went. What a container uses
// stays; the error then says which container.
func (s *Store) Remove(ctx context.Context) ([]string, error) {
	b, err := s.builder(ctx)
	if err != nil {
		return nil, err
	}
	removed, err := b.removeTagged(ctx)
	_, swept := b.sweep(ctx)
	return removed, errors.Join(err, swept, b.sweepOrphans(ctx), b.close())
}

func (b *builder) removeTagged(ctx context.Context) ([]string, error) {
	there, err := b.List(ctx)
	if err != nil {
		return nil, err
	}
	var removed []string
	var errs []error
	for _, i := range last(there, base) {
		if !i.Present {
			continue
		}
		if err := b.remove(ctx, i.Ref); err != nil {
			errs = append(errs, err)
			continue
		}
		removed = append(removed, i.Ref)
	}
	return removed, errors.Join(errs...)
}

// last puts the images of that name behind the others, which are built on them.
func last(all []Image, n Name) []Image {
	var front, back []Image
	for _, i := range all {
		if i.Name == n {
			back = append(back, i)
		} else {
			front = append(front, i)
		}
	}
	return append(front, back...)
}

func (b *builder) remove(ctx context.Context, ref string) error {
	err := b.removeImage(ctx, ref)
	switch {
	case err == nil || isNotFound(err):
		return nil
	case cerrdefs.IsConflict(err):
		return harness.Errorf("image %s is in use%s and stays", "イメージ %s は使用中%sのため残る", ref, b.users(ctx, ref))
	}
	return harness.Errorf("remove image %s: %w", "イメージ %s の削除: %w", ref, err)
}

// users names the containers that are made from an image.
func (b *builder) users(ctx context.Context, ref string) string {
	found, err := b.engine.ContainerList(ctx, container.ListOptions{
		All: true, Filters: filters.NewArgs(filters.Arg("ancestor", ref)),
	})
	if err != nil || len(found) == 0 {
		return ""
	}
	var users []string
	for _, c := range found {
		users = append(users, strings.TrimPrefix(c.Names[0], "/"))
	}
	return " by " + strings.Join(users, ", ")
}
