package modelsize

import (
	"bytes"
	"context"
	"errors"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/modelsize/modeltest"
	"io"
	"slices"
	"strings"
	"testing"
)

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
	w := modeltest.Tensor("w")
	graph := modeltest.Field(5, w)
	tests := []struct{ name, model, want string }{
		{"initializer", modeltest.Field(7, graph), "w"},
		{"sparse initializer", modeltest.Field(7, modeltest.Field(15, modeltest.Field(1, w), modeltest.Field(2, modeltest.Tensor("i")))), "w i"},
		{"constant", modeltest.Field(7, modeltest.Field(1, modeltest.Field(5, modeltest.Field(5, w)))), "w"},
		{"constants", modeltest.Field(7, modeltest.Field(1, modeltest.Field(5, modeltest.Field(10, w), modeltest.Field(10, modeltest.Tensor("v"))))), "w v"},
		{"sparse constants", modeltest.Field(7, modeltest.Field(1, modeltest.Field(5, modeltest.Field(22, modeltest.Field(1, w)), modeltest.Field(23, modeltest.Field(1, modeltest.Tensor("v")))))), "w v"},
		{"graph of an If", modeltest.Field(7, modeltest.Field(1, modeltest.Field(5, modeltest.Field(6, graph), modeltest.Field(11, modeltest.Field(5, modeltest.Tensor("v")))))), "w v"},
		{"function", modeltest.Field(25, modeltest.Field(7, modeltest.Field(5, modeltest.Field(5, w)))), "w"},
		{"training", modeltest.Field(20, modeltest.Field(1, graph), modeltest.Field(2, modeltest.Field(5, modeltest.Tensor("v")))), "w v"},
		{"unpacked numbers before it", modeltest.Number(1, 1<<63) + "\x31aaaaaaaa\x2daaaa" + modeltest.Field(7, graph), "w"},
		{"key behind its value", modeltest.Field(7, modeltest.Field(5, modeltest.Field(13, modeltest.Field(2, "w"), modeltest.Field(1, "location")), modeltest.Number(14, 1))), "w"},

		{"data inside", modeltest.Field(7, modeltest.Field(5, modeltest.Field(13, modeltest.Field(1, "location"), modeltest.Field(2, "w")))), ""},
		{"data inside after all", modeltest.Field(7, modeltest.Field(5, w, modeltest.Number(14, 0))), ""},
		{"no location", modeltest.Field(7, modeltest.Field(5, modeltest.Field(13, modeltest.Field(1, "offset"), modeltest.Field(2, "w")), modeltest.Number(14, 1))), ""},
		{"text that looks like it", modeltest.Field(2, graph) + modeltest.Field(7, modeltest.Field(2, w), modeltest.Field(10, w)), ""},
		{"a name beyond measure", modeltest.Field(7, modeltest.Field(5, modeltest.Tensor(strings.Repeat("w", maxEntry+1)))), ""},
		{"nothing", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			locations, _, err := externalIn(t, test.model)
			if err != nil {
				t.Error(err)
			}
			if got := strings.Join(locations, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestMalformedONNX(t *testing.T) {
	deep := "x"
	for range 200 {
		deep = modeltest.Field(1, modeltest.Field(5, modeltest.Field(6, deep)))
	}
	for name, model := range map[string]string{
		"zeros": "\x00\x00", "text": "not a model\n", "field 0": modeltest.Number(0, 1), "group": "\x0b\x0c", "wire 7": "\x0f",
		"length beyond the end": "\x3a\x05ab", "length beyond 2^63": "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "no end of a number": strings.Repeat("\xff", 20),
		"number cut off": "\x08\x80", "8 bytes cut off": "\x31aaa", "4 bytes cut off": "\x2da", "entry cut off": modeltest.Field(7, modeltest.Field(5, modeltest.Field(13, "\x0a\x05a"))),
		"entry of numbers": modeltest.Field(7, modeltest.Field(5, modeltest.Field(13, modeltest.Number(1, 1)))), "too deep": modeltest.Field(7, deep),
	} {
		if locations, _, err := externalIn(t, model); !errors.Is(err, errMalformed) {
			t.Errorf("%s: %v, error %v", name, locations, err)
		}
	}
	// What stands before the end of a model that is cut off counts.
	model := modeltest.ONNX("w", "v")
	locations, _, err := externalIn(t, model[:len(model)-1])
	if !slices.Equal(locations, []string{"w"}) || !errors.Is(err, errMalformed) {
		t.Errorf("%v, %v", locations, err)
	}
}

func TestONNXOfTooManyParts(t *testing.T) {
	if _, _, err := externalIn(t, strings.Repeat(modeltest.Number(1, 1), maxFields+1)); !errors.Is(err, errTooMuch) {
		t.Errorf("error %v", err)
	}
	var b strings.Builder
	for i := range maxModelFiles + 1 {
		b.WriteString(modeltest.Field(7, modeltest.Field(5, modeltest.Tensor(strings.Repeat("w", i%50+1)))))
	}
	if _, _, err := externalIn(t, b.String()); !errors.Is(err, errTooMuch) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	many := strings.Repeat(modeltest.Number(1, 1), 5000)
	if err := newProtobuf(ctx, strings.NewReader(many)).message(onnxModel, 0, int64(len(many)), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// Data inside a model is passed over, however much it is.
func TestONNXIsReadInPart(t *testing.T) {
	model := modeltest.Field(7, modeltest.Field(5, modeltest.Field(9, strings.Repeat("x", 10_000_000))), modeltest.Field(5, modeltest.Tensor("w")))
	locations, read, err := externalIn(t, model)
	if err != nil || !slices.Equal(locations, []string{"w"}) || read > 100_000 {
		t.Errorf("%v, %v, %d bytes were read", locations, err, read)
	}
	small := modeltest.Field(7, strings.Repeat(modeltest.Field(5, modeltest.Tensor("w")), 10_000))
	large := modeltest.Field(7, strings.Repeat(modeltest.Field(5, modeltest.Tensor("w")), 20_000))
	_, one, err1 := externalIn(t, small)
	_, two, err2 := externalIn(t, large)
	if err := errors.Join(err1, err2); err != nil || two > one*5/2 {
		t.Errorf("%v: %d bytes are read of %d, %d of %d", err, one, len(small), two, len(large))
	}
}

// Any bytes are read to an end, and what is found stands in them.
func FuzzONNX(f *testing.F) {
	f.Add([]byte(modeltest.ONNX("w", "d/v")))
	f.Add([]byte(modeltest.Field(7, modeltest.Field(1, modeltest.Field(5, modeltest.Field(6, modeltest.Field(5, modeltest.Tensor("w"))))), modeltest.Field(15, modeltest.Field(1, modeltest.Tensor("v"))))))
	f.Add([]byte(modeltest.Field(25, modeltest.Field(7, modeltest.Field(5, modeltest.Field(10, modeltest.Tensor("w")))))))
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
