package source_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func utf16Of(text string, order binary.AppendByteOrder) []byte {
	var data []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

func TestDataIsWhatWasRead(t *testing.T) {
	const text = "name: 模型 🚀 # \uFEFF\r\nsize: 1\r\n"
	for name, data := range map[string][]byte{
		"UTF-8":           []byte(text),
		"byte order mark": []byte("\uFEFF" + text),
		"two of them":     []byte("\uFEFF\uFEFF" + text),
		"little endian":   utf16Of(text, binary.LittleEndian),
		"big endian":      utf16Of(text, binary.BigEndian),
		"empty":           nil,
	} {
		f := source.Parse("a.yaml", data)
		if len(f.Problems) > 0 || !bytes.Equal(f.Data(), data) {
			t.Errorf("%s: %q, want %q; problems %v", name, f.Data(), data, f.Problems)
		}
		if f.IsUTF8() == (name == "little endian" || name == "big endian") {
			t.Errorf("%s: IsUTF8 is %v", name, f.IsUTF8())
		}
		at := bytes.Index(f.Text, []byte("size"))
		if at < 0 || !f.IsUTF8() {
			continue
		}
		if on := f.DataOffset(at); !bytes.HasPrefix(data[on:], []byte("size")) {
			t.Errorf("%s: offset %d is %d in the data", name, at, on)
		}
	}
}

func FuzzData(f *testing.F) {
	f.Add([]byte("a: 模型"))
	f.Add([]byte("\uFEFFa: 1\r\n"))
	f.Add(utf16Of("a: 🚀", binary.LittleEndian))
	f.Add(utf16Of("a: 🚀", binary.BigEndian))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		file := source.Parse("a.yaml", data)
		for _, problem := range file.Problems {
			if problem.Kind == source.Undecodable {
				return
			}
		}
		if !utf8.Valid(file.Text) || !bytes.Equal(file.Data(), data) {
			t.Errorf("%q is read as %q and written as %q", data, file.Text, file.Data())
		}
	})
}

func TestEntry(t *testing.T) {
	f := source.Parse("a.yaml", []byte("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: [2]\n"))
	root := f.Documents[0].Root
	for _, path := range [][]string{{"a"}, {"a", "b"}, {"d", "e"}} {
		member, ok := root.At(path...).Entry()
		if !ok || member.Key.Text() != path[len(path)-1] || member.Value != root.At(path...) {
			t.Errorf("%v: %v %v", path, member, ok)
		}
		if same, ok := member.Key.Entry(); !ok || same != member {
			t.Errorf("key of %v: %v %v", path, same, ok)
		}
	}
	if _, ok := root.Entry(); ok {
		t.Error("the root is in a collection")
	}
	if _, ok := root.At("d", "e").Items()[0].Entry(); ok {
		t.Error("an item of a list has a key")
	}
}
