package suite

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"labcheck/harness/lang"
)

// tagExpression chooses scenarios by their tags. It is written in Cucumber's form, or in
// godog's:
//
//	@verify and not (@id:a or @id:b)
//	@verify && ~@id:a && ~@id:b
//
// In Cucumber's form not binds closest, then and; in godog's ~, then the comma, which is
// or.
type tagExpression struct {
	operator operator
	operands []tagExpression
	tag      string // of isTag
}

type operator int

const (
	isTag operator = iota
	not
	and
	or
)

// matchesScenario reports whether the expression chooses a scenario.
func (e tagExpression) matchesScenario(s Scenario) bool {
	holds := func(o tagExpression) bool { return o.matchesScenario(s) }
	switch e.operator {
	case not:
		return !holds(e.operands[0])
	case and:
		return !slices.ContainsFunc(e.operands, func(o tagExpression) bool { return !holds(o) })
	case or:
		return slices.ContainsFunc(e.operands, holds)
	}
	return s.Has(e.tag)
}

// findTags returns the tags of the expression that stand below an even number of nots if
// wanted, or else those below an odd number.
func (e tagExpression) findTags(wanted bool) []string {
	if e.operator == isTag && wanted {
		return []string{e.tag}
	}
	var all []string
	for _, o := range e.operands {
		all = append(all, o.findTags(wanted != (e.operator == not))...)
	}
	return all
}

// token is an operator or a tag of an expression, or what is neither.
type token struct {
	text   string
	column int // of its first character, from 1
}

var tokens = regexp.MustCompile(`&&|[(),&]|[^\s\p{Z}(),&]+`)

// splitTokens splits an expression. The last token is empty: its end.
func splitTokens(tags string) []token {
	var all []token
	column := func(at int) int { return utf8.RuneCountInString(tags[:at]) + 1 }
	for _, at := range tokens.FindAllStringIndex(tags, -1) {
		all = append(all, token{tags[at[0]:at[1]], column(at[0])})
	}
	return append(all, token{"", column(len(tags))})
}

// isOfGodog and isOfCucumber report whether a token is of one form only.
func (t token) isOfGodog() bool {
	return t.text == "&&" || t.text == "," || strings.HasPrefix(t.text, "~")
}

func (t token) isOfCucumber() bool {
	return slices.Contains([]string{"and", "or", "not", "(", ")"}, t.text)
}

// expressionParser reads an expression, token by token.
type expressionParser struct {
	tags   string
	tokens []token // the next one first
}

// parseTags reads an expression that is not empty.
func parseTags(tags string) (tagExpression, error) {
	p := &expressionParser{tags, splitTokens(tags)}
	parse := p.parseCucumber
	if slices.ContainsFunc(p.tokens, token.isOfGodog) {
		if i := slices.IndexFunc(p.tokens, token.isOfCucumber); i >= 0 {
			p.tokens = p.tokens[i:]
			return tagExpression{}, p.refuseToken(lang.Textf("%q can't be used together with &&, a comma or ~", p.tokens[0].text))
		}
		parse = p.parseGodog
	}
	e, err := parse()
	if err == nil && p.tokens[0].text != "" {
		err = p.refuseToken(lang.Textf("%q is not expected", p.tokens[0].text))
	}
	return e, err
}

// refuseToken returns the error that the next token is wrong.
func (p *expressionParser) refuseToken(why lang.Text) error {
	return tagsError(p.tags, lang.Textf("at character %d: %s", p.tokens[0].column, why))
}

// takeToken takes the next token if it is the one of a text.
func (p *expressionParser) takeToken(text string) bool {
	if p.tokens[0].text != text {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

// parseCucumber and parseGodog read an expression of their form.
func (p *expressionParser) parseCucumber() (tagExpression, error) {
	return p.parseList(or, "or", func() (tagExpression, error) { return p.parseList(and, "and", p.parseOperand) })
}

func (p *expressionParser) parseGodog() (tagExpression, error) {
	return p.parseList(and, "&&", func() (tagExpression, error) { return p.parseList(or, ",", p.parseTag) })
}

// parseList reads operands with an operator between them.
func (p *expressionParser) parseList(
	o operator, text string, parse func() (tagExpression, error),
) (tagExpression, error) {
	e := tagExpression{operator: o}
	for {
		operand, err := parse()
		if err != nil {
			return e, err
		}
		e.operands = append(e.operands, operand)
		if !p.takeToken(text) {
			return e, nil
		}
	}
}

// parseOperand reads a tag, an expression in brackets, or the opposite of one of these.
func (p *expressionParser) parseOperand() (e tagExpression, err error) {
	switch {
	case p.takeToken("not"):
		e, err = p.parseOperand()
		return tagExpression{operator: not, operands: []tagExpression{e}}, err
	case p.takeToken("("):
		if e, err = p.parseCucumber(); err == nil && !p.takeToken(")") {
			err = p.refuseToken(lang.Text{EN: "a ) is missing"})
		}
		return e, err
	}
	return p.parseTag()
}

// tag is what a tag can be: Gherkin takes @a@b for two.
var tag = regexp.MustCompile(`^@[^\s@~,&|()!]+$`)

// parseTag reads a tag, in godog's form with ~ or without.
func (p *expressionParser) parseTag() (tagExpression, error) {
	next := p.tokens[0]
	name, opposite := strings.CutPrefix(next.text, "~")
	switch {
	case next.text == "":
		return tagExpression{}, p.refuseToken(lang.Text{EN: "a tag is missing"})
	case !tag.MatchString(name):
		return tagExpression{}, p.refuseToken(lang.Textf("%q is not a tag", next.text))
	}
	p.tokens = p.tokens[1:]
	e := tagExpression{tag: name}
	if opposite {
		e = tagExpression{operator: not, operands: []tagExpression{e}}
	}
	return e, nil
}
