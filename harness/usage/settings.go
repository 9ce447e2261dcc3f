package usage

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"

	"labcheck/harness"
	"labcheck/harness/lang"
)

// Settings are values of flags that are not given on a command line: those of the
// environment, and of a YAML file that has the flags' names as keys.
type Settings struct {
	prefix string // of the names of variables
	getenv func(string) string
	file   string
	keys   []key // of the file
}

// key is a key of the file, and where it is.
type key struct {
	name   string
	line   int
	values []string
}

// ReadSettings reads a file, which need not exist. A flag's variable in the environment
// is named by the prefix and the flag: LABCHECK_SSH_USER is --ssh-user.
func ReadSettings(file, prefix string, getenv func(string) string) (Settings, error) {
	s := Settings{prefix: prefix, getenv: getenv, file: file}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, s.wrong(err)
	}
	parsed, err := parser.ParseBytes(bytes.TrimPrefix(content, []byte("\ufeff")), 0) // a byte order mark means nothing
	var at yaml.Error
	if errors.As(err, &at) {
		return s, s.wrong(lang.Errorf("%s:%d: %s", file, at.GetToken().Position.Line, at.GetMessage()))
	}
	if err != nil {
		return s, s.wrong(lang.Errorf("%s: %w", file, err))
	}
	for _, document := range parsed.Docs {
		if err := s.addKeys(document.Body); err != nil {
			return s, err
		}
	}
	return s, nil
}

// wrong returns an error of the file.
func (s Settings) wrong(err error) error {
	return harness.WithSetting(err, lang.Textf("correct %s", s.file))
}

// addKeys adds the keys of a document of the file; an empty one has none.
func (s *Settings) addKeys(body ast.Node) error {
	var pairs []*ast.MappingValueNode
	switch n := body.(type) {
	case nil, *ast.CommentGroupNode:
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		return s.wrong(lang.Errorf("%s:%d: want lines such as lab: two", s.file, n.GetToken().Position.Line))
	}
	for _, pair := range pairs {
		k := key{name: pair.Key.GetToken().Value, line: pair.Key.GetToken().Position.Line}
		values := []ast.Node{pair.Value}
		if list, ok := pair.Value.(*ast.SequenceNode); ok {
			values = list.Values
		}
		for _, v := range values {
			scalar, ok := v.(ast.ScalarNode)
			if !ok || v.Type() == ast.NullType {
				return s.wrong(lang.Errorf("%s:%d: %s: want a value", s.file, k.line, k.name))
			}
			k.values = append(k.values, scalar.GetToken().Value)
		}
		s.keys = append(s.keys, k)
	}
	return nil
}

// variable returns the variable of a flag.
func (s Settings) variable(flag string) string {
	return s.prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// Values returns what is set for a flag; the environment is before the file.
func (s Settings) Values(flag string) []string {
	if v := s.getenv(s.variable(flag)); v != "" {
		return []string{v}
	}
	for _, k := range s.keys {
		if k.name == flag {
			return k.values
		}
	}
	return nil
}

// Apply sets the flags that are not given. They do not count as given then: a hint need
// not repeat what the next command finds, too.
func (s Settings) Apply(flags *pflag.FlagSet) (err error) {
	for _, k := range s.keys {
		if flags.Lookup(k.name) == nil {
			return s.wrong(lang.Errorf("%s:%d: there is no setting %s", s.file, k.line, k.name))
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			return
		}
		for _, v := range s.Values(f.Name) {
			if wrong := f.Value.Set(v); wrong != nil && err == nil {
				err = s.valueError(f, v, valueError(f, wrong))
			}
		}
	})
	return err
}

// valueError says where the value of a flag is that it can't have.
func (s Settings) valueError(f *pflag.Flag, value string, why error) error {
	if name := s.variable(f.Name); s.getenv(name) != "" {
		return harness.WithSetting(lang.Errorf("%s=%s: %w", name, value, why), lang.Verbatim("unset "+name))
	}
	for _, k := range s.keys {
		if k.name == f.Name {
			return s.wrong(lang.Errorf("%s:%d: %s: %s: %w", s.file, k.line, k.name, value, why))
		}
	}
	return why
}
