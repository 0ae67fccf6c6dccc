package armexpr

import (
	"strconv"
	"strings"
)

const (
	// maxExpressionText is in bytes, of an expression and of a text that one comes
	// to. Azure takes no longer expression.
	// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits
	maxExpressionText = 24_576
	// maxExpressionDepth counts calls within calls and variables that refer to
	// variables. Azure takes 256 variables.
	maxExpressionDepth = 256
)

// expression is a part of a parsed expression.
type expression struct {
	kind expressionKind
	// text is a literal's, a member's name, or a function's name in lower case.
	text string
	// arguments are those of a call; of a member the object; of an item the collection and the index.
	arguments []*expression
}

type expressionKind uint8

const (
	textExpression expressionKind = iota
	numberExpression
	callExpression
	memberExpression
	itemExpression
)

// parseExpression reads a string that read.IsExpression reports; ok is false for what Azure would not take.
func parseExpression(text string) (parsed *expression, ok bool) {
	if len(text) > maxExpressionText {
		return nil, false
	}
	p := expressionParser{text: text[1 : len(text)-1]}
	parsed = p.expression(0)
	return parsed, parsed != nil && p.peek() == 0
}

// expressionParser reads from text on; its methods return nil for what is no expression.
type expressionParser struct {
	text string
	at   int
}

// peek returns the next byte that is no white space, 0 at the end.
func (p *expressionParser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// accept passes the next byte where it is this one.
func (p *expressionParser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

// expression reads a literal or a call and the members and items that are taken of it.
func (p *expressionParser) expression(depth int) *expression {
	if depth > maxExpressionDepth {
		return nil
	}
	parsed := p.operand(depth)
	for parsed != nil {
		switch {
		case p.accept('.'):
			name := p.name()
			if name == "" {
				return nil
			}
			parsed = &expression{kind: memberExpression, text: name, arguments: []*expression{parsed}}
		case p.accept('['):
			index := p.expression(depth + 1)
			if index == nil || !p.accept(']') {
				return nil
			}
			parsed = &expression{kind: itemExpression, arguments: []*expression{parsed, index}}
		default:
			return parsed
		}
	}
	return nil
}

func (p *expressionParser) operand(depth int) *expression {
	switch c := p.peek(); {
	case c == '\'':
		return p.literal()
	case c == '-', c >= '0' && c <= '9':
		return p.number()
	}
	name := p.name()
	for name != "" && p.accept('.') { // a function of the template's own
		rest := p.name()
		if rest == "" {
			return nil
		}
		name += "." + rest
	}
	if name == "" || !p.accept('(') {
		return nil
	}
	call := &expression{kind: callExpression, text: strings.ToLower(name)}
	if p.accept(')') {
		return call
	}
	for {
		argument := p.expression(depth + 1)
		if argument == nil {
			return nil
		}
		call.arguments = append(call.arguments, argument)
		if p.accept(')') {
			return call
		}
		if !p.accept(',') {
			return nil
		}
	}
}

// literal reads 'a text', in which two apostrophes stand for one.
func (p *expressionParser) literal() *expression {
	var text strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		if p.text[p.at] == '\'' {
			p.at++
			if p.at == len(p.text) || p.text[p.at] != '\'' {
				return &expression{kind: textExpression, text: text.String()}
			}
		}
		text.WriteByte(p.text[p.at])
	}
	return nil
}

func (p *expressionParser) number() *expression {
	start := p.at
	for p.at++; p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9'; p.at++ {
	}
	value, err := strconv.ParseInt(p.text[start:p.at], 10, 64)
	if err != nil {
		return nil
	}
	return &expression{kind: numberExpression, text: strconv.FormatInt(value, 10)}
}

// name reads the name of a function or of a member; empty for none.
func (p *expressionParser) name() string {
	p.peek()
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (p.at == start || c < '0' || c > '9') {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}
