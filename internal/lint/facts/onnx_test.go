package facts

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// field writes a field of a protobuf message that has a length.
func field(number uint64, content ...string) string {
	text := strings.Join(content, "")
	header := binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|2), uint64(len(text)))
	return string(header) + text
}

// numberField writes a field of a protobuf message that is a number.
func numberField(number, value uint64) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, number<<3), value))
}

// tensor writes a TensorProto with its data in another file.
func tensor(location string) string {
	return numberField(1, 300) + field(8, "weight") +
		field(13, field(1, "location"), field(2, location)) + field(13, field(1, "offset"), field(2, "4096")) + numberField(14, 1)
}

// onnxOf writes a ModelProto whose initializers have their data in other files.
func onnxOf(locations ...string) string {
	model := numberField(1, 8)
	for _, location := range locations {
		model += field(7, field(5, tensor(location)))
	}
	return model
}

// externalIn reads a model and returns the files that it names and the bytes that were read.
func externalIn(t *testing.T, model string) (locations []string, read int, err error) {
	t.Helper()
	counter := &countingReader{content: strings.NewReader(model)}
	p := newProtobuf(context.Background(), counter)
	err = p.message(onnxModel, 0, int64(len(model)), 0)
	return p.locations, counter.read, err
}

type countingReader struct {
	content io.ReaderAt
	read    int
}

func (c *countingReader) ReadAt(data []byte, at int64) (int, error) {
	n, err := c.content.ReadAt(data, at)
	c.read += n
	return n, err
}

// Tensors lie in the graph, in the attributes of its nodes, and in graphs in these.
func TestExternalDataOfONNX(t *testing.T) {
	w := tensor("w")
	graph := field(5, w)
	tests := []struct{ name, model, want string }{
		{"initializer", field(7, graph), "w"},
		{"sparse initializer", field(7, field(15, field(1, w), field(2, tensor("i")))), "w i"},
		{"constant", field(7, field(1, field(5, field(5, w)))), "w"},
		{"constants", field(7, field(1, field(5, field(10, w), field(10, tensor("v"))))), "w v"},
		{"sparse constants", field(7, field(1, field(5, field(22, field(1, w)), field(23, field(1, tensor("v")))))), "w v"},
		{"graph of an If", field(7, field(1, field(5, field(6, graph), field(11, field(5, tensor("v")))))), "w v"},
		{"function", field(25, field(7, field(5, field(5, w)))), "w"},
		{"training", field(20, field(1, graph), field(2, field(5, tensor("v")))), "w v"},
		{"unpacked numbers before it", numberField(1, 1<<63) + "\x31aaaaaaaa\x2daaaa" + field(7, graph), "w"},
		{"key behind its value", field(7, field(5, field(13, field(2, "w"), field(1, "location")), numberField(14, 1))), "w"},

		{"data inside", field(7, field(5, field(13, field(1, "location"), field(2, "w")))), ""},
		{"data inside after all", field(7, field(5, w, numberField(14, 0))), ""},
		{"no location", field(7, field(5, field(13, field(1, "offset"), field(2, "w")), numberField(14, 1))), ""},
		{"text that looks like it", field(2, graph) + field(7, field(2, w), field(10, w)), ""},
		{"a name beyond measure", field(7, field(5, tensor(strings.Repeat("w", maxEntry+1)))), ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			locations, _, err := externalIn(t, test.model)
			if err != nil {
				t.Error(err)
			}
			equal(t, strings.Join(locations, " "), test.want)
		})
	}
}

func TestMalformedONNX(t *testing.T) {
	deep := "x"
	for range 200 {
		deep = field(1, field(5, field(6, deep)))
	}
	for name, model := range map[string]string{
		"zeros": "\x00\x00", "text": "not a model\n", "field 0": numberField(0, 1), "group": "\x0b\x0c", "wire 7": "\x0f",
		"length beyond the end": "\x3a\x05ab", "length beyond 2^63": "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "no end of a number": strings.Repeat("\xff", 20),
		"number cut off": "\x08\x80", "8 bytes cut off": "\x31aaa", "4 bytes cut off": "\x2da", "entry cut off": field(7, field(5, field(13, "\x0a\x05a"))),
		"entry of numbers": field(7, field(5, field(13, numberField(1, 1)))), "too deep": field(7, deep),
	} {
		if locations, _, err := externalIn(t, model); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v, error %v", name, locations, err)
		}
	}
	// What stands before the end of a model that is cut off counts.
	model := onnxOf("w", "v")
	locations, _, err := externalIn(t, model[:len(model)-1])
	if !slices.Equal(locations, []string{"w"}) || !errors.Is(err, errMalformed) {
		t.Errorf("%v, %v", locations, err)
	}
}

func TestONNXOfTooManyParts(t *testing.T) {
	if _, _, err := externalIn(t, strings.Repeat(numberField(1, 1), maxFields+1)); !errors.Is(err, errTooMuch) {
		t.Errorf("error %v", err)
	}
	var b strings.Builder
	for i := range maxModelFiles + 1 {
		b.WriteString(field(7, field(5, tensor(strings.Repeat("w", i%50+1)))))
	}
	if _, _, err := externalIn(t, b.String()); !errors.Is(err, errTooMuch) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	many := strings.Repeat(numberField(1, 1), 5000)
	if err := newProtobuf(ctx, strings.NewReader(many)).message(onnxModel, 0, int64(len(many)), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Data inside a model is passed over, however much it is.
func TestONNXIsReadInPart(t *testing.T) {
	model := field(7, field(5, field(9, strings.Repeat("x", 10_000_000))), field(5, tensor("w")))
	locations, read, err := externalIn(t, model)
	if err != nil || !slices.Equal(locations, []string{"w"}) || read > 100_000 {
		t.Errorf("%v, %v, %d bytes were read", locations, err, read)
	}
	small := field(7, strings.Repeat(field(5, tensor("w")), 10_000))
	large := field(7, strings.Repeat(field(5, tensor("w")), 20_000))
	_, one, err1 := externalIn(t, small)
	_, two, err2 := externalIn(t, large)
	if err := errors.Join(err1, err2); err != nil || two > one*5/2 {
		t.Errorf("%v: %d bytes are read of %d, %d of %d", err, one, len(small), two, len(large))
	}
}

// Any bytes are read to an end, and what is found stands in them.
func FuzzONNX(f *testing.F) {
	f.Add([]byte(onnxOf("w", "d/v")))
	f.Add([]byte(field(7, field(1, field(5, field(6, field(5, tensor("w"))))), field(15, field(1, tensor("v"))))))
	f.Add([]byte(field(25, field(7, field(5, field(10, tensor("w")))))))
	f.Add([]byte("\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newProtobuf(context.Background(), bytes.NewReader(data))
		_ = p.message(onnxModel, 0, int64(len(data)), 0)
		one := newProtobuf(context.Background(), bytes.NewReader(data))
		one.window = make([]byte, 0, maxEntry)
		_ = one.message(onnxModel, 0, int64(len(data)), 0)
		if !slices.Equal(p.locations, one.locations) {
			t.Errorf("%q, with a smaller window %q", p.locations, one.locations)
		}
		if read := maxFields - p.left; read > len(data)+1 {
			t.Errorf("%d fields in %d bytes", read, len(data))
		}
	})
}
