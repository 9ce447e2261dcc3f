package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"labcheck/harness"
)

// hashLength is how many hexadecimal digits of the hash are in a tag.
const hashLength = 12

// recipeHash is the hash of all that decides what an image is: the files of
// its recipe, what else it is made by, and for which machine.
func recipeHash(recipes fs.FS, n Name, arch string) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%s\n", n, suite, arch)
	switch n {
	case base:
		fmt.Fprintln(h, baseOptions())
		return shortHash(h.Sum(nil)), nil
	case Swarm:
		fmt.Fprintln(h, swarmVersion, swarmSum, swarmFlags())
	}
	files, err := recipeFiles(recipes, n)
	if err != nil {
		return "", harness.Errorf("read the recipe of %s: %w", "%s のレシピの読み取り: %w", n, err)
	}
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n%s", f.name, len(f.content), f.content)
	}
	return shortHash(h.Sum(nil)), nil
}

func shortHash(sum []byte) string { return hex.EncodeToString(sum)[:hashLength] }

// The labels of everything that a build makes.
const (
	labelImage  = "labcheck.image"  // the image's name
	labelRecipe = "labcheck.recipe" // the hash of its recipe
	// labelBuilder marks what a build makes on the way, and its containers, with
	// who built it. On the finished image it is empty: the containers of a lab
	// have their image's labels, and must not be taken for a build's.
	labelBuilder = "labcheck.builder"
	// labelMaker stays on the finished image, and says whose one is that was not
	// named yet when its labcheck was killed.
	labelMaker = "labcheck.maker"
)

var fromLine = regexp.MustCompile(`(?i)^\s*FROM\s`)

// stamp gives each stage of a Dockerfile its labels from its first step on, so
// that whatever is left of a build that was cut off can be found.
func stamp(dockerfile []byte, n Name, hash, builder string) []byte {
	var out bytes.Buffer
	continued := false
	for line := range strings.Lines(string(dockerfile)) {
		line = strings.TrimRight(line, "\n")
		fmt.Fprintln(&out, line)
		if !continued && fromLine.MatchString(line) {
			fmt.Fprintf(&out, "LABEL %s=%q %s=%q %s=%q %s=%q\n", labelImage, n, labelRecipe, hash, labelMaker, builder, labelBuilder, builder)
		}
		continued = strings.HasSuffix(line, `\`)
	}
	fmt.Fprintf(&out, "LABEL %s=%q\n", labelBuilder, "")
	return out.Bytes()
}

// file is a file of a build context.
type file struct {
	name    string
	content []byte
}

// recipeFiles are the files of a recipe, without their directory.
func recipeFiles(recipes fs.FS, n Name) ([]file, error) {
	var files []file
	err := fs.WalkDir(recipes, string(n), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(recipes, name)
		files = append(files, file{strings.TrimPrefix(name, string(n)+"/"), content})
		return err
	})
	return files, err
}

// writeContext writes files as the tar stream that the engine builds from.
// Embedded files have lost their mode: what begins like a program is one.
func writeContext(w io.Writer, files []file) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		mode := int64(0o644)
		if bytes.HasPrefix(f.content, []byte("#!")) || bytes.HasPrefix(f.content, []byte("\x7fELF")) {
			mode = 0o755
		}
		h := &tar.Header{Typeflag: tar.TypeReg, Name: path.Clean(f.name), Mode: mode, Size: int64(len(f.content))}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.content); err != nil {
			return err
		}
	}
	return t.Close()
}
