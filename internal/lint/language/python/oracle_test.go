package python

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
)

// oracle is CPython's parser.
type oracle struct {
	in  io.Writer
	out *bufio.Reader
}

// newOracle starts CPython. The gate has it; elsewhere the tests that need it are skipped.
func newOracle(t testing.TB) *oracle {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not here, whose parser is the oracle; .ci/run installs it")
	}
	command := exec.CommandContext(t.Context(), python, "-W", "ignore", "testdata/oracle.py")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		command.Wait() // the test has what it needs
	})
	return &oracle{in, bufio.NewReaderSize(out, 1<<20)}
}

// calls returns the calls of a program; ok is false for a text that is not Python.
func (o *oracle) calls(t testing.TB, text string) (calls []any, ok bool) {
	t.Helper()
	line, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(o.in, "%s\n", line); err != nil {
		t.Fatal(err)
	}
	answer, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &calls); err != nil {
		t.Fatal(err)
	}
	return calls, string(answer) != "null\n"
}

// callsOf returns the calls of a program in the form of the oracle, with names as values that are not known.
func callsOf(text string) (calls []any, broken *syntax.Fault) {
	c := syntax.New(text)
	if broken := c.Read(syntax.Span{Start: 0, End: len(text)}, false); broken != nil {
		return nil, broken
	}
	e := &evaluator{names: &names{Code: c}, known: map[syntax.Part]*value{}, objects: map[int]*object{}, results: map[syntax.Part][]*object{}}
	calls = []any{}
	e.eachCall(func(i, end int) {
		all, _ := e.argumentsOf(syntax.Part{From: end + 1, To: c.Tokens[end].Match})
		arguments := []any{}
		for _, positional := range all.positional {
			arguments = append(arguments, argumentOf(e, "", positional))
		}
		var names []string
		for name := range all.keywords {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int { return all.keywords[a].value.From - all.keywords[b].value.From })
		for _, name := range names {
			arguments = append(arguments, argumentOf(e, name, all.keywords[name].value))
		}
		calls = append(calls, []any{float64(c.Tokens[i].Start), float64(c.Tokens[c.Tokens[end].Match].End), arguments})
	})
	return calls, nil
}

func argumentOf(e *evaluator, name string, at syntax.Part) any {
	v := e.eval(at, 0)
	return []any{name, literalOf(v), float64(e.Tokens[v.at.From].Start), float64(e.Tokens[v.at.To-1].End)}
}

func literalOf(v *value) any {
	switch v.kind {
	case nullValue:
		return []any{"null", ""}
	case boolValue:
		return []any{"bool", v.text}
	case numberValue:
		number, err := strconv.ParseFloat(v.text, 64)
		if err != nil || math.IsInf(number, 0) {
			return nil
		}
		return []any{"number", number}
	case textValue:
		return []any{"text", v.text}
	case listValue:
		items := []any{}
		for _, item := range v.items {
			items = append(items, literalOf(item))
		}
		return []any{"list", items}
	case dictValue:
		items := []any{}
		for i, item := range v.items {
			items = append(items, []any{literalOf(v.keys[i]), literalOf(item)})
		}
		return []any{"dict", items}
	}
	return nil
}

// compareCalls compares the calls of both readers. A value that only the oracle knows is not reported if unread accepts it.
func compareCalls(got, want []any) []string {
	var differences []string
	byStart := map[any][]any{}
	for _, call := range got {
		byStart[call.([]any)[0]] = call.([]any)
	}
	for _, call := range want {
		call := call.([]any)
		own := byStart[call[0]]
		if own == nil {
			differences = append(differences, fmt.Sprintf("no call at %v", call[0]))
			continue
		}
		if own[1] != call[1] {
			differences = append(differences, fmt.Sprintf("the call at %v ends at %v, not %v", call[0], own[1], call[1]))
		}
		arguments, wanted := own[2].([]any), call[2].([]any)
		if len(arguments) != len(wanted) {
			differences = append(differences, fmt.Sprintf("the call at %v has %d arguments, not %d", call[0], len(arguments), len(wanted)))
			continue
		}
		for i := range arguments {
			a, w := arguments[i].([]any), wanted[i].([]any)
			if fmt.Sprint(a[0], a[1]) != fmt.Sprint(w[0], w[1]) || a[1] != nil && (a[2] != w[2] || a[3] != w[3]) {
				differences = append(differences, fmt.Sprintf("the call at %v has %v, not %v", call[0], a, w))
			}
		}
	}
	return differences
}

// programs are the texts of the examples and of the files below MLPOLICY_PYTHON, if it is set.
func programs(t testing.TB) map[string]string {
	t.Helper()
	texts := map[string]string{}
	archive, err := txtar.ParseFile("testdata/programs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.Files {
		texts[file.Name] = string(file.Data)
	}
	if len(texts) < 10 {
		t.Fatalf("%d programs", len(texts))
	}
	root := os.Getenv("MLPOLICY_PYTHON")
	if root == "" {
		return texts
	}
	if err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		switch filepath.Ext(name) {
		case ".py":
			texts[name] = strings.TrimPrefix(string(data), "\ufeff")
		case ".ipynb":
			for number, cell := range cellsWithoutCommands(data) {
				texts[fmt.Sprintf("%s cell %d", name, number+1)] = cell
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return texts
}

// cellsWithoutCommands returns the cells of a notebook that are Python alone.
func cellsWithoutCommands(data []byte) []string {
	var notebook struct {
		Cells []struct {
			Kind   string `json:"cell_type"`
			Source any    `json:"source"`
		} `json:"cells"`
	}
	if json.Unmarshal(data, &notebook) != nil {
		return nil
	}
	var cells []string
	for _, cell := range notebook.Cells {
		text := fmt.Sprint(cell.Source)
		if lines, ok := cell.Source.([]any); ok {
			text = ""
			for _, line := range lines {
				text += fmt.Sprint(line)
			}
		}
		if cell.Kind == "code" && !strings.ContainsAny(text, "%!?") {
			cells = append(cells, text)
		}
	}
	return cells
}

// TestCPythonAgrees compares all calls of programs with what CPython says about them.
func TestCPythonAgrees(t *testing.T) {
	oracle := newOracle(t)
	calls := 0
	for name, text := range programs(t) {
		want, ok := oracle.calls(t, text)
		got, broken := callsOf(text)
		switch {
		case !ok:
			if broken == nil {
				t.Logf("%s: not Python, and not noticed", name)
			}
			continue
		case broken != nil:
			t.Errorf("%s: %d: %s", name, broken.At, broken.Message)
			continue
		}
		calls += len(want)
		for _, difference := range compareCalls(got, want) {
			t.Errorf("%s: %s", name, difference)
		}
	}
	if calls < 50 {
		t.Errorf("%d calls", calls)
	}
	t.Logf("%d calls", calls)
}
