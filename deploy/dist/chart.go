package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/content/oci"
	"sigs.k8s.io/yaml"
)

// Media types of Helm. https://helm.sh/docs/topics/registries/
const (
	helmConfig = "application/vnd.cncf.helm.config.v1+json"
	helmChart  = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
)

// chartVersions are the versions of the chart and of the image that it installs.
var chartVersions = regexp.MustCompile(`(?m)^(version|appVersion): .*$`)

// writeChart writes the chart as a package, and as an archive with an OCI layout that holds the artifact which helm push would make.
func (r *release) writeChart(ctx context.Context) error {
	version := strings.TrimPrefix(r.version, "v")
	files, err := readTree(filepath.Join(r.source, "deploy", "chart"), "mlpolicy/")
	if err != nil {
		return err
	}
	var config []byte
	for i, f := range files {
		if f.name == "mlpolicy/Chart.yaml" {
			files[i].data = chartVersions.ReplaceAll(f.data, []byte("$1: "+version))
			if config, err = yaml.YAMLToJSON(files[i].data); err != nil {
				return err
			}
		}
	}
	var packed bytes.Buffer
	if err := writeTarGz(&packed, files, r.time); err != nil {
		return err
	}
	if err := r.write("mlpolicy-"+version+".tgz", func(w io.Writer) error {
		_, err := w.Write(packed.Bytes())
		return err
	}); err != nil {
		return err
	}
	layout := filepath.Join(r.work, "chart")
	if err := r.pushChart(ctx, layout, config, packed.Bytes()); err != nil {
		return err
	}
	return r.writeLayout("chart.tar", layout)
}

// pushChart stores the artifact in an OCI layout, with a tag for the version.
func (r *release) pushChart(ctx context.Context, layout string, config, packed []byte) error {
	store, err := oci.New(layout)
	if err != nil {
		return err
	}
	var chart struct{ Name, Description, Version, Home string }
	if err := json.Unmarshal(config, &chart); err != nil {
		return err
	}
	configBlob, layer := content.NewDescriptorFromBytes(helmConfig, config), content.NewDescriptorFromBytes(helmChart, packed)
	for _, blob := range []struct {
		descriptor ocispec.Descriptor
		data       []byte
	}{{configBlob, config}, {layer, packed}} {
		if err := store.Push(ctx, blob.descriptor, bytes.NewReader(blob.data)); err != nil {
			return err
		}
	}
	manifest, err := oras.PackManifest(ctx, store, oras.PackManifestVersion1_1, "", oras.PackManifestOptions{
		ConfigDescriptor: &configBlob,
		Layers:           []ocispec.Descriptor{layer},
		ManifestAnnotations: map[string]string{
			ocispec.AnnotationCreated:     r.time.Format(time.RFC3339),
			ocispec.AnnotationTitle:       chart.Name,
			ocispec.AnnotationDescription: chart.Description,
			ocispec.AnnotationVersion:     chart.Version,
			ocispec.AnnotationURL:         chart.Home,
			ocispec.AnnotationRevision:    r.revision,
		},
	})
	if err != nil {
		return err
	}
	if err := store.Tag(ctx, manifest, chart.Version); err != nil {
		return err
	}
	// The store leaves a folder for files that are being written.
	return os.RemoveAll(filepath.Join(layout, "ingest"))
}
