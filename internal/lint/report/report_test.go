package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// at finds the span of the first value in the text of a file, what stands before it
// skipped up to and with after.
func at(t *testing.T, file *source.File, after, value string) source.Span {
	t.Helper()
	skipped := bytes.Index(file.Text, []byte(after)) + len(after)
	start := bytes.Index(file.Text[skipped:], []byte(value))
	if start < 0 {
		t.Fatalf("no %q after %q", value, after)
	}
	start += skipped
	return source.Span{Start: position(file.Text, start), End: position(file.Text, start+len(value))}
}

func position(text []byte, offset int) source.Position {
	before := text[:offset]
	line := bytes.LastIndexByte(before, '\n') + 1
	return source.Position{
		Offset: offset, Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[line:]),
	}
}

func file(name, text string) *source.File { return &source.File{Name: name, Text: []byte(text)} }

// sample has a finding of each kind.
func sample(t *testing.T) *lint.Result {
	deploy := file("deploy/aci.yaml", "name: churn\ncontainerResourceRequirements:\n  cpu: 1\n  gpu: 1\n  memoryInGB: 64\n")
	other := file("deploy/other.yaml", "kind: batch\ntarget: managed-online\n")
	list := []lint.Finding{
		{
			Rule: "contradiction", Severity: lint.Warning, Message: "no file states this one",
		},
		{
			Rule: "gpu-web-service", Severity: lint.Error, Message: "churn requests 1 GPU on Azure Container Instances: deploy to AKS",
			Remedy: "Deploy to AKS, or remove the GPU request.", File: deploy, Span: at(t, deploy, "gpu: ", "1"),
			Field: "containerResourceRequirements.gpu", Deployment: "churn", Target: "aci",
		},
		{
			Rule: "memory", Severity: lint.Error, Message: "churn requests 64 GB of memory <&> \"more\"",
			Remedy: "Ask for less memory.", File: deploy, Span: at(t, deploy, "memoryInGB: ", "64"),
			Field: "containerResourceRequirements.memoryInGB", Deployment: "churn", Target: "aci",
			Related: []lint.Related{
				{File: other, Span: at(t, other, "", "batch"), Message: "a second container"},
				{File: other, Span: at(t, other, "", "target")},
			},
		},
		{
			Rule: "preview-target", Severity: lint.Note, Message: "the document as a whole", File: deploy,
			Span: source.Span{Start: position(deploy.Text, 0), End: position(deploy.Text, len(deploy.Text))},
		},
		{Rule: "syntax", Severity: lint.Error, Message: "the end of the file", File: deploy, Span: source.Span{
			Start: position(deploy.Text, len(deploy.Text)), End: position(deploy.Text, len(deploy.Text)),
		}},
		{Rule: "syntax", Severity: lint.Error, Message: "the file as a whole", File: deploy},
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		file := file("deploy/"+name+".yaml", "target: managed-online\n")
		list = append(list, lint.Finding{
			Rule: "unlisted-target", Severity: lint.Note, Target: "managed-online", Deployment: name, File: file, Span: at(t, file, ": ", "managed-online"),
			Message: name + " runs on managed-online, which edition 2020-06 does not list; 2023-03 does: set edition: 2023-03",
			Remedy:  "Choose an edition that lists the target.",
		})
	}
	local := file("deploy/local.yaml", "target: local\n")
	list = append(list, lint.Finding{
		Rule: "unlisted-target", Severity: lint.Note, Target: "local", Deployment: "l", File: local, Span: at(t, local, ": ", "local"),
		Message: "l runs on local, which edition 2023-03 does not list", Remedy: "Choose an edition that lists the target.",
	})
	return &lint.Result{
		Editions: []string{"2020-06"}, Policies: []string{"sha256:0"}, Findings: list, Files: 12, Recognized: 11, Deployments: 10, Errors: []error{errors.New("gone.yaml: no such file")},
	}
}

func written[Answer any](t *testing.T, write writer[Answer], answer Answer, options Options) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := write(&buffer, answer, options); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// findings are those of a run that errors fail.
func findings(result *lint.Result) Findings {
	for i := range result.Findings {
		result.Findings[i].Fails = result.Findings[i].Severity == lint.Error
	}
	return Findings{Result: result, Incomplete: result.Errors}
}

func TestText(t *testing.T) {
	golden.Check(t, "testdata/sample.txt", written(t, findingsText, findings(sample(t)), Options{}))
}

