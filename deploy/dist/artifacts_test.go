//go:build dist

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/semver"
)

var (
	dist   = flag.String("dist", "", "the `folder` with the artifacts")
	chosen = flag.String("platforms", strings.Join(platformNames(), ","), "comma-separated `list` of their platforms")
	helm   = flag.String("helm", "", "the `binary` of helm")
)

// artifacts returns the version of the release and its platforms.
func artifacts(t *testing.T) (version string, selected []platform) {
	t.Helper()
	if *dist == "" {
		t.Fatal("-dist is missing")
	}
	found, err := filepath.Glob(filepath.Join(*dist, "mlpolicy_*_checksums.txt"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%d lists of checksums in %s: %v", len(found), *dist, err)
	}
	version = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "mlpolicy_"), "_checksums.txt")
	selected, err = selectPlatforms(*chosen)
	if err != nil || len(selected) == 0 || !semver.IsValid("v"+version) {
		t.Fatalf("version %q, platforms %v: %v", version, selected, err)
	}
	return version, selected
}

func readArtifact(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(*dist, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readTar returns the files of a tar archive, all of which must have one time.
func readTar(t *testing.T, r io.Reader) map[string]file {
	t.Helper()
	files, times := map[string]file{}, map[time.Time]bool{}
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.Uname != "" || header.Gname != "" {
			t.Errorf("%s belongs to %d %q, %d %q", header.Name, header.Uid, header.Uname, header.Gid, header.Gname)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		times[header.ModTime] = true
		files[header.Name] = file{header.Name, header.FileInfo().Mode(), data}
	}
	if len(files) == 0 || len(times) != 1 {
		t.Errorf("%d files have %d times", len(files), len(times))
	}
	return files
}

func readTarGz(t *testing.T, data []byte) map[string]file {
	t.Helper()
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return readTar(t, plain)
}

// readZip returns the files of a zip archive, all of which must have one time.
func readZip(t *testing.T, data []byte) map[string]file {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	files, times := map[string]file{}, map[time.Time]bool{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		times[f.Modified.UTC()] = true
		files[f.Name] = file{f.Name, f.Mode(), content}
	}
	if len(files) == 0 || len(times) != 1 {
		t.Errorf("%d files have %d times", len(files), len(times))
	}
	return files
}

// archived returns the files of the archive for a platform, and the name of the binary.
func archived(t *testing.T, version string, p platform) (map[string]file, string) {
	t.Helper()
	name := fmt.Sprintf("mlpolicy_%s_%s_%s", version, p.os, p.arch)
	if p.os == "windows" {
		return readZip(t, readArtifact(t, name+".zip")), "mlpolicy.exe"
	}
	return readTarGz(t, readArtifact(t, name+".tar.gz")), "mlpolicy"
}

// TestFiles checks that a release has its files and no others.
func TestFiles(t *testing.T) {
	version, selected := artifacts(t)
	python, err := pythonVersion("v" + version)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"mlpolicy-" + version + ".tgz"}
	for _, suffix := range []string{"checksums.txt", "chart.tar", "image.tar"} {
		want = append(want, "mlpolicy_"+version+"_"+suffix)
	}
	for _, p := range selected {
		base := fmt.Sprintf("mlpolicy_%s_%s_%s", version, p.os, p.arch)
		archive := base + ".tar.gz"
		if p.os == "windows" {
			archive = base + ".zip"
		}
		want = append(want, archive, base+".cdx.json", fmt.Sprintf("mlpolicy-%s-py3-none-%s.whl", python, strings.Join(p.tags, ".")))
	}
	entries, err := os.ReadDir(*dist)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the files are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	list := string(readArtifact(t, "mlpolicy_"+version+"_checksums.txt"))
	if lines := strings.Count(list, "\n"); lines != len(want)-1 {
		t.Errorf("%d checksums of %d files", lines, len(want)-1)
	}
	for _, name := range want {
		if line := fmt.Sprintf("%x  %s\n", sha256.Sum256(readArtifact(t, name)), name); !strings.HasSuffix(name, "_checksums.txt") && !strings.Contains(list, line) {
			t.Errorf("the checksum of %s is missing or wrong", name)
		}
	}
}

// TestInstallPage checks that the page describes each file.
func TestInstallPage(t *testing.T) {
	version, selected := artifacts(t)
	page, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	python, err := pythonVersion("v" + version)
	if err != nil {
		t.Fatal(err)
	}
	replace := []string{version, "VERSION", python, "VERSION"}
	for _, p := range selected {
		replace = append(replace, p.os+"_"+p.arch, "OS_ARCH", strings.Join(p.tags, "."), "PLATFORM")
	}
	replacer := strings.NewReplacer(replace...)
	entries, err := os.ReadDir(*dist)
	if err != nil || len(entries) == 0 {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := replacer.Replace(entry.Name()); !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/install.md does not describe %s", name)
		}
	}
}

