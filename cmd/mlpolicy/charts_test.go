package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestUnrendered checks that the templates of a chart are distinguished from other folders named
// templates, and that each folder is read once.
func TestUnrendered(t *testing.T) {
	root := t.TempDir()
	for _, chart := range []string{"churn", "churn/templates/inner", "a/templates/churn"} {
		if err := os.MkdirAll(filepath.Join(root, chart), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, chart, "Chart.yaml"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		path     string
		isFolder bool
		chart    string // the chart whose templates contain the path
	}{
		{"churn", true, ""},
		{"churn/templates", false, ""},
		{"churn/templates", true, "churn"},
		{"churn/templates/a.yaml", false, "churn"},
		{"churn/templates/sub/a.yaml", false, "churn"},
		{"churn/templates/inner/templates/a.yaml", false, "churn"},
		{"churn/my-templates/a.yaml", false, ""},
		{"churn/templates-of-mine/a.yaml", false, ""},
		{"churn/values.yaml", false, ""},
		{"templates/a.yaml", false, ""},
		{"a/templates/b.yaml", false, ""},
		{"a/templates/churn/templates/b.yaml", false, "a/templates/churn"},
		{"templates/templates/templates/a.yaml", false, ""},
	}
	for _, test := range tests {
		w := &walk{files: &files{}}
		for range 2 {
			if got := w.unrendered(test.path, filepath.ToSlash(filepath.Join(root, test.path)), test.isFolder); got != (test.chart != "") {
				t.Errorf("%s, folder %t: %t, want chart %q", test.path, test.isFolder, got, test.chart)
			}
		}
		want := "[]"
		if test.chart != "" {
			want = "[" + test.chart + "/templates]"
		}
		var noted []string
		for _, chart := range w.unrenderedCharts {
			noted = append(noted, chart.path)
		}
		if fmt.Sprint(noted) != want {
			t.Errorf("%s: noted %s, want %s", test.path, noted, want)
		}
	}

	w := &walk{files: &files{}}
	inside := filepath.ToSlash(filepath.Join(root, "churn/templates/a.yaml"))
	w.unrendered("a.yaml", inside, false)
	if err := os.Remove(filepath.Join(root, "churn", "Chart.yaml")); err != nil {
		t.Fatal(err)
	}
	if !w.unrendered("a.yaml", inside, false) {
		t.Error("a folder was looked at twice")
	}
}
