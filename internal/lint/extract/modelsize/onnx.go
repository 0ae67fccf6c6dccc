package modelsize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
)

// onnx measures an ONNX model and the files with its external tensors.
// https://onnx.ai/onnx/repo-docs/ExternalData.html
func (s *Sizes) onnx(ctx context.Context, root string, found resolve.File) (measured, error) {
	size, err := s.single(found)
	if err != nil {
		return measured{}, err
	}
	if size.source == pointerSource {
		// A pointer does not contain the names of the model's other files.
		for _, usual := range []string{found.As + "_data", found.As + ".data"} {
			if _, err := fs.Lstat(s.fsys, usual); err == nil {
				return measured{}, fmt.Errorf("%s is a git-lfs pointer, so it is unknown whether %s belongs to the model", found.As, usual)
			}
		}
		return size, nil
	}
	locations, err := s.externalData(ctx, found)
	if err != nil {
		return measured{}, err
	}
	if len(locations) == 0 {
		return size, nil
	}
	for _, location := range locations {
		if !filepath.IsLocal(location) {
			return measured{}, fmt.Errorf("%s has data outside its folder", found.As)
		}
		external, err := s.follow(root, path.Join(path.Dir(found.As), location))
		if err != nil {
			return measured{}, err
		}
		more, _, err := s.file(external)
		if err != nil {
			return measured{}, err
		}
		size.bytes = addSize(size.bytes, more)
	}
	size.source, size.why = "ONNX with external data", size.why+" and its external data in "+locations[0]
	if more := len(locations) - 1; more > 0 {
		size.why += fmt.Sprintf(" and %d more", more)
	}
	return size, nil
}

// externalData returns the names in a model of the files with its external tensors.
func (s *Sizes) externalData(ctx context.Context, found resolve.File) ([]string, error) {
	file, err := s.fsys.Open(found.Name)
	if err != nil {
		return nil, cannotRead(found.As, err)
	}
	defer file.Close()
	content, ok := file.(io.ReaderAt)
	if !ok {
		return nil, cannotRead(found.As, fs.ErrInvalid)
	}
	p := newProtobuf(ctx, content)
	switch err := p.message(onnxModel, 0, found.Info.Size(), 0); {
	case errors.Is(err, errTooMuch):
		return nil, fmt.Errorf("%s has too many parts to search for external data", found.As)
	case err != nil && !errors.Is(err, errMalformed):
		return nil, cannotRead(found.As, err)
	}
	// A file that is not ONNX has no locations.
	slices.Sort(p.locations)
	return slices.Compact(p.locations), nil
}

// onnxMessage is a type of ONNX message that contains tensors, directly or not.
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
type onnxMessage uint8

const (
	onnxOther onnxMessage = iota
	onnxModel
	onnxGraph
	onnxNode
	onnxAttribute
	onnxTensor
	onnxSparseTensor
	onnxFunction
	onnxTraining
	onnxEntry
)

// field returns the type of message in a field.
func (m onnxMessage) field(number protowire.Number) onnxMessage {
	switch (onnxField{m, number}) {
	case onnxField{onnxModel, 7}, onnxField{onnxAttribute, 6}, onnxField{onnxAttribute, 11},
		onnxField{onnxTraining, 1}, onnxField{onnxTraining, 2}:
		return onnxGraph
	case onnxField{onnxModel, 20}:
		return onnxTraining
	case onnxField{onnxModel, 25}:
		return onnxFunction
	case onnxField{onnxGraph, 1}, onnxField{onnxFunction, 7}:
		return onnxNode
	case onnxField{onnxNode, 5}:
		return onnxAttribute
	case onnxField{onnxGraph, 5}, onnxField{onnxAttribute, 5}, onnxField{onnxAttribute, 10},
		onnxField{onnxSparseTensor, 1}, onnxField{onnxSparseTensor, 2}:
		return onnxTensor
	case onnxField{onnxGraph, 15}, onnxField{onnxAttribute, 22}, onnxField{onnxAttribute, 23}:
		return onnxSparseTensor
	case onnxField{onnxTensor, 13}:
		return onnxEntry
	}
	return onnxOther
}

type onnxField struct {
	message onnxMessage
	number  protowire.Number
}

const (
	// maxFields limits the fields that are read of a model. Graphs have about 100,000.
	maxFields = 4_000_000
	// maxMessages limits the nesting of messages, as protobuf's own readers do.
	maxMessages = 100
	// maxEntry limits the key and the value of an external data entry, in bytes.
	maxEntry = 4096
)

var (
	errTooMuch   = errors.New("too much")
	errMalformed = errors.New("malformed")
)

