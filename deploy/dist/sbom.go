package main

import (
	"context"
	"io"
)

// sbom writes the modules of a binary as CycloneDX, and returns them. Serial number and time would differ between two runs.
func (r *release) sbom(ctx context.Context, p program) ([]byte, error) {
	// The tool records its own digest, which depends on the folder without -trimpath.
	bom, err := output(ctx, ".", []string{"GOFLAGS=-trimpath", "GOWORK=off", "CGO_ENABLED=0"},
		"go", "tool", "cyclonedx-gomod", "bin", "-json", "-std", "-noserial", "-notimestamp", p.path)
	if err != nil {
		return nil, err
	}
	name := r.name(p.platform.os+"_"+p.platform.arch) + ".cdx.json"
	return bom, r.write(name, func(w io.Writer) error {
		_, err := w.Write(bom)
		return err
	})
}
