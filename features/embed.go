// Package features holds the tutorial's claims as Gherkin scenarios, a folder
// for each language. The editions say the same; a test holds them equal.
package features

import "embed"

// FS has the files as en/01_….feature and ja/01_….feature; their names sort in
// the order of the page's steps.
//
//go:embed en/*.feature ja/*.feature
var FS embed.FS
