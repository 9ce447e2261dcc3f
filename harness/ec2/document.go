package ec2

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"labcheck/harness/lang"
)

// problems finds where something stands in an inventory's text, and collects what is
// wrong.
type problems struct {
	file  string
	at    map[string]*token.Position // by path, such as $.nodes[2].address
	bad   map[string]bool            // paths whose values can't be taken
	found []*InventoryError
}

// note notes what is wrong at a path; if that is not in the text, at the nearest part
// of it that is. What is wrong with a bad value was noted before.
func (p *problems) note(path, format string, args ...any) {
	if p.bad[path] {
		return
	}
	e := &InventoryError{File: p.file, What: lang.Textf(format, args...)}
	p.found = append(p.found, e)
	for ; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if at := p.at[path]; at != nil {
			e.Line, e.Column = at.Line, at.Column
			return
		}
	}
}

// ownPath returns the path of a field of a node if it is in the text of the node, or else
// that of the node: it may have merged the field.
func (p *problems) ownPath(node, field string) string {
	of, n := p.at[node+field], p.at[node]
	if of != nil && n != nil && of.Offset < n.Offset {
		return node
	}
	return node + field
}

// err returns what was found, in the order of the text; nil if nothing was.
func (p *problems) err() error {
	slices.SortStableFunc(p.found, func(a, b *InventoryError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	for _, e := range slices.CompactFunc(p.found, func(a, b *InventoryError) bool { return a.Error() == b.Error() }) {
		all = append(all, e)
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// parseDocument returns the one document that a YAML file has.
func parseDocument(file, text string) (ast.Node, error) {
	parsed, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxError(file, text, err)
	}
	var all []ast.Node
	for _, d := range parsed.Docs {
		if !isEmpty(d.Body) {
			all = append(all, d.Body)
		}
	}
	switch len(all) {
	case 0:
		return nil, &InventoryError{File: file, What: lang.Text{EN: "there is nothing in it"}}
	case 1:
		return all[0], nil
	}
	at := startOf(all[1])
	return nil, &InventoryError{File: file, Line: at.Line, Column: at.Column, What: lang.Text{
		EN: "a second document after the first: write it into a file of its own",
	}}
}

// isEmpty reports whether a document has nothing but comments, directives or null.
func isEmpty(body ast.Node) bool {
	switch body.(type) {
	case nil, *ast.CommentGroupNode, *ast.DirectiveNode, *ast.NullNode:
		return true
	}
	return false
}

// syntaxError takes the place out of an error of the YAML library. If its line has a
// character that only looks like one of YAML's, it names that.
func syntaxError(file, text string, err error) *InventoryError {
	var yamlErr yaml.Error
	if !errors.As(err, &yamlErr) || yamlErr.GetToken() == nil || yamlErr.GetToken().Position == nil {
		return &InventoryError{File: file, What: lang.Verbatim(err.Error())}
	}
	at := yamlErr.GetToken().Position
	e := &InventoryError{File: file, Line: at.Line, Column: at.Column, What: lang.Verbatim(yamlErr.GetMessage())}
	lines := strings.Split(text, "\n")
	if at.Line > len(lines) {
		return e
	}
	if r, column := lookAlike(lines[at.Line-1]); column > 0 {
		e.What = lang.Textf("%s; column %d has %U: write a space or a colon there if one is meant",
			yamlErr.GetMessage(), column, r)
	}
	return e
}

// startOf returns where a value begins.
func startOf(n ast.Node) *token.Position {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position
	}
	return n.GetToken().Position
}

// reader reads the values of a document. What is wrong is noted, and left out.
type reader struct {
	problems
	anchors map[string]ast.Node
	targets map[*ast.AliasNode]ast.Node
	merged  map[ast.Node][]pair
}

// pair is a key of a mapping, and its value without anchors, aliases and tags.
type pair struct {
	name    string
	key, at *token.Position
	value   ast.Node
}

// readDocument reads an inventory from its document.
func readDocument(file string, document ast.Node) (Inventory, *problems) {
	r := &reader{
		problems{file: file, at: map[string]*token.Position{}, bad: map[string]bool{}},
		map[string]ast.Node{},
		map[*ast.AliasNode]ast.Node{},
		map[ast.Node][]pair{},
	}
	r.linkAliases(document)
	var i Inventory
	r.readValue("$", r.valueOf(document), reflect.ValueOf(&i).Elem())
	return i, &r.problems
}

// readValue reads a value of the inventory from the document.
func (r *reader) readValue(path string, value ast.Node, into reflect.Value) {
	if value == nil {
		r.bad[path] = true // was noted
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		r.readFields(path, value, into)
	case reflect.Slice:
		r.readList(path, value, into)
	case reflect.Map:
		r.readNamed(path, value, into)
	default:
		r.readScalar(path, value, into)
	}
}

// linkAliases finds the value that each alias below n repeats: that of the anchor which
// comes before it.
func (r *reader) linkAliases(n ast.Node) {
	switch n := n.(type) {
	case *ast.AnchorNode:
		r.linkAliases(n.Value)
		r.anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if r.targets[n] = r.anchors[name]; r.targets[n] == nil {
			r.wrongAt(n.GetToken().Position, lang.Textf("no value before *%s is marked with &%[1]s", name))
		}
	case *ast.TagNode:
		r.linkAliases(n.Value)
	case *ast.MappingNode:
		for _, v := range n.Values {
			r.linkAliases(v.Key)
			r.linkAliases(v.Value)
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			r.linkAliases(v)
		}
	}
}

// wrongAt notes what is wrong at a position.
func (r *reader) wrongAt(at *token.Position, what lang.Text) {
	r.found = append(r.found, &InventoryError{File: r.file, Line: at.Line, Column: at.Column, What: what})
}

// valueOf returns what an anchor, an alias or a tag is about; nil if there is no value,
// and then that was noted.
func (r *reader) valueOf(n ast.Node) ast.Node {
	for {
		switch v := n.(type) {
		case *ast.AnchorNode:
			n = v.Value
		case *ast.AliasNode:
			n = r.targets[v]
		case *ast.MappingKeyNode:
			n = v.Value
		case *ast.TagNode:
			r.wrongAt(v.GetToken().Position, lang.Textf("an inventory has no tags: remove %s", v.GetToken().Value))
			return nil
		default:
			return n
		}
	}
}

// pairsOf returns the keys and values of a mapping: its own, and after them those that
// it merges (`<<: *base`) and has not itself.
func (r *reader) pairsOf(m *ast.MappingNode) []pair {
	if known, ok := r.merged[m]; ok {
		return known
	}
	var own, merged []pair
	for _, v := range m.Values {
		key := r.valueOf(v.Key)
		if key == nil {
			continue
		}
		p := pair{key.GetToken().Value, v.Key.GetToken().Position, startOf(v.Value), r.valueOf(v.Value)}
		earlier := slices.IndexFunc(own, func(o pair) bool { return o.name == p.name })
		switch {
		case v.Key.IsMergeKey():
			merged = append(merged, r.mergedBy(p.value)...)
		case earlier >= 0:
			at := own[earlier].key
			r.wrongAt(p.key, lang.Textf(
				"%q is there twice: remove one; the other is in line %d, column %d", p.name, at.Line, at.Column))
		default:
			own = append(own, p)
		}
	}
	for _, p := range merged {
		if !slices.ContainsFunc(own, func(o pair) bool { return o.name == p.name }) {
			own = append(own, p)
		}
	}
	r.merged[m] = own
	return own
}

// mergedBy returns what the value of a merge key merges.
func (r *reader) mergedBy(value ast.Node) (all []pair) {
	parts := []ast.Node{value}
	if list, ok := value.(*ast.SequenceNode); ok {
		parts = list.Values
	}
	for _, part := range parts {
		part = r.valueOf(part)
		if m, ok := part.(*ast.MappingNode); ok {
			all = append(all, r.pairsOf(m)...)
		} else if part != nil {
			r.wrongAt(part.GetToken().Position, lang.Text{
				EN: "<< takes fields: write <<: *NAME, and &NAME before the fields of another node",
			})
		}
	}
	return all
}

// readFields reads a mapping that may have some fields: those of a struct.
func (r *reader) readFields(path string, value ast.Node, into reflect.Value) {
	if r.at[path] == nil {
		r.at[path] = startOf(value)
	}
	known := map[string]reflect.Value{}
	for field, of := range into.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		known[name] = of
	}
	names := slices.Sorted(maps.Keys(known))
	m, ok := value.(*ast.MappingNode)
	if !ok {
		r.reject(path, "want fields here: %s", strings.Join(names, ", "))
		return
	}
	for _, p := range r.pairsOf(m) {
		field, isKnown := known[p.name]
		if !isKnown {
			r.bad[path+"."+r.noteUnknown(p, names)] = true
			continue
		}
		at := path + "." + p.name
		r.at[at] = p.at
		if _, isNull := p.value.(*ast.NullNode); !isNull { // null is as if it was not given
			r.readValue(at, p.value, field)
		}
	}
}

// homes says below which field a field belongs.
var homes = map[string]string{
	"user": "ssh", "key": "ssh", "engine": "ports", "swarm": "ports", "consul": "ports",
	"name": "nodes", "address": "nodes", "public": "nodes", "cpus": "nodes", "memory": "nodes",
}

// noteUnknown notes a field that is not known, and returns the one that is meant.
func (r *reader) noteUnknown(p pair, names []string) string {
	if i := slices.IndexFunc(names, func(n string) bool { return isMisspelt(p.name, n) }); i >= 0 {
		r.wrongAt(p.key, lang.Textf("unknown field %q: write %s", p.name, names[i]))
		return names[i]
	}
	if home := homes[p.name]; home != "" {
		r.wrongAt(p.key, lang.Textf("unknown field %q: write it below %s", p.name, home))
	} else {
		r.wrongAt(p.key, lang.Textf("unknown field %q: the fields here are %s", p.name, strings.Join(names, ", ")))
	}
	return p.name
}

// isMisspelt reports whether a word was meant: it begins so, or an edit or two make it.
func isMisspelt(typed, word string) bool {
	typed = strings.ToLower(typed)
	if len(typed) > 2 && strings.HasPrefix(word, typed) {
		return true
	}
	row := make([]int, len(word)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range []rune(typed) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(word) {
			edits := diagonal
			if r != rune(word[j]) {
				edits++
			}
			diagonal = row[j+1]
			row[j+1] = min(edits, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(word)] <= len(word)/3
}

// reject notes that a value can't be taken.
func (r *reader) reject(path, format string, args ...any) {
	r.note(path, format, args...)
	r.bad[path] = true
}

// scalar returns a value as it is written, without quotes.
func (r *reader) scalar(path string, value ast.Node) (string, bool) {
	switch v := value.(type) {
	case *ast.LiteralNode:
		return v.Value.Value, true
	case ast.ScalarNode:
		return v.GetToken().Value, true
	}
	r.reject(path, "want one value here, neither a list nor fields")
	return "", false
}

// readList reads a list, of nodes or of texts.
func (r *reader) readList(path string, value ast.Node, into reflect.Value) {
	list, ok := value.(*ast.SequenceNode)
	switch {
	case !ok && into.Type().Elem().Kind() == reflect.Struct:
		r.reject(path, "want a list here: a line - name: NAME begins each node")
		return
	case !ok:
		r.reject(path, "want a list here: [one, two]")
		return
	}
	for k, v := range list.Values {
		at := fmt.Sprintf("%s[%d]", path, k)
		r.at[at] = startOf(v)
		one := reflect.New(into.Type().Elem()).Elem()
		r.readValue(at, r.valueOf(v), one)
		into.Set(reflect.Append(into, one))
	}
}

// readNamed reads values that have names.
func (r *reader) readNamed(path string, value ast.Node, into reflect.Value) {
	m, ok := value.(*ast.MappingNode)
	if !ok {
		r.reject(path, "want names and values here: {zone: a}")
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, p := range r.pairsOf(m) {
		at := path + "." + p.name
		r.at[at] = p.at
		one := reflect.New(into.Type().Elem()).Elem()
		if r.readValue(at, p.value, one); !r.bad[at] {
			into.SetMapIndex(reflect.ValueOf(p.name), one)
		}
	}
}

// readScalar reads a text as it is written, because a node may be called yes or 0x1f; what
// is true or false, and nothing that YAML 1.1 took for these; and a port, or how many there
// are of something. For a number it does not take what YAML 1.1, YAML 1.2 and people read
// in different ways: 017, 0x1f, 1_000, 1e3, 22:22.
func (r *reader) readScalar(path string, value ast.Node, into reflect.Value) {
	text, ok := r.scalar(path, value)
	if !ok {
		return
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		if into.SetBool(text == "true"); text != "true" && text != "false" {
			r.reject(path, "%q: want true or false", text)
		}
	default:
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || strings.HasPrefix(text, "0") {
			r.reject(path, "%q: want a number from 1 to 65535, in decimal digits and without leading zeros", text)
			return
		}
		into.Set(reflect.ValueOf(n).Convert(into.Type()))
	}
}