func TestArchives(t *testing.T) {
	version, selected := artifacts(t)
	for _, p := range selected {
		files, binary := archived(t, version, p)
		want := map[string]os.FileMode{"README.md": 0o644, "CHANGELOG.md": 0o644, "LICENSE": 0o644, thirdParty: 0o644, binary: 0o755}
		got := map[string]os.FileMode{}
		for name, f := range files {
			got[name] = f.mode
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the archive has %v, want %v", p, got, want)
		}
		checkBinary(t, version, p, files[binary].data)
		info, err := buildinfo.Read(bytes.NewReader(files[binary].data))
		if err != nil || len(info.Deps) < 20 {
			t.Fatalf("%s: %v: %v", p, info, err)
		}
		for _, m := range info.Deps {
			if !strings.Contains(string(files[thirdParty].data), "==== "+m.Path+" "+m.Version+": ") {
				t.Errorf("%s: the license of %s is missing", p, m.Path)
			}
		}
	}
}

// checkBinary checks version and platform of a binary, and that it needs no library and no newer system than its wheel says.
func checkBinary(t *testing.T, version string, p platform, data []byte) {
	t.Helper()
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", p, err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if info.Main.Version != "v"+version || settings["GOOS"] != p.os || settings["GOARCH"] != p.arch || settings["CGO_ENABLED"] != "0" ||
		settings["-trimpath"] != "true" || settings["vcs.modified"] != "false" {
		t.Errorf("%s: version %s, %v", p, info.Main.Version, settings)
	}
	machine := ""
	switch r := bytes.NewReader(data); p.os {
	case "linux":
		f, err := elf.NewFile(r)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		machine = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}[f.Machine]
		for _, program := range f.Progs {
			if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
				t.Errorf("%s: the binary is linked dynamically", p)
			}
		}
	case "darwin":
		f, err := macho.NewFile(r)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		machine = map[macho.Cpu]string{macho.CpuAmd64: "amd64", macho.CpuArm64: "arm64"}[f.Cpu]
		// LC_BUILD_VERSION: command, size, platform, and the first release of macOS as major<<16 | minor<<8.
		const buildVersion = 0x32
		minimum := uint32(0)
		for _, load := range f.Loads {
			if raw := load.Raw(); f.ByteOrder.Uint32(raw) == buildVersion {
				minimum = f.ByteOrder.Uint32(raw[12:])
			}
		}
		if tag := fmt.Sprintf("macosx_%d_%d_", minimum>>16, minimum>>8&0xff); !strings.HasPrefix(p.tags[0], tag) {
			t.Errorf("%s: the binary is for %s, the wheel for %s", p, tag, p.tags[0])
		}
	case "windows":
		f, err := pe.NewFile(r)
		if err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		machine = map[uint16]string{pe.IMAGE_FILE_MACHINE_AMD64: "amd64", pe.IMAGE_FILE_MACHINE_ARM64: "arm64"}[f.Machine]
	}
	if machine != p.arch {
		t.Errorf("%s: the binary is for %q", p, machine)
	}
}

