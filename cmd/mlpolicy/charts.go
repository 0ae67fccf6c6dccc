package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// templates is the name of the folder of a Helm chart with its templates. They are not evaluated: lint
// the output of Helm instead.
// https://helm.sh/docs/topics/charts
const templates = "templates"

// chartFiles is the name of the folder of a Helm chart for other files. Files that templates render
// with tpl are templates, too.
// https://helm.sh/docs/chart_template_guide/accessing_files
const chartFiles = "files"

// chartFile is the name of the file that makes a folder a chart.
const chartFile = "Chart.yaml"

// chart is a folder that has a chartFile.
type chart struct{ noted bool }

// unrendered reports whether a path is in the templates of a chart, and records each chart once. The
// absolute path has slashes.
func (w *walk) unrendered(path, absolute string, isFolder bool) bool {
	if isFolder {
		absolute += "/"
	}
	chart, at := w.chartWith(absolute, templates)
	if chart == nil {
		return false
	}
	if !chart.noted {
		chart.noted = true
		inside := strings.TrimSuffix(absolute[at:], "/")
		w.noteChart(filepath.Join(path, strings.Repeat("../", strings.Count(inside, "/"))))
	}
	return true
}

// chartWith returns the outermost chart with a folder of this name that contains an absolute path with
// slashes, and the length of the chart's path. It returns nil if there is none.
func (w *walk) chartWith(absolute, folder string) (*chart, int) {
	for at := 0; ; at++ {
		next := strings.Index(absolute[at:], "/"+folder+"/")
		if next < 0 {
			return nil, 0
		}
		at += next
		if chart := w.chart(absolute[:at]); chart != nil {
			return chart, at
		}
	}
}

// withoutTemplates wraps read to skip templates in the folder chartFiles of a chart.
func (w *walk) withoutTemplates(path, absolute string, read func(buffer []byte) ([]byte, error)) func(buffer []byte) ([]byte, error) {
	if chart, _ := w.chartWith(absolute, chartFiles); chart == nil {
		return read
	}
	return func(buffer []byte) ([]byte, error) {
		data, err := read(buffer)
		if err == nil && helmAction.Match(data) {
			w.skipEvaluable(path, false, "an unrendered template of a Helm chart")
			return nil, nil
		}
		return data, err
	}
}

// helmAction matches a template action that refers to objects and functions of Helm. It does not match
// other placeholders in double braces, such as {{inputs.parameters.x}} of Argo.
// https://helm.sh/docs/chart_template_guide/builtin_objects
var helmAction = regexp.MustCompile(`\{\{-?\s*(?:[.$]|(?:if|else|end|range|with|define|block|template|include|tpl|toYaml|printf|default|quote|required|lookup)\b)`)

// chart returns nil for a folder that is not a chart. It caches the result.
func (w *walk) chart(folder string) *chart {
	known, looked := w.charts[folder]
	if looked {
		return known
	}
	if info, err := os.Stat(filepath.FromSlash(folder + "/" + chartFile)); err == nil && info.Mode().IsRegular() {
		known = &chart{}
	}
	if w.charts == nil {
		w.charts = map[string]*chart{}
	}
	w.charts[folder] = known
	return known
}

// noteChart records a chart with skipped templates. path is relative to the working directory if the
// path on the command line is.
func (w *walk) noteChart(path string) {
	folder := filepath.ToSlash(filepath.Join(path, templates))
	w.noteUnevaluated(folder + "/")
	w.unrenderedCharts = append(w.unrenderedCharts, skip{
		path:   folder,
		reason: "unrendered templates of a Helm chart; run helm template " + filepath.ToSlash(path) + " | mlpolicy lint -",
	})
}
