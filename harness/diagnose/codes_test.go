package diagnose

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCodes wants each code of the table once, whole, and written out where it is
// reported, and no other code reported.
func TestCodes(t *testing.T) {
	used := usedCodes(t)
	seen := map[string]bool{}
	for _, c := range Codes() {
		switch {
		case seen[c.Code]:
			t.Errorf("%s is in the table twice", c.Code)
		case c.Section == "" || c.Title == "" || c.Cause == "" && c.Code != "unreachable":
			t.Errorf("%s lacks its section, title or cause", c.Code)
		case c.Breaks == "" && c.Code != "unexplained":
			t.Errorf("%s breaks nothing", c.Code)
		case !used[c.Code] && c.Code != "unexplained": // which is among the claims
			t.Errorf("%s is reported nowhere", c.Code)
		}
		seen[c.Code] = true
	}
	for code := range used {
		if !seen[code] {
			t.Errorf("%s is not in the table", code)
		}
	}
}

// usedCodes are the codes in the package's source, outside the table.
func usedCodes(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	written := regexp.MustCompile(`"((?:host|engine|consul|manager|member|join|key|network|mtu|gossip|vxlan|neighbours?|packets|disk|forwarding|bridge|docker|containers|filter)-[a-z-]*[a-z]|unreachable|unexplained)"`)
	used := map[string]bool{}
	for _, file := range files {
		if strings.HasPrefix(file, "codes") || file == "claims.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source = regexp.MustCompile(` kind += "[^"]*"`).ReplaceAll(source, nil) // kinds of parts are no codes
		for _, m := range written.FindAllStringSubmatch(string(source), -1) {
			used[m[1]] = true
		}
	}
	return used
}
