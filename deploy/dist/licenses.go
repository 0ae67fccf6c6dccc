package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// thirdParty is the name of the file with the licenses of all that is compiled into a binary, which most of them require to be
// distributed with it.
const thirdParty = "THIRD_PARTY_LICENSES"

// licenseNames are names of files in the root of a module.
var licenseNames = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)([.-].*)?$`)

// licenses returns the license files of Go and of each module in a binary.
func (r *release) licenses(ctx context.Context, p program) ([]byte, error) {
	info, err := buildinfo.ReadFile(p.path)
	if err != nil {
		return nil, err
	}
	root, err := output(ctx, r.source, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := appendLicenses(&b, info.GoVersion, string(bytes.TrimSpace(root))); err != nil {
		return nil, err
	}
	dirs, err := r.moduleDirs(ctx)
	if err != nil {
		return nil, err
	}
	for _, m := range info.Deps {
		if err := appendLicenses(&b, m.Path+" "+m.Version, dirs[m.Path]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// moduleDirs returns the folder of each module that the repository requires.
func (r *release) moduleDirs(ctx context.Context) (map[string]string, error) {
	listed, err := output(ctx, r.source, []string{"GOFLAGS=", "GOWORK=off"}, "go", "list", "-m", "-f", "{{.Path}}\t{{.Dir}}", "all")
	if err != nil {
		return nil, err
	}
	dirs := map[string]string{}
	for line := range strings.Lines(string(listed)) {
		path, dir, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		dirs[path] = dir
	}
	return dirs, nil
}

func appendLicenses(b *bytes.Buffer, title, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		if entry.IsDir() || !licenseNames.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(b, "==== %s: %s\n\n%s\n\n", title, entry.Name(), bytes.TrimSpace(text))
	}
	if !found {
		return fmt.Errorf("%s has no license file", title)
	}
	return nil
}
