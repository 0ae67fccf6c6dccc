package source

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Data returns the bytes that the file was read from, if they could be decoded.
func (f *File) Data() []byte { return f.Encode(f.Text) }

// Encode returns a text in valid UTF-8 in the encoding of the file, with the byte order marks of the file.
func (f *File) Encode(text []byte) []byte {
	if f.encoding == utf8Encoding {
		return append(bytes.Repeat([]byte(byteOrderMark), f.marks), text...)
	}
	var order binary.AppendByteOrder = binary.LittleEndian
	if f.encoding == utf16BigEndian {
		order = binary.BigEndian
	}
	data := order.AppendUint16(make([]byte, 0, 2*len(text)+2), '\uFEFF')
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			data = order.AppendUint16(order.AppendUint16(data, uint16(high)), uint16(low))
		} else {
			data = order.AppendUint16(data, uint16(r))
		}
	}
	return data
}

// IsUTF8 reports whether the file is in UTF-8, with or without a byte order mark.
func (f *File) IsUTF8() bool { return f.encoding == utf8Encoding }

// DataOffset converts an offset in Text of a file in UTF-8 to one in Data.
func (f *File) DataOffset(offset int) int { return f.marks*len(byteOrderMark) + offset }

// Entry returns the member of the mapping around n that n is the key or the value of; false if there is none. The value of
// an alias has the member that defines the anchor.
func (n *Node) Entry() (Member, bool) {
	if n.Parent() == nil {
		return Member{}, false
	}
	member := n.member()
	if member == nil {
		return Member{}, false
	}
	return *member, true
}
