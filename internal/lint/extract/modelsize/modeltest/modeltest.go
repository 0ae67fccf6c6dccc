// Package modeltest writes the files of models for tests.
package modeltest

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Field writes a field of a protobuf message that has a length.
func Field(number uint64, content ...string) string {
	text := strings.Join(content, "")
	header := binary.AppendUvarint(binary.AppendUvarint(nil, number<<3|2), uint64(len(text)))
	return string(header) + text
}

// Number writes a field of a protobuf message that is a number.
func Number(number, value uint64) string {
	return string(binary.AppendUvarint(binary.AppendUvarint(nil, number<<3), value))
}

// Tensor writes a TensorProto with its data in another file.
func Tensor(location string) string {
	return Number(1, 300) + Field(8, "weight") +
		Field(13, Field(1, "location"), Field(2, location)) + Field(13, Field(1, "offset"), Field(2, "4096")) + Number(14, 1)
}

// ONNX writes a ModelProto whose initializers have their data in other files.
func ONNX(locations ...string) string {
	model := Number(1, 8)
	for _, location := range locations {
		model += Field(7, Field(5, Tensor(location)))
	}
	return model
}

// Pointer writes a git-lfs pointer to a file of a size in bytes.
func Pointer(size int64) string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%064x\nsize %d\n", 7, size)
}
