package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
)

// WriteFile writes a temporary file and renames it to name, so that the file
// appears complete or not at all.
func WriteFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it does not exist if it was renamed
	w := bufio.NewWriter(f)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// WriteJSON writes a value as indented JSON. An empty list is [], never null.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(withEmptyLists(reflect.ValueOf(v)).Interface())
}

// withEmptyLists returns a copy of a value in which no slice is nil.
func withEmptyLists(v reflect.Value) reflect.Value {
	replaced := reflect.New(v.Type()).Elem()
	replaced.Set(v)
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			replaced.Set(reflect.New(v.Type().Elem()))
			replaced.Elem().Set(withEmptyLists(v.Elem()))
		}
	case reflect.Slice:
		replaced.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			replaced.Index(i).Set(withEmptyLists(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := replaced.Field(i); field.CanSet() { // times and addresses export none
				field.Set(withEmptyLists(v.Field(i)))
			}
		}
	}
	return replaced
}
