package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"time"
)

// file is one in an archive.
type file struct {
	name string
	mode os.FileMode
	data []byte
}

// writeArchive writes what is downloaded without a package manager: the binary and its licenses.
func (r *release) writeArchive(p program, licenses []byte) error {
	files, err := r.readSource("README.md", "CHANGELOG.md", "LICENSE")
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	files = append(files, file{thirdParty, 0o644, licenses}, file{filepath.Base(p.path), 0o755, binary})
	name := r.name(p.platform.os + "_" + p.platform.arch)
	if p.platform.os == "windows" {
		return r.write(name+".zip", func(w io.Writer) error { return writeZip(w, files, r.time) })
	}
	return r.write(name+".tar.gz", func(w io.Writer) error { return writeTarGz(w, files, r.time) })
}

// readSource reads files of the repository.
func (r *release) readSource(names ...string) ([]file, error) {
	files := make([]file, len(names))
	for i, name := range names {
		data, err := os.ReadFile(filepath.Join(r.source, name))
		if err != nil {
			return nil, err
		}
		files[i] = file{name, 0o644, data}
	}
	return files, nil
}

// write writes an artifact.
func (r *release) write(name string, content func(io.Writer) error) error {
	var buffer bytes.Buffer
	if err := content(&buffer); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, name), buffer.Bytes(), 0o644)
}

func writeTar(w io.Writer, files []file, at time.Time) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: at, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

func writeTarGz(w io.Writer, files []file, at time.Time) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := writeTar(compressed, files, at); err != nil {
		return err
	}
	return compressed.Close()
}

func writeZip(w io.Writer, files []file, at time.Time) error {
	archive := zip.NewWriter(w)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at}
		header.SetMode(f.mode)
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}
