package report

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"sync"

	"labcheck/harness"
	"labcheck/harness/lang"
)

//go:embed html
var assets embed.FS

// HTML writes the evidence as one page that needs nothing beside it: no script,
// font or picture from elsewhere, and no server. lang is that of its own words;
// what the run has said stays as it is.
func HTML(w io.Writer, e harness.Evidence, l lang.Language) error {
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, newPage(e, l)); err != nil {
		return err
	}
	// Whatever came from a cluster: no control character, nothing that turns
	// text around. The page itself has none of these.
	_, err := io.WriteString(w, clean(b.String()))
	return err
}

// pageTemplate is parsed when a report is made: other commands don't need it.
var pageTemplate = sync.OnceValue(func() *template.Template {
	t := template.New("page.tmpl").Funcs(template.FuncMap{
		"on":     func(p page, it any) part { return part{p, it} },
		"style":  func() template.HTML { return inline("style", "html/page.css") },
		"script": func() template.HTML { return inline("script", "html/page.js") },
		// The browser runs and applies what has these sums, and nothing else:
		// the second wall behind the template's escaping.
		"policy": func() string {
			return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src '" + sum("html/page.css") +
				"'; script-src '" + sum("html/page.js") + "'"
		},
	})
	return template.Must(t.ParseFS(assets, "html/*.tmpl"))
})

// part is a thing on the page, for a template of its own.
type part struct {
	page
	It any
}

func asset(name string) string {
	content, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // it is built in
	}
	return string(content)
}

func inline(element, name string) template.HTML {
	return template.HTML("<" + element + ">" + asset(name) + "</" + element + ">")
}

// sum is a file as a source of a Content-Security-Policy.
func sum(name string) string {
	s := sha256.Sum256([]byte(asset(name)))
	return "sha256-" + base64.StdEncoding.EncodeToString(s[:])
}
