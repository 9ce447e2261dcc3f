package harness

import (
	"strings"
	"unicode"
)

// ShellLine returns a command that a POSIX shell splits into argv. It quotes the
// words that need it.
func ShellLine(argv ...string) string {
	words := make([]string, len(argv))
	for i, word := range argv {
		words[i] = shellWord(word)
	}
	return strings.Join(words, " ")
}

func shellWord(word string) string {
	special := func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_=+./:,@%^", r)
	}
	if word != "" && word[0] != '=' && !strings.ContainsFunc(word, special) { // zsh expands =cmd
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