// protobuf searches ONNX's wire format for external data. It skips the content of other fields,
// since tensors may have gigabytes.
type protobuf struct {
	ctx       context.Context
	content   io.ReaderAt
	window    []byte // of content
	at        int64  // the offset of the window
	left      int    // the number of fields that may still be read
	locations []string
}

func newProtobuf(ctx context.Context, content io.ReaderAt) *protobuf {
	return &protobuf{ctx: ctx, content: content, window: make([]byte, 0, 8192), left: maxFields}
}

// message reads the fields of a message between two offsets.
func (p *protobuf) message(message onnxMessage, from, to int64, depth int) error {
	if depth > maxMessages {
		return errMalformed
	}
	var tensor onnxTensorData
	for field, err := range p.fields(from, to) {
		if err != nil {
			return err
		}
		switch inner := message.field(field.number); {
		case field.wire == protowire.VarintType && message == onnxTensor && field.number == 14:
			tensor.external = field.value == 1
		case field.wire != protowire.BytesType || inner == onnxOther:
		case inner == onnxEntry:
			err = p.entry(&tensor, field.begin, field.end)
		default:
			err = p.message(inner, field.begin, field.end, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return p.found(tensor)
}

// protobufField is a field of a message. begin and end delimit a value with a length.
type protobufField struct {
	number     protowire.Number
	wire       protowire.Type
	value      uint64 // a varint
	begin, end int64
}

// maxHeader is the limit for the tag of a field and the varint after it, in bytes.
const maxHeader = 2 * 10

// fields reads the fields between two offsets, up to the first error.
func (p *protobuf) fields(from, to int64) iter.Seq2[protobufField, error] {
	return func(yield func(protobufField, error) bool) {
		for from < to {
			field, err := p.field(from, to)
			if !yield(field, err) || err != nil {
				return
			}
			from = field.end
		}
	}
}

// field reads a field, without the content of a value with a length.
func (p *protobuf) field(from, to int64) (protobufField, error) {
	if p.left--; p.left < 0 {
		return protobufField{}, errTooMuch
	}
	if p.left%1024 == 0 && p.ctx.Err() != nil {
		return protobufField{}, p.ctx.Err()
	}
	header, err := p.peek(from, min(maxHeader, to-from))
	if err != nil {
		return protobufField{}, err
	}
	number, wire, n := protowire.ConsumeTag(header)
	if n < 0 {
		return protobufField{}, errMalformed
	}
	field := protobufField{number: number, wire: wire, begin: from + int64(n)}
	switch wire {
	case protowire.Fixed32Type:
		field.end = field.begin + 4
	case protowire.Fixed64Type:
		field.end = field.begin + 8
	case protowire.VarintType, protowire.BytesType:
		value, m := protowire.ConsumeVarint(header[n:])
		if m < 0 {
			return protobufField{}, errMalformed
		}
		field.value, field.begin = value, field.begin+int64(m)
		field.end = field.begin
		if wire == protowire.BytesType {
			if value > uint64(to-field.begin) {
				return protobufField{}, errMalformed
			}
			field.end += int64(value)
		}
	default:
		return protobufField{}, errMalformed
	}
	if field.end > to {
		return protobufField{}, errMalformed
	}
	return field, nil
}

// onnxTensorData declares where the data of a tensor is.
type onnxTensorData struct {
	external bool
	location string
}

func (p *protobuf) found(tensor onnxTensorData) error {
	if !tensor.external || tensor.location == "" {
		return nil
	}
	location := path.Clean(tensor.location)
	if len(p.locations) > 0 && p.locations[len(p.locations)-1] == location {
		return nil // usually all tensors are in one file
	}
	if len(p.locations) == maxModelFiles {
		return errTooMuch
	}
	p.locations = append(p.locations, location)
	return nil
}

// entry reads a key and its value, both strings, of a tensor's external data.
func (p *protobuf) entry(tensor *onnxTensorData, from, to int64) error {
	var key, value string
	for field, err := range p.fields(from, to) {
		switch {
		case err != nil:
			return err
		case field.wire != protowire.BytesType:
			return errMalformed
		case field.end-field.begin > maxEntry:
			continue
		}
		text, err := p.peek(field.begin, field.end-field.begin)
		if err != nil {
			return err
		}
		switch field.number {
		case 1:
			key = string(text)
		case 2:
			value = string(text)
		}
	}
	if key == "location" {
		tensor.location = value
	}
	return nil
}

// peek returns bytes of the content, at most the length of the window.
func (p *protobuf) peek(from, length int64) ([]byte, error) {
	if begin := from - p.at; begin < 0 || begin+length > int64(len(p.window)) {
		n, err := p.content.ReadAt(p.window[:cap(p.window)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		p.window, p.at = p.window[:n], from
	}
	begin := from - p.at
	if begin+length > int64(len(p.window)) {
		return nil, errMalformed
	}
	return p.window[begin : begin+length], nil
}
