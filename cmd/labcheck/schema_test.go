package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	generate "github.com/invopop/jsonschema"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"labcheck/harness"
	"labcheck/harness/diagnose"
	"labcheck/harness/lang"
	"labcheck/harness/scale"
	"labcheck/harness/walk"
	"labcheck/harness/watch"
)

// documents are the types of the documents that --json prints, by their schemas' names.
var documents = map[string]any{
	"bootstrap": planDocument{},
	"diagnose":  diagnose.Result{},
	"doctor":    doctorDocument{},
	"down":      downDocument{},
	"env":       map[string]string{},
	"error":     failure{},
	"exec":      harness.Result{},
	"explain":   codesDocument{},
	"fault":     faultsDocument{},
	"images":    imagesDocument{},
	"ls":        labsDocument{},
	"scale":     scale.Result{},
	"status":    statusDocument{},
	"topology":  harness.Topology{},
	"tutorial":  walk.Result{},
	"up":        upDocument{},
	"version":   versionDocument{},
	"watch":     watch.Change{},
}

// newSchema makes the schema of a document from its type.
func newSchema(t *testing.T, name string, document any) []byte {
	r := generate.Reflector{
		Anonymous: true, ExpandedStruct: true, AllowAdditionalProperties: true,
		Namer: func(of reflect.Type) string { // the document's own type has the name Result, too
			if of == reflect.TypeFor[harness.Result]() {
				return "Command"
			}
			return of.Name()
		},
		Mapper: func(of reflect.Type) *generate.Schema {
			switch of {
			case reflect.TypeFor[time.Duration]():
				return &generate.Schema{Type: "integer", Description: "In nanoseconds."}
			case reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.AddrPort](), reflect.TypeFor[netip.Prefix](),
				reflect.TypeFor[harness.Stage](), reflect.TypeFor[lang.Text]():
				return &generate.Schema{Type: "string"}
			}
			return nil
		},
	}
	s := r.Reflect(document)
	s.ID, s.Title = generate.ID("labcheck:"+name+schemaSuffix), "labcheck "+name+" --json"
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(content, '\n')
}

// TestSchemas holds that the published schemas are those of the types: what changes a
// document for those who read it changes a file. UPDATE=1 writes them.
func TestSchemas(t *testing.T) {
	for name, document := range documents {
		made, file := newSchema(t, name, document), "schemas/"+name+schemaSuffix
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, made, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		published, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(string(published), string(made)); diff != "" {
			t.Errorf("%s (-published +made); UPDATE=1 writes it:\n%s", file, diff)
		}
	}
	if got, want := len(schemaNames()), len(documents)+2; got != want {
		t.Errorf("%d schemas are published, not %d: %q", got, want, schemaNames())
	}
}

// validateAs returns an error unless a document is as a schema has it.
func validateAs(name, document string) error {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(readSchema(name)))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("labcheck:"+name+schemaSuffix, schema); err != nil {
		return err
	}
	compiled, err := c.Compile("labcheck:" + name + schemaSuffix)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	if err != nil {
		return err
	}
	return compiled.Validate(v)
}

// isValid NAME FILE wants a file, or stdout, to be one document of a schema.
func isValid(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: isvalid NAME FILE")
	}
	if err := validateAs(args[0], ts.ReadFile(args[1])); err != nil {
		ts.Fatalf("%v\n%s", err, ts.ReadFile(args[1]))
	}
}
