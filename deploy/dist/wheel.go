package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeWheel writes the Python package: a binary that pip installs among the scripts of an environment.
// https://packaging.python.org/specifications/binary-distribution-format/
func (r *release) writeWheel(p program, licenses, sbom []byte) error {
	version, err := pythonVersion(r.version)
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(p.path)
	if err != nil {
		return err
	}
	license, err := r.readSource("LICENSE")
	if err != nil {
		return err
	}
	prefix := "mlpolicy-" + version
	info := prefix + ".dist-info/"
	files := []file{
		{prefix + ".data/scripts/" + filepath.Base(p.path), 0o755, binary},
		{info + "METADATA", 0o644, metadata(version)},
		{info + "WHEEL", 0o644, wheelFile(p.platform)},
		{info + "licenses/LICENSE", 0o644, license[0].data},
		{info + "licenses/" + thirdParty, 0o644, licenses},
		// https://packaging.python.org/specifications/binary-distribution-format/#the-dist-info-sboms-directory
		{info + "sboms/mlpolicy.cdx.json", 0o644, sbom},
	}
	record, err := recordFile(info+"RECORD", files)
	if err != nil {
		return err
	}
	files = append(files, file{info + "RECORD", 0o644, record})
	name := fmt.Sprintf("%s-py3-none-%s.whl", prefix, strings.Join(p.platform.tags, "."))
	return r.write(name, func(w io.Writer) error { return writeZip(w, files, r.time) })
}

// metadata returns METADATA. https://packaging.python.org/specifications/core-metadata/
func metadata(version string) []byte {
	return fmt.Appendf(nil, `Metadata-Version: 2.4
Name: mlpolicy
Version: %s
Summary: Check ML deployments against Microsoft's table of Azure ML compute targets
Keywords: azure,azure-machine-learning,kubernetes,linter,policy
License-Expression: Apache-2.0
License-File: LICENSE
License-File: %s
Classifier: Environment :: Console
Classifier: Operating System :: MacOS
Classifier: Operating System :: Microsoft :: Windows
Classifier: Operating System :: POSIX :: Linux
Classifier: Topic :: Software Development :: Quality Assurance
Project-URL: Source, https://github.com/mlpolicy/mlpolicy
Project-URL: Changelog, https://github.com/mlpolicy/mlpolicy/blob/main/CHANGELOG.md
Description-Content-Type: text/markdown

`+"`mlpolicy lint`"+` checks deployment files against Microsoft's table of Azure ML compute targets. The package contains the program
as a static binary, which needs neither Go nor a library.
`, version, thirdParty)
}

// wheelFile returns WHEEL, which has a line for each tag in the name of the wheel.
func wheelFile(p platform) []byte {
	var b bytes.Buffer
	b.WriteString("Wheel-Version: 1.0\nGenerator: mlpolicy\nRoot-Is-Purelib: false\n")
	for _, tag := range p.tags {
		fmt.Fprintf(&b, "Tag: py3-none-%s\n", tag)
	}
	return b.Bytes()
}

// recordFile returns RECORD, which lists each file with digest and size, and itself without.
func recordFile(name string, files []file) ([]byte, error) {
	var b bytes.Buffer
	lines := csv.NewWriter(&b)
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		// Write reports errors of the buffer only, which has none; Error reports them all.
		_ = lines.Write([]string{f.name, "sha256=" + base64.RawURLEncoding.EncodeToString(sum[:]), strconv.Itoa(len(f.data))})
	}
	_ = lines.Write([]string{name, "", ""})
	lines.Flush()
	return b.Bytes(), lines.Error()
}
