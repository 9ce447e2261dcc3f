package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"
	"time"

	"labcheck/harness"
	"labcheck/harness/lang"
)

var (
	//go:embed html/*.tmpl
	templates embed.FS
	//go:embed html/page.css
	style string
	//go:embed html/page.js
	pageScript string
	//go:embed html/player.js
	playerScript string

	script = pageScript + playerScript
)

// HTML writes the evidence as one page in language l. The page needs no server
// and no script, font or picture from elsewhere. The run's own texts stay in the
// language of the run.
func HTML(w io.Writer, e harness.Evidence, l lang.Language) error {
	return writeHTML(w, newContent(e, l))
}

func writeHTML(w io.Writer, c content) error {
	return writePage(w, "page.tmpl", "html/*.tmpl", functions(c), c)
}

// writePage executes the template of a name, which is one of some files.
func writePage(w io.Writer, name, files string, functions template.FuncMap, content any) error {
	t, err := template.New(name).Funcs(functions).ParseFS(templates, files)
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := t.Execute(&b, content); err != nil {
		return err
	}
	// Only texts from a cluster can have control characters, or characters that
	// change the direction of text.
	_, err = io.WriteString(w, harness.ShowControls(b.String()))
	return err
}

// functions returns the functions that the templates of a report call.
func functions(c content) template.FuncMap {
	return template.FuncMap{
		"Say":          c.Say,
		"known":        func(n int) string { return countKnown(c.Language, n) },
		"sureness":     func(confidence harness.Confidence) string { return sureness(c.Language, confidence) },
		"matches":      func(n int) string { return c.Count(n, "%d field matches", "%d fields match") },
		"outputs":      func(n int) string { return c.Count(n, "Output, %d line", "Output, %d lines") },
		"observations": func(n int) string { return countObservations(c.Language, n) },
		"hosts":        func() string { return c.Count(len(hostsOf(c.Target.Topology)), "%d host", "%d hosts") },
		"foreign":      c.ForeignLanguage,
		"duration":     formatDuration,
		"container":    containerName,
		"date":         c.formatDate,
		"iso":          func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"style":        func() template.HTML { return template.HTML("<style>" + style + "</style>") },
		"script":       func() template.HTML { return template.HTML("<script>" + script + "</script>") },
		// The browser applies only the style and the script that have these sums. This
		// protects the reader if the templates' escaping should fail.
		"policy": func() string {
			return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src '" + policySource(style) +
				"'; script-src '" + policySource(script) + "'"
		},
	}
}

// policySource returns a text's sum as a source of a Content-Security-Policy.
func policySource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
