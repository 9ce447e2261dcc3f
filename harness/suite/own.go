package suite

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	messages "github.com/cucumber/messages/go/v21"

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

// addMissingTags returns the edition with the tags that its scenarios lack.
func (e edition) addMissingTags() (edition, error) {
	return e.rewriteFiles(func(r *rewriter, d *messages.GherkinDocument) {
		unchanged := func(line string) string { return line }
		add := func(s *messages.Scenario, inherited []*messages.Tag) {
			if tags := missingTags(d.Uri, s, inherited); tags != "" {
				line := int(s.Location.Line)
				r.copyBefore(line, unchanged)
				r.addLine(tags, line)
			}
		}
		for _, child := range d.Feature.Children {
			if child.Scenario != nil {
				add(child.Scenario, d.Feature.Tags)
			}
			if child.Rule == nil {
				continue
			}
			for _, of := range child.Rule.Children {
				if of.Scenario != nil {
					add(of.Scenario, slices.Concat(d.Feature.Tags, child.Rule.Tags))
				}
			}
		}
		r.copyRest(unchanged)
	})
}

// missingTags returns the tags that a scenario lacks: its kind and its id.
func missingTags(uri string, s *messages.Scenario, inherited []*messages.Tag) string {
	tags := slices.Concat(inherited, s.Tags)
	for _, e := range s.Examples {
		tags = slices.Concat(tags, e.Tags)
	}
	isKind := func(t *messages.Tag) bool { return slices.Contains(kindTags(), t.Name) }
	isID := func(t *messages.Tag) bool { return strings.HasPrefix(t.Name, idTag) }
	var missing []string
	if !slices.ContainsFunc(tags, isKind) {
		missing = append(missing, TagWorkload)
	}
	if !slices.ContainsFunc(tags, isID) {
		words := idWord.FindAllString(strings.TrimSuffix(uri, ".feature")+" "+s.Name, -1)
		missing = append(missing, idTag+strings.ToLower(strings.Join(words, "-")))
	}
	return strings.Join(missing, " ")
}

// SentenceError is a step that is none of labcheck's sentences.
type SentenceError struct {
	File string
	Line int
	Text string
}

func (e *SentenceError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *SentenceError) In(l lang.Language) string {
	return l.Say("%s:%d: %q is none of labcheck's sentences", e.File, e.Line, e.Text)
}

// checkSentences returns a *SentenceError for the first step that is not understood.
func checkSentences(all []Scenario, l lang.Language) error {
	expressions := steps.Expressions(l)
	for _, s := range all {
		for _, st := range s.Steps {
			isUnderstood := func(e *regexp.Regexp) bool { return e.MatchString(st.Text) }
			if !slices.ContainsFunc(expressions, isUnderstood) {
				return &SentenceError{s.File, st.Line, st.Text}
			}
		}
	}
	return nil
}

// openOwn finds the features of a person's own.
func openOwn(own ownFeatures, language lang.Language) (edition, error) {
	found := false
	err := fs.WalkDir(own.FS, ".", func(name string, _ fs.DirEntry, err error) error {
		found = found || path.Ext(name) == ".feature"
		return err
	})
	var failed *fs.PathError
	if errors.As(err, &failed) { // of a name in the folder
		err = &fs.PathError{Op: failed.Op, Path: filepath.Join(own.dir, failed.Path), Err: failed.Err}
	}
	if err == nil && !found {
		err = lang.Errorf("%s has no .feature files", own.dir)
	}
	if err != nil {
		return edition{}, err
	}
	return edition{FS: own.FS, language: language, folder: ".", shown: own.dir, own: true}.addMissingTags()
}
