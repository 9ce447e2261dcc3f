// Package features holds the tutorial's claims as Gherkin scenarios, a folder
// for each language.
package features

import "embed"

// FS has the files as en/01_….feature; their names sort in the order of the
// page's steps.
//
//go:embed en/*.feature
var FS embed.FS
