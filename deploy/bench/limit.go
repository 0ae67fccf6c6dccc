//go:build unix

package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// limit walks a folder, reads its YAML and JSON files and parses each document into nodes, on all processors. Text that
// is not YAML is no error.
func limit(folder string) error {
	debug.SetGCPercent(400) // as mlpolicy does
	names := make(chan string, 64)
	errs := make(chan error, 1)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range names {
				if err := parse(name); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".yaml", ".yml", ".json":
			names <- path
		}
		return nil
	})
	close(names)
	workers.Wait()
	close(errs)
	return errors.Join(err, <-errs)
}

func parse(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) || err != nil {
			return nil
		}
	}
}
