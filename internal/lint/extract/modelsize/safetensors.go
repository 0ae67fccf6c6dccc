package modelsize

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// indexSuffix is the suffix of an index file. The index declares the file of each tensor of a large
// model and the total size.
// https://huggingface.co/docs/safetensors/metadata_parsing
const indexSuffix = ".safetensors.index.json"

func indexed(total int64, name string) measured {
	return measured{bytes: total, source: "safetensors index", why: "metadata.total_size of " + name}
}

// indexes reads the indexes in a folder that declare a size. absent is an index of which only the
// git-lfs pointer exists. Its total may be larger than the files in the folder.
func (w *modelWalk) indexes(folder string, entries []fs.DirEntry) (all []measured, absent string) {
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), indexSuffix) {
			continue
		}
		name := path.Join(folder, entry.Name())
		index, err := w.follow(w.root, name)
		if err != nil {
			continue
		}
		if total, ok := w.index(index); ok {
			all = append(all, indexed(total, name))
		} else if _, pointer, err := w.file(index); err == nil && pointer {
			return nil, name
		}
	}
	return all, ""
}

// index reads metadata.total_size of an index.
func (s *Sizes) index(found resolve.File) (total int64, ok bool) {
	if !found.Info.Mode().IsRegular() {
		return 0, false
	}
	file, err := s.fsys.Open(found.Name)
	if err != nil {
		return 0, false
	}
	defer file.Close()
	tokens := json.NewDecoder(io.LimitReader(file, source.MaxFileSize))
	tokens.UseNumber()
	if seek(tokens, "metadata") != nil || seek(tokens, "total_size") != nil {
		return 0, false
	}
	value, err := tokens.Token()
	number, isNumber := value.(json.Number)
	if err != nil || !isNumber {
		return 0, false
	}
	// Some tools write 13476835328.0.
	size, err := strconv.ParseFloat(number.String(), 64)
	return int64(size), err == nil && size > 0 && size < 1<<53 && size == math.Trunc(size)
}

// seek skips to the value of a key in the next object.
func seek(tokens *json.Decoder, key string) error {
	open, err := tokens.Token()
	if err != nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("%s is not in an object", key)
	}
	for {
		found, err := tokens.Token()
		switch {
		case err != nil:
			return err
		case found == key:
			return nil
		case found == json.Delim('}'):
			return fmt.Errorf("key %s not found", key)
		}
		if err := pass(tokens); err != nil {
			return err
		}
	}
}

// pass skips one value.
func pass(tokens *json.Decoder) error {
	for depth := 0; ; {
		token, err := tokens.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
