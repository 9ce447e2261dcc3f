package lang

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	tests := []struct {
		text          string
		column, width int
		want          string
	}{
		{"", 4, 20, ""},
		{"It fits in here.", 4, 20, "It fits in here."},
		{"It fits in here not.", 4, 20, "It fits in here\n    not."},
		{"no ThereIsNoPlaceToBreak it", 2, 10, "no\n  ThereIsNoPlaceToBreak\n  it"},
		{"ノードの一覧を表示する。", 5, 27, "ノードの一覧を表示す\n     る。"},
		{"ノードの一覧を示す。", 0, 18, "ノードの一覧を示\nす。"},           // no line begins with 。
		{"Engine と「Swarm」", 0, 12, "Engine と\n「Swarm」"}, // nor ends with 「
		{"ポート 8500", 0, 8, "ポート\n8500"},
		{"an option --no-trunc", 0, 14, "an option\n--no-trunc"}, // it stays whole
		{"Any width will do.", 4, 0, "Any width will do."},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, Fold(tt.text, tt.column, tt.width)); diff != "" {
			t.Errorf("%q in %d to %d (-want +got):\n%s", tt.text, tt.column, tt.width, diff)
		}
	}
}
