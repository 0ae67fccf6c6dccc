package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// platform is one that a release has a binary for.
type platform struct {
	os, arch string
	// tags are the platform tags of the wheel. A static binary needs no C library, so one wheel serves all of them.
	// https://packaging.python.org/specifications/platform-compatibility-tags/
	tags []string
}

// The first release of macOS is the one that Go supports, which the linker writes into the binary.
var platforms = []platform{
	{"linux", "amd64", []string{"manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"}},
	{"linux", "arm64", []string{"manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"}},
	{"darwin", "amd64", []string{"macosx_12_0_x86_64"}},
	{"darwin", "arm64", []string{"macosx_12_0_arm64"}},
	{"windows", "amd64", []string{"win_amd64"}},
	{"windows", "arm64", []string{"win_arm64"}},
}

func (p platform) String() string { return p.os + "/" + p.arch }

// program is the binary for one platform.
type program struct {
	platform platform
	// path of the binary, whose base name is the name of the command.
	path string
}

// environment is that of every build. It overrides what the environment of a person may set.
func (p platform) environment() []string {
	return []string{
		"GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0", "CGO_ENABLED=0",
		"GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off",
	}
}

// build compiles the binary for a platform. The version of all must be the same.
func (r *release) build(ctx context.Context, p platform) error {
	path := filepath.Join(r.work, p.os+"_"+p.arch, "mlpolicy")
	if p.os == "windows" {
		path += ".exe"
	}
	if _, err := output(ctx, r.source, p.environment(),
		"go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w", "-o", path, "./cmd/mlpolicy"); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return err
	}
	if version := info.Main.Version; r.version == "" {
		r.version = version
	} else if r.version != version {
		return fmt.Errorf("the binary has version %s, others %s", version, r.version)
	}
	r.programs = append(r.programs, program{platform: p, path: path})
	return nil
}

// checkFiles checks that the files of a tagged commit name the version of the tag. Other commits name the last release or
// the next one.
func (r *release) checkFiles() error {
	if isPseudo(r.version) {
		return nil
	}
	version := strings.TrimPrefix(r.version, "v")
	python, err := pythonVersion(r.version)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		file string
		// places matches each version in the file.
		places *regexp.Regexp
		count  int
		want   string
	}{
		{"deploy/chart/Chart.yaml", regexp.MustCompile(`(?m)^(?:version|appVersion): (.*)$`), 2, version},
		{"pyproject.toml", regexp.MustCompile(`(?m)(?:^version = "|"mlpolicy==)(.*?)"`), 2, python},
		{"CHANGELOG.md", regexp.MustCompile(`(?m)^## (` + regexp.QuoteMeta(version) + `)(?: .*)?$`), 1, version},
	} {
		text, err := os.ReadFile(filepath.Join(r.source, c.file))
		if err != nil {
			return err
		}
		matches := c.places.FindAllStringSubmatch(string(text), -1)
		if len(matches) != c.count {
			return fmt.Errorf("%s must name version %s, but %d of %d places were found", c.file, c.want, len(matches), c.count)
		}
		for _, match := range matches {
			if match[1] != c.want {
				return fmt.Errorf("%s names version %s, the tag is %s", c.file, match[1], r.version)
			}
		}
	}
	return nil
}
