package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// maxAnnotations is what GitHub Actions and Azure Pipelines show of each kind of a step, the first ones.
const maxAnnotations = 10

// findingsGitHub writes workflow commands of GitHub Actions, worst first and at most ten of each kind, and adds the
// summary of the job: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func findingsGitHub(w io.Writer, findings Findings, options Options) error {
	kinds := map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Note: "notice"}
	a := annotations{limit: maxAnnotations}
	for _, err := range findings.Incomplete {
		a.incomplete(githubCommand("error", nil, err.Error()))
	}
	for _, each := range findings.worstFirst() {
		a.add(each, githubCommand(kinds[each.Severity], each.githubProperties(), each.sentences()))
	}
	var failed error
	if options.StepSummary != "" {
		failed = appendFile(options.StepSummary, findings.markdown())
		a.summarized = failed == nil
	}
	return cmp.Or(failed, a.write(w, findings.summary()))
}

// githubProperties are names and values. GitHub takes columns only where the finding is on one line.
func (r reported) githubProperties() [][2]string {
	properties := [][2]string{{"title", r.Rule}}
	if r.path == "" {
		return properties
	}
	properties = append(properties, [2]string{"file", r.path})
	if span := r.Span; span.Start.Line > 0 {
		properties = append(properties, [2]string{"line", fmt.Sprint(span.Start.Line)}, [2]string{"endLine", fmt.Sprint(r.lastLine())})
		if span.Start.Line == span.End.Line {
			properties = append(properties, [2]string{"col", fmt.Sprint(span.Start.Column)}, [2]string{"endColumn", fmt.Sprint(span.End.Column)})
		}
	}
	return properties
}

// githubCommand is a line. The runner decodes the escapes: ActionCommand.cs of actions/runner.
func githubCommand(name string, properties [][2]string, message string) string {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var list []string
	for _, each := range properties {
		list = append(list, each[0]+"="+property.Replace(Inert(each[1])))
	}
	return "::" + strings.TrimSuffix(name+" "+strings.Join(list, ","), " ") + "::" + data.Replace(Inert(message))
}

// annotations are the commands of a log, and what is left out of it.
type annotations struct {
	limit    int // of each kind
	lines    []string
	written  map[lint.Severity]int
	omitted  []reported
	unjudged int // errors of the run that are left out

	summarized bool // the summary of the job has all
}

// add adds the line of a finding.
func (a *annotations) add(each reported, line string) {
	if a.room(each.Severity) {
		a.lines = append(a.lines, line)
		return
	}
	a.omitted = append(a.omitted, each)
}

// incomplete adds the line of what could not be read or evaluated, which is an error too.
func (a *annotations) incomplete(line string) {
	if a.room(lint.Error) {
		a.lines = append(a.lines, line)
		return
	}
	a.unjudged++
}

func (a *annotations) room(severity lint.Severity) bool {
	if a.written == nil {
		a.written = map[lint.Severity]int{}
	}
	a.written[severity]++
	return a.written[severity] <= a.limit
}

// write writes the commands, a line that counts what is left out, and the summary. It is what may write commands: below a
// HostWriter. All text in them is inert.
func (a *annotations) write(w io.Writer, summary string) error {
	if host, ok := w.(*HostWriter); ok {
		if err := host.Flush(); err != nil {
			return err
		}
		w = host.Unwrap()
	}
	var text bytes.Buffer
	for _, line := range a.lines {
		text.WriteString(line + "\n")
	}
	if rest := more(a.unjudged, a.omitted); rest != "" {
		if a.summarized {
			rest += ": see the summary of the job"
		}
		text.WriteString(rest + "\n")
	}
	text.WriteString(Inert(summary) + "\n")
	_, err := w.Write(text.Bytes())
	return err
}

// SummaryError is the error of a summary of a job that could not be written.
type SummaryError struct {
	Path string // of the file, or of its folder
	Err  error
}

func (e *SummaryError) Error() string { return e.Path + ": " + e.Err.Error() }

// appendFile adds text to the end of a file.
func appendFile(name, text string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err == nil {
		_, err = io.WriteString(file, text)
		err = cmp.Or(err, file.Close())
	}
	if err != nil {
		return &SummaryError{name, err}
	}
	return nil
}
