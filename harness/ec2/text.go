package ec2

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"labcheck/harness/lang"
)

// byteOrderMark may begin a YAML file, and means nothing (YAML 1.2, 5.2).
const byteOrderMark = '\uFEFF'

// decodeText returns a YAML file's text, without a byte order mark, with \n for each
// line break. It takes UTF-8, and UTF-16 as editors of Windows write it. The error
// says where a character is that no YAML file can have.
func decodeText(file string, content []byte) (string, *InventoryError) {
	text := strings.TrimPrefix(decodeUTF16(content), string(byteOrderMark))
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return "", errorAt(file, text, i, lang.Textf("this is no UTF-8: save the file as UTF-8"))
		case r != '\n' && r != '\t' && unicode.IsControl(r), r == byteOrderMark:
			return "", errorAt(file, text, i, lang.Textf("%U can't be in an inventory: remove this character", r))
		}
	}
	return text, nil
}

// decodeUTF16 returns the text of a file in UTF-16, which its byte order mark, or the
// zero in its first character, tells. Half a character becomes a byte that is no UTF-8.
func decodeUTF16(content []byte) string {
	var order binary.ByteOrder
	switch {
	case len(content) < 2, bytes.HasPrefix(content, []byte("\xff\xfe\x00\x00")): // UTF-32
		return string(content)
	case content[0] == 0xFE && content[1] == 0xFF, content[0] == 0 && content[1] != 0:
		order = binary.BigEndian
	case content[0] == 0xFF && content[1] == 0xFE, content[0] != 0 && content[1] == 0:
		order = binary.LittleEndian
	default:
		return string(content)
	}
	var units []uint16
	for ; len(content) > 1; content = content[2:] {
		units = append(units, order.Uint16(content))
	}
	half := strings.Repeat("\xff", len(content))
	return strings.ReplaceAll(string(utf16.Decode(units)), string(utf8.RuneError), "\xff") + half
}

// errorAt returns an error at an offset in a text.
func errorAt(file, text string, offset int, what lang.Text) *InventoryError {
	before := text[:offset]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return &InventoryError{
		File: file, Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(line) + 1, What: what,
	}
}

// lookAlike returns the first character of a line that looks like a space or a colon
// and is none, or can't be seen, and its column.
func lookAlike(line string) (character rune, column int) {
	for _, r := range line {
		column++
		isBlank := unicode.IsSpace(r) && r != ' '
		if isBlank || unicode.Is(unicode.Cf, r) || r == '\uFF1A' {
			return r, column
		}
	}
	return 0, 0
}
