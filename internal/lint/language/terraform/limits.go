package terraform

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Limits for one file. The parser of the language and the evaluation of its result are recursive.
const (
	// maxNesting is the number of brackets, templates and operators around a part of the text. Real files stay below 50.
	maxNesting = 256
	// maxOperators is the number of operators in one expression and those around it.
	maxOperators = 1000
	// maxCopied is in bytes. The parser joins the lines of a heredoc one by one and copies all of them each time.
	maxCopied = 1 << 30
	// tokenSize is the number of bytes that it moves for each line that follows.
	tokenSize = 16
)

// level is an open bracket or template.
type level struct {
	lines     bool // a line break ends an expression
	operators int  // in the expression so far
	literals  int  // of a template so far, and their size in bytes
	size      int
}

// tooDeep returns why a text of tokens cannot be parsed within the limits, empty if it can. It does not recurse. lines is set
// if a line break ends an expression outside of brackets, as in a file and not in a template.
func tooDeep(tokens hclsyntax.Tokens, lines bool) string {
	levels := []level{{lines: lines}}
	operators, copied := 0, 0
	for _, token := range tokens {
		top := &levels[len(levels)-1]
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			levels = append(levels, level{lines: token.Type == hclsyntax.TokenOBrace})
		case hclsyntax.TokenOBrack, hclsyntax.TokenTemplateControl:
			// An index follows what it is applied to, and a directive is closed by another one.
			top.operators++
			operators++
			levels = append(levels, level{})
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			if len(levels) > 1 {
				operators -= top.operators
				levels = levels[:len(levels)-1]
			}
		case hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit:
			top.literals++
			top.size += len(token.Bytes)
			if copied += top.size + top.literals*tokenSize; copied > maxCopied {
				return fmt.Sprintf("a text with too many lines on line %d", token.Range.Start.Line)
			}
		case hclsyntax.TokenComma:
			operators -= top.operators
			top.operators = 0
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
			if top.lines {
				operators -= top.operators
				top.operators = 0
			}
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan,
			hclsyntax.TokenGreaterThanEq, hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenQuestion, hclsyntax.TokenColon, hclsyntax.TokenDot:
			top.operators++
			operators++
		}
		if len(levels) > maxNesting {
			return fmt.Sprintf("more than %d levels of nesting on line %d", maxNesting, token.Range.Start.Line)
		}
		if operators > maxOperators {
			return fmt.Sprintf("an expression with more than %d operators on line %d", maxOperators, token.Range.Start.Line)
		}
	}
	return ""
}
