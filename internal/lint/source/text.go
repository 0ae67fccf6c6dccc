package source

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"
	"unicode/utf16"
	"unicode/utf8"
)

const byteOrderMark = "\uFEFF"

// encoding is that of a file. A file in UTF-16 begins with a byte order mark.
type encoding uint8

const (
	utf8Encoding encoding = iota
	utf16LittleEndian
	utf16BigEndian
)

// decode converts the data of f to UTF-8 without byte order marks. It does not copy UTF-8. Text returned with
// a fault is only for showing the location of the fault.
func (f *File) decode(data []byte) ([]byte, *fault) {
	switch {
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE, 0, 0}), bytes.HasPrefix(data, []byte{0, 0, 0xFE, 0xFF}):
		return data, &fault{kind: Undecodable, message: "UTF-32 is not supported"}
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		f.encoding, f.marks = utf16LittleEndian, 1
		return decodeUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		f.encoding, f.marks = utf16BigEndian, 1
		return decodeUTF16(data[2:], binary.BigEndian)
	}
	for bytes.HasPrefix(data, []byte(byteOrderMark)) {
		data = data[len(byteOrderMark):]
		f.marks++
	}
	if utf8.Valid(data) {
		return data, nil
	}
	at := invalidUTF8(data)
	return data, &fault{
		kind: Undecodable, start: at, end: at + 1,
		message: fmt.Sprintf("invalid UTF-8 byte 0x%02X", data[at]),
	}
}

func invalidUTF8(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return at
}

func decodeUTF16(data []byte, order binary.ByteOrder) ([]byte, *fault) {
	text := make([]byte, 0, len(data))
	for len(data) >= 2 {
		r, size := rune(order.Uint16(data)), 2
		if utf16.IsSurrogate(r) {
			if len(data) >= 4 {
				r, size = utf16.DecodeRune(r, rune(order.Uint16(data[2:]))), 4
			}
			if size == 2 || r == utf8.RuneError {
				return text, &fault{
					kind: Undecodable, start: len(text), end: len(text),
					message: "half of a UTF-16 surrogate pair is missing",
				}
			}
		}
		text = utf8.AppendRune(text, r)
		data = data[size:]
	}
	if len(data) > 0 {
		return text, &fault{
			kind: Undecodable, start: len(text), end: len(text),
			message: "UTF-16 text ends within a character",
		}
	}
	return text, nil
}

// lineStarts returns the offset of the first byte of each line. A line ends with
// LF, CR LF or CR.
func lineStarts(text []byte) []uint32 {
	starts := make([]uint32, 1, bytes.Count(text, []byte{'\n'})+2)
	carriageReturns := bytes.IndexByte(text, '\r') >= 0
	for at := 0; at < len(text); {
		var size int
		if carriageReturns {
			size = bytes.IndexAny(text[at:], "\r\n")
		} else {
			size = bytes.IndexByte(text[at:], '\n')
		}
		if size < 0 {
			break
		}
		at += size + 1
		if text[at-1] == '\r' && at < len(text) && text[at] == '\n' {
			at++
		}
		starts = append(starts, uint32(at))
	}
	return starts
}

// Position returns the position of a byte of Text. An offset outside the text is moved to the nearest
// end of the text.
func (f *File) Position(offset int) Position {
	offset = min(max(offset, 0), len(f.Text))
	line := sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) > offset })
	return Position{Offset: offset, Line: line, Column: f.codePoints(int(f.lines[line-1]), offset) + 1}
}

// codePoints returns the number of code points between two offsets of a line.
func (f *File) codePoints(start, end int) int {
	switch {
	case f.ascii:
		return end - start
	case f.counts == nil || end-start <= countStep:
		return utf8.RuneCount(f.Text[start:end])
	}
	return f.codePointsBefore(end) - f.codePointsBefore(start)
}

func (f *File) codePointsBefore(offset int) int {
	step := offset / countStep
	return int(f.counts[step]) + leadingBytes(f.Text[step*countStep:offset])
}

// countStep is in bytes. It limits the time to compute a position on a long line: minified JSON can
// have thousands of findings on a line of several MiB.
const countStep = 1 << 10

func (f *File) hasLongLine() bool {
	end := len(f.Text)
	for i := len(f.lines) - 1; i >= 0; i-- {
		if end-int(f.lines[i]) > countStep {
			return true
		}
		end = int(f.lines[i])
	}
	return false
}

// countCodePoints returns File.counts for a text in valid UTF-8.
func countCodePoints(text []byte) []int32 {
	counts := make([]int32, len(text)/countStep+1)
	for i := 1; i < len(counts); i++ {
		counts[i] = counts[i-1] + int32(leadingBytes(text[(i-1)*countStep:i*countStep]))
	}
	return counts
}

// leadingBytes returns the number of code points that begin in a part of valid UTF-8.
func leadingBytes(text []byte) int {
	n := 0
	for _, c := range text {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

func isASCII(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if binary.NativeEndian.Uint64(text)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range text {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Line returns line n, counted from 1, without its line break. It returns "" if the file does not
// have the line.
func (f *File) Line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	end := len(f.Text)
	if n < len(f.lines) {
		end = int(f.lines[n])
	}
	return string(bytes.TrimRight(f.Text[f.lines[n-1]:end], "\r\n"))
}
