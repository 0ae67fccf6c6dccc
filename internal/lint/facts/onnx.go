package facts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
)

// onnx measures an ONNX model with the files that hold tensors of it.
// https://onnx.ai/onnx/repo-docs/ExternalData.html
func (s *sizes) onnx(ctx context.Context, root string, found file) (measured, error) {
	size, err := s.single(found)
	if err != nil {
		return measured{}, err
	}
	if size.source == pointerSource {
		// What the model says of other files is not at hand.
		for _, usual := range []string{found.as + "_data", found.as + ".data"} {
			if _, err := fs.Lstat(s.fsys, usual); err == nil {
				return measured{}, fmt.Errorf("%s is a git-lfs pointer: whether %s is of the same model is not known", found.as, usual)
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
			return measured{}, fmt.Errorf("%s has data outside of its folder", found.as)
		}
		external, err := s.follow(root, path.Join(path.Dir(found.as), location))
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

// externalData returns the files that hold tensors of a model, as the model names them.
func (s *sizes) externalData(ctx context.Context, found file) ([]string, error) {
	file, err := s.fsys.Open(found.name)
	if err != nil {
		return nil, cannotRead(found.as, err)
	}
	defer file.Close()
	content, ok := file.(io.ReaderAt)
	if !ok {
		return nil, cannotRead(found.as, fs.ErrInvalid)
	}
	p := newProtobuf(ctx, content)
	switch err := p.message(onnxModel, 0, found.info.Size(), 0); {
	case errors.Is(err, errTooMuch):
		return nil, fmt.Errorf("%s has too many parts to look for its external data", found.as)
	case err != nil && !errors.Is(err, errMalformed):
		return nil, cannotRead(found.as, err)
	}
	// What is no ONNX, whatever its name, names no other files.
	slices.Sort(p.locations)
	return slices.Compact(p.locations), nil
}

// onnxMessage is a message of ONNX that leads to tensors.
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

// field returns what message a field holds.
func (m onnxMessage) field(number uint64) onnxMessage {
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
	number  uint64
}

const (
	// maxFields is how many fields of a model are read: graphs have some 100,000.
	maxFields = 4_000_000
	// maxMessages is how deep messages lie in each other, as protobuf's own readers have it.
	maxMessages = 100
	// maxEntry is in bytes: the key or the value of an entry of external data.
	maxEntry = 4096
)

var (
	errTooMuch   = errors.New("too much")
	errMalformed = errors.New("malformed")
)

// protobuf looks for external data in ONNX's wire format. It reads only what leads there:
// tensors may have gigabytes.
// https://protobuf.dev/programming-guides/encoding/
type protobuf struct {
	ctx       context.Context
	content   io.ReaderAt
	window    []byte // of content
	at        int64  // where the window begins
	left      int    // fields that may yet be read
	locations []string
}

func newProtobuf(ctx context.Context, content io.ReaderAt) *protobuf {
	return &protobuf{ctx: ctx, content: content, window: make([]byte, 0, 8192), left: maxFields}
}

// message reads the fields of a message that lies from one offset to another.
func (p *protobuf) message(message onnxMessage, from, to int64, depth int) error {
	if depth > maxMessages {
		return errMalformed
	}
	var tensor onnxTensorData
	for from < to {
		if p.left--; p.left < 0 {
			return errTooMuch
		}
		if p.left%1024 == 0 && p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		tag, next, err := p.varint(from, to)
		if err != nil {
			return err
		}
		from = next
		switch wire := tag & 7; {
		case tag>>3 == 0:
			return errMalformed
		case wire == 0:
			var value uint64
			if value, from, err = p.varint(from, to); err != nil {
				return err
			}
			if message == onnxTensor && tag>>3 == 14 {
				tensor.external = value == 1
			}
		case wire == 1:
			from += 8
		case wire == 5:
			from += 4
		case wire == 2:
			length, begin, err := p.varint(from, to)
			if err != nil || length > uint64(to-begin) {
				return errMalformed
			}
			from = begin + int64(length)
			switch inner := message.field(tag >> 3); inner {
			case onnxOther:
			case onnxEntry:
				key, value, err := p.entry(begin, from)
				if err != nil {
					return err
				}
				if key == "location" {
					tensor.location = value
				}
			default:
				if err := p.message(inner, begin, from, depth+1); err != nil {
					return err
				}
			}
		default:
			return errMalformed
		}
	}
	if from > to {
		return errMalformed
	}
	return p.found(tensor)
}

// onnxTensorData says where the data of a tensor is.
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
		return nil // mostly all tensors are in one file
	}
	if len(p.locations) == maxModelFiles {
		return errTooMuch
	}
	p.locations = append(p.locations, location)
	return nil
}

// entry reads a pair of texts.
func (p *protobuf) entry(from, to int64) (key, value string, err error) {
	for from < to {
		tag, next, err := p.varint(from, to)
		if err != nil {
			return "", "", err
		}
		length, begin, err := p.varint(next, to)
		if err != nil || tag&7 != 2 || length > uint64(to-begin) {
			return "", "", errMalformed
		}
		from = begin + int64(length)
		if length > maxEntry {
			continue
		}
		text := make([]byte, 0, length)
		for at := begin; at < from; at++ {
			b, err := p.byte(at)
			if err != nil {
				return "", "", err
			}
			text = append(text, b)
		}
		switch tag >> 3 {
		case 1:
			key = string(text)
		case 2:
			value = string(text)
		}
	}
	return key, value, nil
}

// varint reads a number of up to ten bytes and returns where it ends.
func (p *protobuf) varint(from, to int64) (value uint64, next int64, err error) {
	for shift := 0; shift < 64 && from < to; shift += 7 {
		b, err := p.byte(from)
		if err != nil {
			return 0, 0, err
		}
		from++
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value, from, nil
		}
	}
	return 0, 0, errMalformed
}

func (p *protobuf) byte(at int64) (byte, error) {
	if at < p.at || at >= p.at+int64(len(p.window)) {
		n, err := p.content.ReadAt(p.window[:cap(p.window)], at)
		switch {
		case n > 0:
		case errors.Is(err, io.EOF):
			return 0, errMalformed
		default:
			return 0, err
		}
		p.window, p.at = p.window[:n], at
	}
	return p.window[at-p.at], nil
}
