package main

import (
	"os"
	"path/filepath"
	"strings"
)

// templates is the name of the folder of a Helm chart that holds its templates. They
// are not judged: what Helm makes of them is.
// https://helm.sh/docs/topics/charts
const templates = "templates"

// chart is a folder that has a Chart.yaml.
type chart struct{ noted bool }

// unrendered tells whether a path is among the templates of a chart, and notes each
// chart once. The absolute path has slashes.
func (w *walk) unrendered(path, absolute string, isFolder bool) bool {
	if isFolder {
		absolute += "/"
	}
	for at := 0; ; at++ {
		next := strings.Index(absolute[at:], "/"+templates+"/")
		if next < 0 {
			return false
		}
		at += next
		chart := w.chart(absolute[:at])
		if chart == nil {
			continue
		}
		if !chart.noted {
			chart.noted = true
			inside := strings.TrimSuffix(absolute[at:], "/")
			w.noteChart(filepath.Join(path, strings.Repeat("../", strings.Count(inside, "/"))))
		}
		return true
	}
}

// chart returns nil for a folder that is none. It looks at a folder once.
func (w *walk) chart(folder string) *chart {
	known, looked := w.charts[folder]
	if looked {
		return known
	}
	if info, err := os.Stat(filepath.FromSlash(folder + "/Chart.yaml")); err == nil && info.Mode().IsRegular() {
		known = &chart{}
	}
	if w.charts == nil {
		w.charts = map[string]*chart{}
	}
	w.charts[folder] = known
	return known
}

// noteChart keeps a chart, by the name that the command line gives it, for those who
// miss its templates.
func (w *walk) noteChart(path string) {
	w.unrenderedCharts = append(w.unrenderedCharts, skip{
		path:   filepath.ToSlash(filepath.Join(path, templates)),
		reason: "templates of a Helm chart, which are not rendered here: helm template " + filepath.ToSlash(path) + " | mlpolicy lint -",
	})
}
