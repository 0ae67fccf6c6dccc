package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeImage builds the image of deploy/Dockerfile for each platform of Linux with buildah, and writes the list of them as an
// archive with an OCI layout. There is nothing to run in the image during the build, so no processor is emulated.
func (r *release) writeImage(ctx context.Context) error {
	layout := filepath.Join(r.work, "image")
	root, rootRun := filepath.Join(r.work, "containers"), filepath.Join(r.work, "containers-run")
	buildah := func(args ...string) error {
		_, err := output(ctx, r.work, []string{"BUILDAH_ISOLATION=chroot"},
			"buildah", append([]string{"--root", root, "--runroot", rootRun, "--storage-driver", "vfs"}, args...)...)
		return err
	}
	version := strings.TrimPrefix(r.version, "v")
	built := false
	for _, p := range r.programs {
		if p.platform.os != "linux" {
			continue
		}
		built = true
		if err := buildah("build", "--quiet", "--no-cache", "--platform", p.platform.String(), "--manifest", "mlpolicy",
			"--timestamp", strconv.FormatInt(r.time.Unix(), 10),
			"--label", "org.opencontainers.image.version="+version,
			"--label", "org.opencontainers.image.revision="+r.revision,
			"--file", filepath.Join(r.source, "deploy", "Dockerfile"), filepath.Dir(p.path)); err != nil {
			return err
		}
	}
	if !built {
		return nil
	}
	if err := buildah("manifest", "push", "--quiet", "--all", "mlpolicy", "oci:"+layout+":"+version); err != nil {
		return err
	}
	return r.writeLayout("image.tar", layout)
}

// writeLayout writes the folder of an OCI layout as an archive.
func (r *release) writeLayout(suffix, layout string) error {
	files, err := readTree(layout, "")
	if err != nil {
		return err
	}
	return r.write(r.name(suffix), func(w io.Writer) error { return writeTar(w, files, r.time) })
}

// readTree returns the files below a folder in lexical order, their names below prefix.
func readTree(dir, prefix string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		files = append(files, file{prefix + filepath.ToSlash(name), 0o644, data})
		return err
	})
	return files, err
}
