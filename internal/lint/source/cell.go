package source

import (
	"bytes"
	"sort"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Cell is a cell of a notebook. The text of the notebook's file has that of the cell as strings of JSON.
type Cell struct {
	// Number counts all cells of the notebook from 1, whatever their kind.
	Number int
	// Text is the source of the cell.
	Text []byte

	pieces []piece
	lines  []uint32 // offset of the first byte of each line
}

// piece is a part of a cell that stands in the file as it is, or an escape of JSON.
type piece struct {
	at, in uint32 // where it starts in the text of the cell, and in that of the file
	escape uint32 // the length of the escape in the file, 0 for none
}

// Append adds to the text of a cell what a string of JSON says, which stands in the text of the file from start to end with its
// quotation marks.
func (c *Cell) Append(file *File, start, end int) {
	at, end := start+1, end-1
	for at < end {
		length := bytes.IndexByte(file.Text[at:end], '\\')
		if length < 0 {
			length = end - at
		}
		if length > 0 {
			c.pieces = append(c.pieces, piece{at: uint32(len(c.Text)), in: uint32(at)})
			c.Text = append(c.Text, file.Text[at:at+length]...)
			at += length
		}
		if at < end {
			r, size := unescapeJSON(file.Text[at:end])
			c.pieces = append(c.pieces, piece{uint32(len(c.Text)), uint32(at), uint32(size)})
			c.Text = utf8.AppendRune(c.Text, r)
			at += size
		}
	}
}

// unescapeJSON returns the character of the escape at the start of a text, and the length of the escape.
func unescapeJSON(text []byte) (r rune, size int) {
	if len(text) < 2 {
		return utf8.RuneError, len(text)
	}
	if at := bytes.IndexByte([]byte("bfnrt"), text[1]); at >= 0 {
		return rune("\b\f\n\r\t"[at]), 2
	}
	if text[1] != 'u' {
		return rune(text[1]), 2
	}
	r, size = hexEscape(text)
	if utf16.IsSurrogate(r) {
		low, further := hexEscape(text[size:])
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, size + further
		}
		return utf8.RuneError, size
	}
	return r, size
}

// hexEscape reads \uXXXX.
func hexEscape(text []byte) (r rune, size int) {
	const length = len(`\uXXXX`)
	if len(text) < length || text[0] != '\\' || text[1] != 'u' {
		return utf8.RuneError, min(len(text), 2)
	}
	code, err := strconv.ParseUint(string(text[2:length]), 16, 16)
	if err != nil {
		return utf8.RuneError, length
	}
	return rune(code), length
}

// Span converts a stretch of the cell's text to one of the file's, from the start of the first character to the end of the last.
func (c *Cell) Span(start, end int) (from, to int) {
	if len(c.pieces) == 0 {
		return 0, 0
	}
	first := c.pieceAt(start)
	from = int(first.in)
	if first.escape == 0 {
		from += start - int(first.at)
	}
	if end <= start {
		return from, from
	}
	last := c.pieceAt(end - 1)
	to = int(last.in + last.escape)
	if last.escape == 0 {
		to += end - int(last.at)
	}
	return from, to
}

func (c *Cell) pieceAt(offset int) piece {
	i := sort.Search(len(c.pieces), func(i int) bool { return int(c.pieces[i].at) > offset })
	return c.pieces[max(i-1, 0)]
}

// SetCells sets the cells of a notebook, in the order of the text. Those without a text count for nothing.
func (f *File) SetCells(cells []*Cell) {
	f.cells = nil
	for _, c := range cells {
		if len(c.pieces) > 0 {
			c.lines = lineStarts(c.Text)
			f.cells = append(f.cells, c)
		}
	}
}

// Cell returns the cell that has the character at an offset of the file's text, and its position in the text of the cell. The cell is
// nil if none has.
func (f *File) Cell(offset int) (cell *Cell, at Position) {
	if f == nil {
		return nil, Position{}
	}
	i := sort.Search(len(f.cells), func(i int) bool { return int(f.cells[i].pieces[0].in) > offset }) - 1
	if i < 0 {
		return nil, Position{}
	}
	cell = f.cells[i]
	p := cell.pieces[sort.Search(len(cell.pieces), func(i int) bool { return int(cell.pieces[i].in) > offset })-1]
	at.Offset = int(p.at)
	if p.escape == 0 {
		at.Offset = min(int(p.at)+offset-int(p.in), len(cell.Text))
	}
	at.Line = sort.Search(len(cell.lines), func(i int) bool { return int(cell.lines[i]) > at.Offset })
	at.Column = utf8.RuneCount(cell.Text[cell.lines[at.Line-1]:at.Offset]) + 1
	return cell, at
}

// InCell converts a stretch of the file's text to one of the text of the cell that has it; the cell is nil if none has.
func (f *File) InCell(span Span) (*Cell, Span) {
	cell, start := f.Cell(span.Start.Offset)
	if cell == nil {
		return nil, span
	}
	end := start
	if last, at := f.Cell(span.End.Offset - 1); last == cell && span.End.Offset > span.Start.Offset {
		for end.Offset = at.Offset + 1; end.Offset < len(cell.Text) && !utf8.RuneStart(cell.Text[end.Offset]); {
			end.Offset++
		}
	}
	return cell, Span{start, end}
}

// Content returns what a stretch of the text says: in a notebook, without the escapes of JSON.
func (f *File) Content(start, end int) string {
	if cell, span := f.InCell(Span{Position{Offset: start}, Position{Offset: end}}); cell != nil {
		return string(cell.Text[span.Start.Offset:span.End.Offset])
	}
	return string(f.Text[start:end])
}
