package suite

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing/fstest"

	"labcheck/harness/lang"
	"labcheck/harness/steps"
)

// ownFeatures are features of a person's own, written with labcheck's sentences.
type ownFeatures struct {
	fs.FS
	dir string
}

// OwnFeatures returns the features in a folder and below it. Their scenarios may lack
// the tags of labcheck's own: one without a kind counts as @workload, and one without an
// id goes by its file and its name.
func OwnFeatures(dir string) fs.FS { return ownFeatures{os.DirFS(dir), dir} }

// idWord is what an id that is made of a name has of it.
var idWord = regexp.MustCompile(`[\pL\pN]+`)

// addMissingTags adds the tags that a scenario lacks: its kind and its id, which is made
// of the file and of the scenario's name, in an outline without the values of a row.
func addMissingTags(s *Scenario, file, name string) {
	isKind := func(t string) bool { return slices.Contains(kindTags(), t) }
	isID := func(t string) bool { return strings.HasPrefix(t, idTag) }
	if !slices.ContainsFunc(s.Tags, isKind) {
		s.Tags = append(s.Tags, TagWorkload)
	}
	if !slices.ContainsFunc(s.Tags, isID) {
		words := idWord.FindAllString(strings.TrimSuffix(file, ".feature")+" "+name, -1)
		s.Tags = append(s.Tags, idTag+strings.ToLower(strings.Join(words, "-")))
	}
}

// checkOwn returns an error if a person's own features have no scenarios, or for the first
// step that is not understood.
func checkOwn(all []Scenario, dir string, l lang.Language) error {
	if len(all) == 0 {
		return lang.Errorf("the .feature files in %s have no scenarios", dir)
	}
	expressions := steps.Expressions(l)
	for _, s := range all {
		for _, st := range s.Steps {
			isUnderstood := func(e *regexp.Regexp) bool { return e.MatchString(st.Text) }
			if !slices.ContainsFunc(expressions, isUnderstood) {
				return lang.Errorf("%s:%d: %q is none of labcheck's sentences", s.File, st.Line, st.Text)
			}
		}
	}
	return nil
}

// byteOrderMark begins a file as some editors for Windows write it. Gherkin refuses it.
var byteOrderMark = []byte("\ufeff")

// openOwn reads the features of a person's own.
func openOwn(own ownFeatures, language lang.Language) (edition, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(own.FS, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || path.Ext(name) != ".feature" {
			return err
		}
		content, err := fs.ReadFile(own.FS, name)
		files[name] = &fstest.MapFile{Data: bytes.TrimPrefix(content, byteOrderMark)}
		return err
	})
	var failed *fs.PathError
	if errors.As(err, &failed) { // of a name in the folder
		err = &fs.PathError{Op: failed.Op, Path: filepath.Join(own.dir, failed.Path), Err: failed.Err}
	}
	if err == nil && len(files) == 0 {
		err = lang.Errorf("%s has no .feature files", own.dir)
	}
	if err != nil {
		return edition{}, err
	}
	return edition{FS: files, language: language, folder: ".", shown: own.dir, own: true}, nil
}