func TestTextInColor(t *testing.T) {
	colored := written(t, findingsText, findings(sample(t)), Options{Color: true})
	golden.Check(t, "testdata/sample-color.txt", colored)
	plain := colored
	for _, code := range []string{"0", "1", "2", "1;31", "1;33", "1;34", "1;36"} {
		plain = bytes.ReplaceAll(plain, []byte("\x1b["+code+"m"), nil)
	}
	if want := written(t, findingsText, findings(sample(t)), Options{}); !bytes.Equal(plain, want) {
		t.Errorf("without its colours it reads\n%s\nwant\n%s", plain, want)
	}
}

func TestTextWithoutFindings(t *testing.T) {
	for _, test := range []struct {
		result lint.Result
		want   string
	}{
		{lint.Result{Editions: []string{"2020-06"}, Files: 1, Deployments: 1}, "no findings in 1 deployment (1 file, edition 2020-06)\n"},
		{lint.Result{Editions: []string{"2020-06"}, Files: 7, Deployments: 2}, "no findings in 2 deployments (7 files, edition 2020-06)\n"},
		{lint.Result{Files: 7}, "no deployments in 7 files\n"},
		{lint.Result{Files: 7, Waived: make([]lint.Finding, 2)}, "no deployments, 2 waived in 7 files\n"},
		{lint.Result{Editions: []string{"2020-06"}, Errors: []error{errors.New("x")}}, "1 could not be evaluated; no findings in the others (0 files, edition 2020-06)\n"},
		{lint.Result{Files: 1, Findings: []lint.Finding{{Rule: "syntax", Severity: lint.Error, Message: "m"}}}, "error: m [syntax]\n\n1 error in 1 file\n"},
	} {
		if got := string(written(t, findingsText, findings(&test.result), Options{})); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// TestMark shows lines that are hard to mark: the mark stands under the value, counted in
// the cells of a terminal.
func TestMark(t *testing.T) {
	long := strings.Repeat("abcdefghi ", 40)
	var all bytes.Buffer
	for _, test := range []struct {
		name, text, after, value string
		width                    int
	}{
		{"wide characters", "名前: 日本語テスト # 値\n", ": ", "日本語テスト", 0},
		{"after wide characters", "{ 名前: 日本語, gpu: 1 }", "gpu: ", "1", 0},
		{"emoji", "{ name: \"👩‍🚀🇩🇪 x\", gpu: 2 }\n", "gpu: ", "2", 0},
		{"combining marks", "{ name: \"e\u0301e\u0301\", gpu: 2 }\n", "gpu: ", "2", 0},
		{"tabs", "\tgpu:\t1\t# one\n", ":\t", "1", 0},
		{"CRLF", "a: 1\r\ngpu: 12\r\nb: 2\r\n", "gpu: ", "12", 0},
		{"several lines", "a:\n  - first line\n  - second\n", "  ", "- first line\n  - second", 0},
		{"several lines of CRLF", "a: |\r\n  x\r\n", "a: ", "|\r\n  x", 0},
		{"control characters", "name: \"a\x1b[31m\x07\u009b\u202e\x7f\" # gpu\n", "# ", "gpu", 0},
		{"long line, value first", "gpu: 1 # " + long + "\n", ": ", "1", 60},
		{"long line, value in the middle", long + "gpu: 7, " + long + "\n", "gpu: ", "7", 60},
		{"long line, value last", long + "gpu: 7\n", "gpu: ", "7", 60},
		{"long value", "name: " + long + "x\n", ": ", long + "x", 60},
		{"long wide line", strings.Repeat("日本", 60) + " gpu: 7 " + strings.Repeat("語", 60) + "\n", "gpu: ", "7", 61},
		{"line longer than what is looked at", strings.Repeat("é", 5000) + "gpu: 7" + strings.Repeat("é", 5000), "gpu: ", "7", 60},
		{"narrow terminal", "containerResourceRequirements: {gpu: 1, memoryInGB: 4}\n", "gpu: ", "1", 10},
	} {
		file := file("f.yaml", test.text)
		span := at(t, file, test.after, test.value)
		all.WriteString("# " + test.name + "\n")
		all.Write(written(t, findingsText, findings(&lint.Result{Files: 1, Deployments: 1, Findings: []lint.Finding{{
			Rule: "r", Severity: lint.Error, Message: "m", File: file, Span: span,
		}}}), Options{Width: test.width}))
	}
	golden.Check(t, "testdata/marks.txt", all.Bytes())
}

// TestConfidential holds that nothing of a confidential file's text is written.
func TestConfidential(t *testing.T) {
	for _, text := range []string{
		`{"password": "hunter2", "memory": 64, "key": "hunter2"}`,
		"{\n  \"password\": \"hunter2\",\n  \"memory\": 64, \"key\": \"hunter2\"\n}\n",
	} {
		plan := file("plan.json", text)
		plan.Confidential = true
		span := at(t, plan, `"memory": `, "64")
		result := &lint.Result{Files: 1, Deployments: 1, Findings: []lint.Finding{
			{
				Rule: "memory", Severity: lint.Error, Message: "m", Remedy: "r", File: plan, Span: span, Field: "memory",
				Related: []lint.Related{{File: plan, Span: span, Message: "adds to it"}},
			},
			{Rule: "syntax", Severity: lint.Error, Message: "broken", Remedy: "r", File: plan, Span: span},
			{Rule: "unlisted-target", Severity: lint.Note, Message: "n", File: plan, Span: span, Target: "local"},
		}}
		var written bytes.Buffer
		if err := findingsText(&written, findings(result), Options{}); err != nil {
			t.Fatal(err)
		}
		location := locationOf(plan, span)
		want := location + ": error: m [memory]\n  = at: memory\n  = help: r\n  = see: " + location + ": adds to it\n\n" +
			location + ": error: broken [syntax]\n  = help: r\n\n" + location + ": note: n [unlisted-target]\n\n" +
			"2 errors, 1 note in 1 deployment (1 file, edition )\n"
		if written.String() != want {
			t.Errorf("got\n%s\nwant\n%s", written.String(), want)
		}
		if err := findingsJSON(&written, findings(result), Options{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(written.String(), "hunter2") {
			t.Errorf("it writes the password:\n%s", written.String())
		}
	}
}

func TestTextEscapesWhatSteersTerminals(t *testing.T) {
	evil := "\x1b]0;x\x07\r\n\u009b2J\u202e"
	evilFile := file("a"+evil+".yaml", "x: "+strings.ReplaceAll(evil, "\n", "")+"\n")
	got := written(t, findingsText, findings(&lint.Result{Files: 1, Findings: []lint.Finding{{
		Rule: evil, Severity: lint.Error, Message: evil, Remedy: evil, File: evilFile, Span: at(t, evilFile, "", "x"),
		Related: []lint.Related{{File: evilFile, Span: at(t, evilFile, "", "x"), Message: evil}},
	}}}), Options{})
	for _, r := range string(got) {
		if r != '\n' && !shows(r) {
			t.Errorf("%U in\n%q", r, got)
		}
	}
	if want := 7; bytes.Count(got, []byte("\n")) != want {
		t.Errorf("%d lines, want %d:\n%s", bytes.Count(got, []byte("\n")), want, got)
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{"ä 日本": "ä 日本", "a\x1b[31m": `a\x1b[31m`, "a\x9b31m": "a\ufffd31m", "\xff\n": "\ufffd\\n"} {
		if got := Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestJSONWithoutFindings(t *testing.T) {
	got := string(written(t, findingsJSON, findings(&lint.Result{Editions: []string{"2020-06"}}), Options{}))
	if !strings.Contains(got, `"findings": []`) || !strings.HasSuffix(got, "}\n") {
		t.Error(got)
	}
}

func TestJSONKeepsEachCharacterOfValues(t *testing.T) {
	want := "<&>\u2028 日本語 \x1b[0m \u009b \u202e \x7f \"\\ \U0001f469"
	text := written(t, findingsJSON, findings(&lint.Result{Findings: []lint.Finding{{Rule: "r", Message: want}}}), Options{})
	if !strings.Contains(string(text), "<&>") || strings.ContainsAny(string(text), "\x1b\u009b\u202e\x7f") {
		t.Errorf("%q", text)
	}
	var document jsonReport
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if got := document.Findings[0].Message; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// closed fails from the second write on, as a pipe does that nobody reads any more.
type closed struct{ writes int }

func (w *closed) Write(p []byte) (int, error) {
	if w.writes++; w.writes > 1 {
		return 0, errors.New("closed")
	}
	return len(p), nil
}

func TestJSONIsWrittenInOnePiece(t *testing.T) {
	result := sample(t)
	for range 6 {
		result.Findings = append(result.Findings, result.Findings...)
	}
	w := &closed{}
	if err := findingsJSON(w, findings(result), Options{}); err != nil || w.writes != 1 {
		t.Errorf("%d writes, %v", w.writes, err)
	}
	if err := findingsText(&closed{}, findings(result), Options{}); err == nil {
		t.Error("Text hides that it could not write")
	}
}
