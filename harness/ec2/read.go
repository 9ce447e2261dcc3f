package ec2

import (
	"fmt"
	"io"
	"os"

	"labcheck/harness/lang"
)

// maxInventory is the longest inventory that is read, in bytes.
const maxInventory = 1 << 20

// InventoryError is an inventory that can't be used.
type InventoryError struct {
	File string
	// Line and Column count from 1; 0 where the error has no place.
	Line, Column int
	What         lang.Text
}

func (e *InventoryError) Error() string { return e.In(lang.English) }

// In returns the text in a language.
func (e *InventoryError) In(l lang.Language) string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.What.In(l))
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.What.In(l))
}

// ReadFile reads an inventory's file. If it could be read and can't be used the error
// has an *InventoryError for each thing that is wrong.
func ReadFile(name string) (Inventory, error) {
	f, err := os.Open(name)
	if err != nil {
		return Inventory{}, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxInventory+1))
	if err != nil {
		return Inventory{}, err
	}
	return Read(name, content)
}

// Read reads an inventory; name is for errors.
func Read(name string, content []byte) (Inventory, error) {
	if len(content) > maxInventory {
		return Inventory{}, &InventoryError{File: name, What: lang.Textf("longer than %d bytes", maxInventory)}
	}
	text, wrong := decodeText(name, content)
	if wrong != nil {
		return Inventory{}, wrong
	}
	document, err := parseDocument(name, text)
	if err != nil {
		return Inventory{}, err
	}
	i, p := readDocument(name, document)
	i.check(p)
	return i, p.err()
}
