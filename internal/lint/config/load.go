package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// FileName is the name of a configuration file.
const FileName = ".mlpolicy.yaml"

// maxSize is in bytes. A configuration of a thousand entries has some 100 KiB.
const maxSize = 4 << 20

// Find returns the path of the configuration that is in force in a folder: the nearest
// one from it upwards, empty if there is none.
func Find(dir string) (file string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		file := filepath.Join(dir, FileName)
		switch info, err := os.Stat(file); {
		case err == nil && info.IsDir():
			return "", fmt.Errorf("%s is a folder, not a file", file)
		case err == nil:
			return file, nil
		case errors.Is(err, fs.ErrNotExist):
			// A link without its file is a configuration that is missing, such as a submodule that
			// is not checked out.
			if _, err := os.Lstat(file); err == nil {
				return "", fmt.Errorf("%s is a link to a file that does not exist", file)
			}
		case errors.Is(err, syscall.ELOOP):
			return "", fmt.Errorf("%s is a link to itself", file)
		case !errors.Is(err, fs.ErrPermission):
			return "", err
		}
		misnamed := filepath.Join(dir, ".mlpolicy.yml")
		if _, err := os.Stat(misnamed); err == nil {
			return "", fmt.Errorf("%s is never read: rename it to %s", misnamed, FileName)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// Load reads the configuration in a file. The error is Errors where the file could be read.
func Load(file string) (*Config, error) {
	workingDir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	data, err := readBytes(file)
	if err != nil {
		return nil, err
	}
	name := file
	if filepath.IsAbs(file) {
		if relative, err := filepath.Rel(workingDir, file); err == nil && len(relative) < len(file) {
			name = relative
		}
	}
	return Parse(data, Origin{Name: filepath.ToSlash(name), Folder: filepath.Dir(absolute), WorkingDir: workingDir})
}

func readBytes(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, &fs.PathError{Op: "read", Path: file, Err: fmt.Errorf("larger than %d MiB", maxSize>>20)}
	}
	return data, nil
}
