//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// limit walks a folder, reads its YAML and JSON files and parses each document into nodes, on all processors. Text that
// is not YAML is no error.
func limit(folder string) error {
	return filesIn(folder, []string{".yaml", ".yml", ".json"}, func(name string) error {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		parse(data)
		return nil
	})
}

// readAll walks a folder and reads the files of the other languages, on all processors.
func readAll(folder string) error {
	return filesIn(folder, []string{".py", ".ipynb", ".bicep", ".bicepparam", ".tf", ".tofu", ".tfvars"}, func(name string) error {
		_, err := os.ReadFile(name)
		return err
	})
}

// filesIn calls do for the files of a folder with some extensions, on all processors.
func filesIn(folder string, extensions []string, do func(name string) error) error {
	debug.SetGCPercent(400) // as mlpolicy does
	names := make(chan string, 64)
	errs := make(chan error, 1)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range names {
				if err := do(name); err != nil {
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
		if slices.Contains(extensions, strings.ToLower(filepath.Ext(path))) {
			names <- path
		}
		return nil
	})
	close(names)
	workers.Wait()
	close(errs)
	return errors.Join(err, <-errs)
}

func parse(data []byte) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var node yaml.Node
		if err := decoder.Decode(&node); err != nil {
			return
		}
	}
}
