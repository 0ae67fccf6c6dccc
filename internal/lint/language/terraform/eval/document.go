package eval

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// decodeJSON is decode for a text that must be JSON.
func (e *Evaluator) decodeJSON(at hcl.Range, v *Value) *Value {
	if text, ok := v.Text(); ok && !json.Valid([]byte(text)) {
		return invalidAt(at)
	}
	return e.Decode(at, v)
}

// Decode returns the value of a text in YAML or JSON, each part of it with its place in the text. A part with a
// placeholder is unknown.
func (e *Evaluator) Decode(at hcl.Range, v *Value) *Value {
	if v.Encoded != nil {
		return v.Encoded
	}
	text, ok := v.Text()
	if !ok {
		if text = v.Partial; text == "" {
			return unknownAt(at)
		}
	}
	if !e.Spend(len(text)) {
		return unknownAt(at)
	}
	file := source.Parse("text.yaml", []byte(text))
	if len(file.Problems) > 0 || len(file.Documents) != 1 {
		return unknownAt(at)
	}
	d := &decoder{e, v, !ok}
	return d.value(file.Documents[0].Root)
}

// decoder makes values of a document in a text.
type decoder struct {
	*Evaluator
	of      *Value
	partial bool // the text has placeholders
}

func (d *decoder) value(n *source.Node) *Value {
	at, exact := d.place(n)
	if !d.Spend(1) {
		return unknownAt(at)
	}
	made := &Value{At: at, Used: d.of.Used, Why: d.of.Why}
	if !exact {
		made.From = d.of.From
	}
	switch n.Kind {
	case source.Null:
		made.Kind = Null
	case source.Sequence:
		made.Kind = List
		for _, item := range n.Items() {
			made.Items = append(made.Items, d.value(item))
		}
	case source.Mapping:
		made.Kind = Object
		for key, item := range n.Pairs() {
			if d.hasUnknown(key.Text()) {
				made.Open = true
				continue
			}
			name, _ := d.place(key)
			made.Members = append(made.Members, Member{key.Text(), name, d.value(item)})
		}
	default:
		made.Kind, made.Scalar = Scalar, ScalarOf(n)
		if d.hasUnknown(n.Text()) {
			made.Kind, made.Partial = unknown, n.Text()
		}
	}
	return made
}

// hasUnknown reports whether a part of the text is not known.
func (d *decoder) hasUnknown(text string) bool {
	return d.partial && strings.Contains(text, Placeholder)
}

// ScalarOf returns the value of a scalar of a document.
func ScalarOf(n *source.Node) cty.Value {
	switch n.Kind {
	case source.Bool:
		switch strings.ToLower(n.Text()) {
		case "true", "yes", "on", "y":
			return cty.True
		}
		return cty.False
	case source.Number:
		if number, err := cty.ParseNumberVal(n.Text()); err == nil && printable(number.AsBigFloat()) {
			return number
		}
	}
	return cty.StringVal(n.Text())
}

// place returns where a part of the text stands in the file; the whole text, if that is not known. exact is set for one
// that is written there as it is.
func (d *decoder) place(n *source.Node) (at hcl.Range, exact bool) {
	span := n.Span()
	first, last := d.of.pieceAt(span.Start.Offset), d.of.pieceAt(max(span.End.Offset-1, span.Start.Offset))
	if first == nil || last == nil {
		return d.of.At, len(d.of.From) == 0
	}
	start, end := first.start, last.end
	if !first.computed {
		start += span.Start.Offset - first.from
	}
	if !last.computed {
		end = last.start + span.End.Offset - last.from
	}
	return RangeOf(d.of.At.Filename, start, max(start, end)), n.Kind >= source.Sequence || first == last && !first.computed
}

// pieceAt returns the piece with a byte of a string, nil if there is none.
func (v *Value) pieceAt(at int) *piece {
	i, found := slices.BinarySearchFunc(v.pieces, at, func(p piece, at int) int { return p.from - at })
	if !found {
		i--
	}
	if i < 0 || at > v.pieces[i].from+v.pieces[i].size {
		return nil
	}
	return &v.pieces[i]
}

// piecesOf returns the parts of a literal text that stand in the file as they are: all of it, or what is left of each
// line of a heredoc whose indentation is removed.
func piecesOf(text, written string, start int) []piece {
	if text == written {
		return []piece{{size: len(text), start: start, end: start + len(text)}}
	}
	if strings.Count(text, "\n") != strings.Count(written, "\n") {
		return nil
	}
	var pieces []piece
	from := 0
	for line := range strings.SplitAfterSeq(text, "\n") {
		length := strings.IndexByte(written, '\n') + 1
		if length == 0 {
			length = len(written)
		}
		if indent, ok := strings.CutSuffix(written[:length], line); ok && strings.Trim(indent, " \t") == "" && line != "" {
			pieces = append(pieces, piece{from: from, size: len(line), start: start + len(indent), end: start + length})
		}
		from, start, written = from+len(line), start+length, written[length:]
	}
	return pieces
}
