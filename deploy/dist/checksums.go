package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writeChecksums writes the digest of each artifact as sha256sum --check reads it.
func (r *release) writeChecksums() error {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	return r.write(r.name("checksums.txt"), func(w io.Writer) error {
		for _, entry := range entries {
			data, err := os.ReadFile(filepath.Join(r.out, entry.Name()))
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(w, "%x  %s\n", sha256.Sum256(data), entry.Name()); err != nil {
				return err
			}
		}
		return nil
	})
}
