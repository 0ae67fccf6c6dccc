package waiver

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// keys are those of the grammar, in the order in which it has them.
var keys = [...]string{"until", "reason", "owner", "ticket"}

// form is the grammar as messages show it.
const form = `RULE[,RULE…] [until=2027-01-31] reason="…" [owner=…] [ticket=…]`

// Parse reads a waiver. One with mistakes has no effect and is nil.
func Parse(text Text) (*Waiver, []Mistake) {
	p := &parser{text: text, content: text.Content, waiver: &Waiver{Text: text, keys: map[string]span{}}}
	p.parse()
	if len(p.mistakes) > 0 {
		return nil, p.mistakes
	}
	return p.waiver, nil
}

type parser struct {
	text     Text
	content  string
	at       int
	waiver   *Waiver
	mistakes []Mistake
}

func (p *parser) mistake(at span, remedy, format string, args ...any) {
	p.mistakes = append(p.mistakes, Mistake{
		File: p.text.File, Span: p.text.locate(at), Message: fmt.Sprintf(format, args...), Remedy: remedy,
	})
}

// word is a piece of the text between white space. In double quotes, \ stands before " and \.
type word struct {
	span
	key      string // before =, empty for a word without it
	value    string // unquoted
	valueAt  span
	assigns  bool // it has a =
	unclosed bool
}

// next reads a word; it is false at the end.
func (p *parser) next() (word, bool) {
	p.at += len(p.content[p.at:]) - len(strings.TrimLeftFunc(p.content[p.at:], unicode.IsSpace))
	if p.at == len(p.content) {
		return word{}, false
	}
	w := word{span: span{start: p.at}, valueAt: span{start: p.at}}
	var value strings.Builder
	quoted := false
	for p.at < len(p.content) {
		r, size := utf8.DecodeRuneInString(p.content[p.at:])
		switch {
		case r == '"':
			quoted = !quoted
		case r == '\\' && quoted && p.at+1 < len(p.content) && strings.ContainsRune(`"\`, rune(p.content[p.at+1])):
			value.WriteByte(p.content[p.at+1])
			size = 2
		case unicode.IsSpace(r) && !quoted:
			w.value, w.end = value.String(), p.at
			w.valueAt.end = p.at
			return w, true
		case r == '=' && !w.assigns && !quoted:
			w.assigns, w.key = true, value.String()
			value.Reset()
			w.valueAt.start = p.at + 1
		default:
			value.WriteString(p.content[p.at : p.at+size])
		}
		p.at += size
	}
	w.value, w.end, w.unclosed = value.String(), p.at, quoted
	w.valueAt.end = p.at
	return w, true
}

func (p *parser) parse() {
	listed, separated := false, true
	for {
		w, more := p.next()
		switch {
		case !more:
			p.require(listed)
			return
		case w.unclosed:
			p.mistake(w.valueAt, "Close the double quotes.", "a double quote is never closed")
			return
		case w.assigns:
			p.assign(w)
		case len(p.waiver.keys) > 0:
			p.mistake(w.span, `Put values of several words in double quotes: reason="…".`, "unexpected word %q", w.value)
			return
		case !separated && !strings.HasPrefix(w.value, ","):
			p.mistake(w.span, `Separate rules with commas, and write the reason as reason="…".`, "unexpected word %q", w.value)
			return
		default:
			listed = true
			separated = strings.HasSuffix(w.value, ",")
			p.rules(w)
		}
	}
}

// rules reads a list of rules, or a part of one.
func (p *parser) rules(w word) {
	at := w.start
	for name := range strings.SplitSeq(p.content[w.start:w.end], ",") {
		here := span{at, at + len(name)}
		at = here.end + 1
		switch {
		case name == "":
		case name == "*" || name == "all":
			p.mistake(here, "Name each rule; mlpolicy rules lists them.", "a waiver must name its rules: %q is not a rule", name)
		case !p.waiver.Covers(name):
			p.waiver.Rules = append(p.waiver.Rules, Rule{ID: name, at: here})
		}
	}
}

func (p *parser) assign(w word) {
	known := slices.Contains(keys[:], w.key)
	_, twice := p.waiver.keys[w.key]
	switch {
	case !known:
		p.mistake(span{w.start, w.start + len(w.key)}, "Write a waiver as "+form+".", "unknown key %q: %s", w.key, suggest.Phrase(w.key, keys[:]))
		return
	case twice:
		p.mistake(span{w.start, w.start + len(w.key)}, "Remove one of them.", "duplicate key %q", w.key)
		return
	}
	p.waiver.keys[w.key] = w.valueAt
	value := strings.Join(strings.Fields(w.value), " ")
	if value == "" {
		p.mistake(span{w.start, w.end}, "Write a value, or remove the key.", "%s is empty", w.key)
		return
	}
	switch w.key {
	case "until":
		day, err := ParseDay(value)
		if err != nil {
			p.mistake(w.valueAt, "Write the last day on which the waiver is valid, such as until=2027-01-31.", "%s", err)
		}
		p.waiver.Until = day
	case "reason":
		if !hasWord(value) {
			p.mistake(w.valueAt, "Say in words why the rule does not apply.", "the reason %q has no word", value)
		}
		p.waiver.Reason = value
	case "owner":
		p.waiver.Owner = value
	case "ticket":
		p.waiver.Ticket = value
	}
}

// require adds what every waiver must have.
func (p *parser) require(listed bool) {
	whole := span{0, len(p.content)}
	if len(p.waiver.Rules) == 0 && len(p.mistakes) == 0 {
		p.mistake(whole, "Write a waiver as "+form+".", "a waiver must name its rules")
	}
	if _, has := p.waiver.keys["reason"]; !has && (listed || len(p.mistakes) == 0) {
		p.mistake(whole, `Add why the rule does not apply: reason="…".`, "a waiver needs a reason")
	}
}

// hasWord reports whether a text has a word: two letters in a row that are not the same, or one of a script whose
// words can have one, such as Han.
func hasWord(text string) bool {
	var before rune
	for _, r := range text {
		switch {
		case unicode.Is(unicode.Lo, r):
			return true
		case unicode.IsLetter(r) && unicode.IsLetter(before) && unicode.ToLower(r) != unicode.ToLower(before):
			return true
		}
		before = r
	}
	return false
}
