package report

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// findingsAzure writes logging commands of Azure Pipelines, worst first and at most ten of each kind, and uploads the
// summary of the job. There are commands for errors and warnings only; notes are plain lines:
// https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
func findingsAzure(w io.Writer, findings Findings, options Options) error {
	a := annotations{limit: maxAnnotations}
	for _, err := range findings.Incomplete {
		a.incomplete(azureCommand("task.logissue", [][2]string{{"type", "error"}}, err.Error()))
	}
	for _, each := range findings.worstFirst() {
		a.add(each, each.azureLine())
	}
	var failed error
	if options.AgentTemp != "" {
		path, err := summaryFile(options.AgentTemp, findings.markdown())
		if err == nil {
			a.lines, a.summarized = append(a.lines, azureCommand("task.uploadsummary", nil, path)), true
		}
		failed = err
	}
	return cmp.Or(failed, a.write(w, findings.summary()))
}

func (r reported) azureLine() string {
	if r.Severity == lint.Note {
		return Inert(r.line() + " [" + r.Rule + "]")
	}
	properties := [][2]string{{"type", string(r.Severity)}}
	if r.path != "" {
		properties = append(properties, [2]string{"sourcepath", r.path})
		if start := r.Span.Start; start.Line > 0 {
			properties = append(properties, [2]string{"linenumber", fmt.Sprint(start.Line)}, [2]string{"columnnumber", fmt.Sprint(start.Column)})
		}
	}
	return azureCommand("task.logissue", append(properties, [2]string{"code", r.Rule}), r.sentences())
}

// azureCommand is a line. The agent decodes the escapes, that of "%" last: Command.cs of microsoft/azure-pipelines-agent.
func azureCommand(name string, properties [][2]string, message string) string {
	escapes := strings.NewReplacer("%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D")
	var list strings.Builder
	for _, each := range properties {
		list.WriteString(each[0] + "=" + escapes.Replace(Inert(each[1])) + ";")
	}
	return strings.TrimSuffix("##vso["+name+" "+list.String(), " ") + "]" + escapes.Replace(Inert(message))
}

// summaryFile writes a file that no other call writes, and returns its absolute path.
func summaryFile(dir, text string) (path string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", &SummaryError{dir, err}
	}
	file, err := os.CreateTemp(dir, "mlpolicy-*.md")
	if err != nil {
		return "", &SummaryError{dir, err}
	}
	_, err = io.WriteString(file, text)
	if err = cmp.Or(err, file.Close()); err != nil {
		return "", &SummaryError{file.Name(), err}
	}
	return file.Name(), nil
}
