package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPythonVersion(t *testing.T) {
	cases := map[string]string{
		"v0.1.0":                               "0.1.0",
		"v1.12.3":                              "1.12.3",
		"v0.1.0-rc.1":                          "0.1.0rc1",
		"v0.0.0-20261130132948-fab1fa06cd25":   "0.0.0.dev20261130132948+gfab1fa06cd25",
		"v0.1.1-0.20261130132948-fab1fa06cd25": "0.1.1.dev20261130132948+gfab1fa06cd25",
		"v0.1.0-rc.1.0.20261130132948-fab1fa06cd25": "0.1.0rc2.dev20261130132948+gfab1fa06cd25",
		// A release of Python has no other form of these.
		"v0.1.0-beta": "", "v0.1.0+dirty": "", "(devel)": "", "": "",
	}
	for version, want := range cases {
		if got, err := pythonVersion(version); got != want || (err == nil) != (want != "") {
			t.Errorf("pythonVersion(%q) = %q, %v, want %q", version, got, err, want)
		}
	}
}

func TestCheckFiles(t *testing.T) {
	files := map[string]string{
		"deploy/chart/Chart.yaml": "apiVersion: v2\nversion: 0.2.0-rc.1\nappVersion: 0.2.0-rc.1\nkubeVersion: \">=1.30.0-0\"\n",
		"pyproject.toml":          "[project]\nversion = \"0.2.0rc1\"\ndependencies = [\"mlpolicy==0.2.0rc1\"]\n",
		"CHANGELOG.md":            "# Changelog\n\n## Unreleased\n\n## 0.2.0-rc.1 (2027-01-31)\n\n## 0.1.0\n",
	}
	check := func(version, changed, old, new string) error {
		t.Helper()
		r := release{source: t.TempDir(), version: version}
		for name, text := range files {
			if name == changed {
				if !strings.Contains(text, old) {
					t.Fatalf("%s has no %q", name, old)
				}
				text = strings.Replace(text, old, new, 1)
			}
			path := filepath.Join(r.source, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return r.checkFiles()
	}
	for _, version := range []string{"v0.2.0-rc.1", "v0.3.1-0.20261130132948-fab1fa06cd25"} {
		if err := check(version, "", "", ""); err != nil {
			t.Errorf("%s: %v", version, err)
		}
	}
	cases := []struct{ file, old, new string }{
		{"deploy/chart/Chart.yaml", "\nversion: 0.2.0-rc.1", "\nversion: 0.1.0"},
		{"deploy/chart/Chart.yaml", "appVersion: 0.2.0-rc.1", "appVersion: 0.1.0"},
		{"pyproject.toml", "version = \"0.2.0rc1", "version = \"0.1.0"},
		{"pyproject.toml", "==0.2.0rc1", "==0.1.0"},
		{"pyproject.toml", "==0.2.0rc1", ">=0.1.0"},
		{"CHANGELOG.md", "## 0.2.0-rc.1", "## 0.2.0-rc.10"},
	}
	for _, c := range cases {
		if err := check("v0.2.0-rc.1", c.file, c.old, c.new); err == nil || !strings.HasPrefix(err.Error(), c.file+" ") {
			t.Errorf("%s with %q: %v", c.file, c.new, err)
		}
	}
}
