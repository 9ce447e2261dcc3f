package usage

import (
	"testing"

	"labcheck/harness/lang"
)

func TestFindLanguage(t *testing.T) {
	tests := []struct {
		args []string
		env  map[string]string
		want lang.Language
	}{
		{want: "en"},
		{env: map[string]string{"LANG": "ja_JP.UTF-8"}, want: "ja"},
		{env: map[string]string{"LANG": "ja"}, want: "ja"},
		{env: map[string]string{"LANG": "ja.eucJP@x"}, want: "ja"},
		{env: map[string]string{"LANG": "jam_JM"}, want: "en"},
		{env: map[string]string{"LANG": "de_DE.UTF-8"}, want: "en"},
		{env: map[string]string{"LANG": "C", "LC_MESSAGES": "ja_JP"}, want: "ja"},
		{env: map[string]string{"LANG": "ja_JP", "LC_MESSAGES": "POSIX"}, want: "en"},
		{env: map[string]string{"LANG": "ja_JP", "LC_MESSAGES": "ja_JP", "LC_ALL": "C"}, want: "en"},
		{env: map[string]string{"LC_ALL": "", "LANG": "ja_JP"}, want: "ja"},
		{env: map[string]string{"LABCHECK_LANG": "ja", "LANG": "en_US"}, want: "ja"},
		{args: []string{"--lang", "en"}, env: map[string]string{"LABCHECK_LANG": "ja"}, want: "en"},
		{args: []string{"--lang", "ja", "status"}, want: "ja"},
		{args: []string{"status", "--lang=ja"}, want: "ja"},
		{args: []string{"--lang=ja", "--lang=en"}, want: "en"},
		{args: []string{"--lang=en"}, env: map[string]string{"LC_ALL": "ja_JP"}, want: "en"},
		{args: []string{"--lang=tlh"}, env: map[string]string{"LC_ALL": "ja_JP"}, want: "ja"},
		{args: []string{"status", "--lang"}, want: "en"},
		{args: []string{"exec", "store", "--", "locale", "--lang=ja"}, want: "en"},
	}
	for _, tt := range tests {
		settings := Settings{prefix: "LABCHECK_", getenv: func(name string) string { return tt.env[name] }}
		if got, _ := settings.FindLanguage(tt.args); got != tt.want {
			t.Errorf("%q with %v: %s, want %s", tt.args, tt.env, got, tt.want)
		}
	}
}
