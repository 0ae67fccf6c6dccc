package armexpr

import (
	"strconv"
	"strings"
)

const (
	// maxExpressionText is Azure's limit in bytes for an expression. It also limits constructed
	// strings.
	// https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits
	maxExpressionText = 24_576
	// maxExpressionDepth limits nested calls and variables that refer to variables. Azure accepts
	// 256 variables.
	maxExpressionDepth = 256
)

// expression is a node of a parsed expression.
type expression struct {
	kind expressionKind
	// text is a literal, the name of a member, or the name of a function in lower case.
	text string
	// arguments are those of a call, the object of a member, or the collection and the index of an
	// item.
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

// parseExpression parses a string for which read.IsExpression is true. ok is false for text that
// Azure does not accept.
func parseExpression(text string) (parsed *expression, ok bool) {
	if len(text) > maxExpressionText {
		return nil, false
	}
	p := expressionParser{text: text[1 : len(text)-1]}
	parsed = p.expression(0)
	return parsed, parsed != nil && p.peek() == 0
}

// expressionParser parses text from at on. Its methods return nil for text that is not an
// expression.
type expressionParser struct {
	text string
	at   int
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *expressionParser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// accept consumes the next byte if it is c.
func (p *expressionParser) accept(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

// expression parses a literal or a call and the member and item accesses after it.
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
	for name != "" && p.accept('.') { // a user-defined function
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

// literal parses 'a text', in which two apostrophes stand for one.
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

// name parses the name of a function or of a member; empty where there is none.
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