func TestWheels(t *testing.T) {
	version, selected := artifacts(t)
	python, err := pythonVersion("v" + version)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range selected {
		fromArchive, binary := archived(t, version, p)
		prefix := "mlpolicy-" + python
		files := readZip(t, readArtifact(t, fmt.Sprintf("%s-py3-none-%s.whl", prefix, strings.Join(p.tags, "."))))
		script, info := prefix+".data/scripts/"+binary, prefix+".dist-info/"

		if !bytes.Equal(files[script].data, fromArchive[binary].data) || files[script].mode != 0o755 {
			t.Errorf("%s: %s has mode %o, or is not the binary of the archive", p, script, files[script].mode)
		}
		if !bytes.Equal(files[info+"sboms/mlpolicy.cdx.json"].data, readArtifact(t, fmt.Sprintf("mlpolicy_%s_%s_%s.cdx.json", version, p.os, p.arch))) {
			t.Errorf("%s: the wheel has another SBOM", p)
		}
		metadata := string(files[info+"METADATA"].data)
		if !strings.Contains(metadata, "\nName: mlpolicy\nVersion: "+python+"\n") {
			t.Errorf("%s: METADATA is\n%s", p, metadata)
		}
		licenses := regexp.MustCompile(`(?m)^License-File: (.*)$`).FindAllStringSubmatch(metadata, -1)
		if len(licenses) != 2 {
			t.Errorf("%s: %d license files", p, len(licenses))
		}
		for _, license := range licenses {
			if len(files[info+"licenses/"+license[1]].data) == 0 {
				t.Errorf("%s: %s is missing", p, license[1])
			}
		}
		var tags []string
		for _, match := range regexp.MustCompile(`(?m)^Tag: py3-none-(.*)$`).FindAllStringSubmatch(string(files[info+"WHEEL"].data), -1) {
			tags = append(tags, match[1])
		}
		if !slices.Equal(tags, p.tags) {
			t.Errorf("%s: WHEEL has the tags %v, the name %v", p, tags, p.tags)
		}

		rows, err := csv.NewReader(bytes.NewReader(files[info+"RECORD"].data)).ReadAll()
		if err != nil || len(rows) != len(files) {
			t.Fatalf("%s: RECORD has %d lines for %d files: %v", p, len(rows), len(files), err)
		}
		for _, row := range rows {
			f, ok := files[row[0]]
			sum := sha256.Sum256(f.data)
			want := []string{row[0], "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), fmt.Sprint(len(f.data))}
			if row[0] == info+"RECORD" {
				want = []string{row[0], "", ""}
			}
			if !ok || !slices.Equal(row, want) {
				t.Errorf("%s: RECORD has %q, want %q", p, row, want)
			}
		}
	}
}

func TestSBOM(t *testing.T) {
	version, selected := artifacts(t)
	for _, p := range selected {
		var bom struct {
			BOMFormat string
			Metadata  struct {
				Component struct{ Name, Version string }
			}
			Components []struct {
				Name, Version string
				Hashes        []struct{ Alg, Content string }
			}
		}
		if err := json.Unmarshal(readArtifact(t, fmt.Sprintf("mlpolicy_%s_%s_%s.cdx.json", version, p.os, p.arch)), &bom); err != nil {
			t.Fatal(err)
		}
		if bom.BOMFormat != "CycloneDX" || bom.Metadata.Component.Name != "github.com/mlpolicy/mlpolicy" || bom.Metadata.Component.Version != "v"+version {
			t.Errorf("%s: %+v", p, bom.Metadata)
		}
		files, binary := archived(t, version, p)
		info, err := buildinfo.Read(bytes.NewReader(files[binary].data))
		if err != nil {
			t.Fatal(err)
		}
		want, got := map[string]string{"std": info.GoVersion}, map[string]string{}
		for _, m := range info.Deps {
			want[m.Path] = m.Version
		}
		for _, c := range bom.Components {
			got[c.Name] = c.Version
			if len(c.Hashes) == 0 && c.Name != "std" {
				t.Errorf("%s: %s has no digest", p, c.Name)
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: the SBOM has %v, the binary %v", p, got, want)
		}
	}
}

// descriptor is one of OCI.
type descriptor struct {
	MediaType, Digest string
	Annotations       map[string]string
	Platform          struct{ OS, Architecture string }
}

// layout is an OCI layout.
type layout struct {
	t     *testing.T
	files map[string]file
}

func readLayout(t *testing.T, name string) layout {
	t.Helper()
	l := layout{t, readTar(t, bytes.NewReader(readArtifact(t, name)))}
	for path, f := range l.files {
		if digest, ok := strings.CutPrefix(path, "blobs/sha256/"); ok && fmt.Sprintf("%x", sha256.Sum256(f.data)) != digest {
			t.Errorf("%s: %s has another digest", name, path)
		}
	}
	return l
}

func (l layout) blob(digest string) []byte {
	l.t.Helper()
	f, ok := l.files["blobs/"+strings.Replace(digest, ":", "/", 1)]
	if !ok {
		l.t.Fatalf("there is no blob %s", digest)
	}
	return f.data
}

// only returns the one descriptor of the index, which must have the version as its tag.
func (l layout) only(version string) descriptor {
	l.t.Helper()
	var index struct{ Manifests []descriptor }
	if err := json.Unmarshal(l.files["index.json"].data, &index); err != nil {
		l.t.Fatal(err)
	}
	if len(index.Manifests) != 1 || index.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != version {
		l.t.Fatalf("the index is %s", l.files["index.json"].data)
	}
	return index.Manifests[0]
}

func TestImage(t *testing.T) {
	version, selected := artifacts(t)
	l := readLayout(t, "mlpolicy_"+version+"_image.tar")
	var list struct{ Manifests []descriptor }
	if err := json.Unmarshal(l.blob(l.only(version).Digest), &list); err != nil {
		t.Fatal(err)
	}
	images := map[string]string{}
	for _, m := range list.Manifests {
		images[m.Platform.OS+"/"+m.Platform.Architecture] = m.Digest
	}
	count := 0
	for _, p := range selected {
		if p.os != "linux" {
			continue
		}
		count++
		var manifest struct {
			Config descriptor
			Layers []descriptor
		}
		if err := json.Unmarshal(l.blob(images[p.String()]), &manifest); err != nil {
			t.Fatal(err)
		}
		var image struct {
			OS, Architecture string
			Config           struct {
				User       string
				Entrypoint []string
				Labels     map[string]string
			}
		}
		if err := json.Unmarshal(l.blob(manifest.Config.Digest), &image); err != nil {
			t.Fatal(err)
		}
		if image.OS != p.os || image.Architecture != p.arch || image.Config.User != "65532:65532" || !slices.Equal(image.Config.Entrypoint, []string{"/mlpolicy"}) ||
			image.Config.Labels["org.opencontainers.image.version"] != version || len(image.Config.Labels["org.opencontainers.image.revision"]) != 40 {
			t.Errorf("%s: the image is %+v", p, image)
		}
		if len(manifest.Layers) != 1 {
			t.Fatalf("%s: %d layers", p, len(manifest.Layers))
		}
		content := readTarGz(t, l.blob(manifest.Layers[0].Digest))
		archive, binary := archived(t, version, p)
		if f := content["mlpolicy"]; len(content) != 1 || f.mode != 0o555 || !bytes.Equal(f.data, archive[binary].data) {
			t.Errorf("%s: the image has %d files, and /mlpolicy has mode %o or is not the binary of the archive", p, len(content), f.mode)
		}
	}
	if count == 0 || len(images) != count {
		t.Errorf("%d images for %d platforms", len(images), count)
	}
}

// TestChart pulls the chart with helm from a registry that serves the OCI layout, and renders it.
func TestChart(t *testing.T) {
	version, _ := artifacts(t)
	if *helm == "" {
		t.Fatal("-helm is missing")
	}
	l := readLayout(t, "mlpolicy_"+version+"_chart.tar")
	manifest := l.only(version)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		digest := path.Base(r.URL.Path)
		switch {
		case r.URL.Path == "/v2/":
			return
		case digest == version:
			digest = manifest.Digest
		case !strings.HasPrefix(digest, "sha256:"):
			http.NotFound(w, r)
			return
		}
		mediaType := "application/octet-stream"
		if digest == manifest.Digest {
			mediaType = manifest.MediaType
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Docker-Content-Digest", digest)
		blob := l.blob(digest)
		w.Header().Set("Content-Length", fmt.Sprint(len(blob)))
		if r.Method != http.MethodHead {
			_, _ = w.Write(blob)
		}
	}))
	defer registry.Close()
	dir := t.TempDir()
	run := func(args ...string) []byte {
		t.Helper()
		command := exec.CommandContext(t.Context(), *helm, args...)
		command.Dir = dir
		command.Env = append(os.Environ(), "HOME="+dir)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("helm %v: %v\n%s", args, err, out)
		}
		return out
	}
	run("pull", "oci://"+strings.TrimPrefix(registry.URL, "http://")+"/charts/mlpolicy", "--version", version, "--plain-http")
	name := "mlpolicy-" + version + ".tgz"
	pulled, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || !bytes.Equal(pulled, readArtifact(t, name)) {
		t.Errorf("the chart in the layout is not %s: %v", name, err)
	}
	rendered := run("template", "--namespace", "mlpolicy-system", name)
	if image := "image: ghcr.io/mlpolicy/mlpolicy:" + version; !bytes.Contains(rendered, []byte(image)) {
		t.Errorf("the chart does not render %s", image)
	}
	files, source := readTarGz(t, pulled), "../chart"
	want, err := readTree(source, "mlpolicy/")
	if err != nil || len(want) < 10 || len(files) != len(want) {
		t.Fatalf("%d files of %d: %v", len(files), len(want), err)
	}
	for _, f := range want {
		if f.name != "mlpolicy/Chart.yaml" && !bytes.Equal(files[f.name].data, f.data) {
			t.Errorf("%s differs", f.name)
		}
	}
}
