//go:build unix

package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// generate writes some eighths of a row's tree to a folder. The same row is always the same tree.
func generate(name string, eighths int, folder string) error {
	selected, err := rowsNamed([]string{name})
	if err != nil {
		return err
	}
	seed := fnv.New64a()
	seed.Write([]byte(name))
	t := &tree{folder: folder, Rand: rand.New(rand.NewPCG(seed.Sum64(), 1))}
	// The root of a repository, in which mlpolicy looks for what documents refer to.
	t.text(".git/HEAD", "ref: refs/heads/main\n")
	selected[0].write(t, eighths)
	return t.err
}

// tree is a folder that is written. The first error ends the writing.
type tree struct {
	*rand.Rand
	folder string
	err    error
}

// file writes a file; its path has slashes.
func (t *tree) file(path string, write func(w *bufio.Writer)) {
	if t.err != nil {
		return
	}
	path = filepath.Join(t.folder, filepath.FromSlash(path))
	if t.err = os.MkdirAll(filepath.Dir(path), 0o755); t.err != nil {
		return
	}
	file, err := os.Create(path)
	if err != nil {
		t.err = err
		return
	}
	defer file.Close()
	w := bufio.NewWriterSize(file, 1<<16)
	write(w)
	t.err = w.Flush()
}

func (t *tree) text(path, text string) {
	t.file(path, func(w *bufio.Writer) { w.WriteString(text) })
}

// yaml writes a file of documents.
func (t *tree) yaml(path string, documents ...object) {
	t.file(path, func(w *bufio.Writer) {
		y := yamlWriter{Writer: w}
		for _, document := range documents {
			y.document(document)
		}
	})
}

// pick returns one of some values.
func pick[T any](t *tree, values ...T) T { return values[t.IntN(len(values))] }

// name returns a name that is not used for another number.
func (t *tree) name(number int) string {
	return fmt.Sprintf("%s-%s-%d", pick(t, "churn", "fraud", "demand", "ranking", "triage", "pricing", "vision"),
		pick(t, "scorer", "api", "gateway", "worker", "encoder"), number)
}

// prose returns a text of some words.
func (t *tree) prose(words int) string {
	var text []byte
	for i := range words {
		if i > 0 {
			text = append(text, ' ')
		}
		text = append(text, pick(t, "the", "value", "of", "this", "field", "is", "used", "when", "a", "request", "model", "server",
			"must", "be", "set", "to", "at", "most", "one", "replica", "default", "and", "if", "not", "specified", "defaults")...)
	}
	return string(text)
}
