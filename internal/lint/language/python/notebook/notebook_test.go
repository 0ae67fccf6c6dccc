package notebook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// read returns the cells of a notebook, each with its number, the file that it writes and its content.
func read(t *testing.T, text string) (cells []string, f *source.File) {
	t.Helper()
	f = source.Decode("a.ipynb", []byte(text))
	for _, c := range Read(f) {
		cells = append(cells, strings.TrimSpace(fmt.Sprintf("%d %s:%s", c.Number, c.Writes, c.Content())))
	}
	return cells, f
}

func TestRead(t *testing.T) {
	const output = `"outputs": [{"text": "\"}]", "data": {"image/png": "\\\""}}, [], {}, 1.5e3, null]`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"kinds":       {`{"cells": [{"cell_type": "markdown", "source": "m"}, {"cell_type": "code", "source": "a"}, {"cell_type": "raw", "source": "r"}, {"source": "n"}]}`, []string{"2 :a"}},
		"lists":       {`{"cells": [{"source": ["a\n", "\u00e9\\", "\ud83d\ude00"], "cell_type": "code"}]}`, []string{"1 :a\né\\😀"}},
		"outputs":     {`{"cells": [{"cell_type": "code", ` + output + `, "source": "a"}, {"cell_type": "code", "source": "b", ` + output + `}], "x": {"cells": []}}`, []string{"1 :a", "2 :b"}},
		"kernel":      {`{"metadata": {"kernelspec": {"language": "R"}}, "cells": [{"cell_type": "code", "source": "a"}, {"cell_type": "code", "metadata": {"vscode": {"languageId": "python"}}, "source": "b"}]}`, []string{"2 :b"}},
		"other order": {`{"cells": [{"cell_type": "code", "source": "a"}], "metadata": {"language_info": {"name": "julia"}}}`, nil},
		"nbformat 3":  {`{"worksheets": [{"cells": [{"cell_type": "code", "language": "python", "input": ["a"], "outputs": []}]}]}`, []string{"1 :a"}},
		"wrong types": {`{"cells": [1, "a", [], null, {"cell_type": ["code"], "source": "a"}, {"cell_type": "code", "source": {"a": ["b"]}}], "metadata": [], "worksheets": {}}`, []string{"6 :ab"}},
		"not a cell":  {`["cells"]`, nil},
	} {
		if got, f := read(t, c.text); !slices.Equal(got, c.want) || len(f.Problems) > 0 {
			t.Errorf("%s: %q, not %q; problems %v", name, got, c.want, f.Problems)
		}
	}
	for _, text := range []string{``, `{`, `{"cells": [`, `{"cells": [{"source": "a]}`, `{"cells": []} x`, `{"cells": [{"outputs": [}]}]}`, `{"cells": [}`, `{"cells" []}`, `{"cells": [{"outputs": [{"text": "` + "\n" + `"}]}]}`, `{"cells": [{"outputs": nul}]}`} {
		if cells, f := read(t, text); len(f.Problems) != 1 || len(cells) > 0 {
			t.Errorf("%q: %q, problems %v", text, cells, f.Problems)
		}
	}
}

func TestCommands(t *testing.T) {
	for text, want := range map[string]string{
		"a":                            "1 :a",
		"%time a":                      "1 :%time a",
		"%pip install a\nb":            "1 :%pip install a\nb",
		"\n%%time\na":                  "1 :a",
		"%%capture out\na":             "1 :a",
		"%%bash\na":                    "",
		"%%pyspark\na":                 "1 :a",
		"%sql\nselect 1":               "",
		"%md\na":                       "",
		"%%writefile a.yml\nb":         "1 a.yml:b",
		"%%writefile ./x/../a.YAML\nb": "1 a.YAML:b",
		"%%writefile 'a b.json'\r\nb":  "1 a b.json:b",
		"%%file a.yml\nb":              "1 a.yml:b",
		"%%writefile a.py\nb":          "",
		"%%writefile a.yml b.yml\nc":   "",
		"%%time\n%%writefile a.yml\nb": "1 a.yml:b",
		"%%capture x\n\n%%bash\nb":     "",
		"%%time":                       "1 :",
		"%":                            "1 :%",
		"%%writefile $name.yml\nb":     "",
		"%%writefile -x a.yml\nb":      "",
		"%%writefile":                  "",
		"%%filename a.yml\nb":          "",
	} {
		source, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := read(t, `{"cells": [{"cell_type": "code", "source": `+string(source)+`}]}`)
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
}

func TestWrittenName(t *testing.T) {
	for arguments, want := range map[string]bool{"a.yml": false, "-a a.yml": true, "--append a.yml": true, "a.yml -a": true, `-a "a.yml"`: true} {
		if name, appends := writtenName(arguments); name != "a.yml" || appends != want {
			t.Errorf("%s: %q, %v", arguments, name, appends)
		}
	}
}

func TestMayWrite(t *testing.T) {
	for text, want := range map[string]bool{`"%%writefile a.yml"`: true, `"%%file a.yml"`: true, `"%file a.yml"`: false, ``: false} {
		if MayWrite([]byte(text)) != want {
			t.Errorf("%s: not %v", text, want)
		}
	}
}

// TestAddTo checks that what a cell writes is at its place in the notebook, with paths from there.
func TestAddTo(t *testing.T) {
	const text = `{"cells": [{"cell_type": "code", "source": ["%%writefile env/a.yml\n", "\u0061: 1 # note\n", "conda_file: b.yml"]}]}`
	f := source.Decode("a.ipynb", []byte(text))
	cells := Read(f)
	if len(cells) != 1 {
		t.Fatal(cells)
	}
	comments := cells[0].AddTo(f)
	if len(comments) != 1 || text[comments[0].Mark:comments[0].End] != "# note" {
		t.Fatal(comments)
	}
	if len(f.Documents) != 1 {
		t.Fatal(f.Documents)
	}
	key, file := f.Documents[0].Root.Members()[0].Key, f.Documents[0].Root.Get("conda_file")
	if at := key.Span(); key.Text() != "a" || text[at.Start.Offset:at.End.Offset] != `\u0061` {
		t.Errorf("%q at %v", key.Text(), at)
	}
	if at := file.Span(); file.Text() != "env/b.yml" || text[at.Start.Offset:at.End.Offset] != "b.yml" {
		t.Errorf("%q at %v", file.Text(), at)
	}
}
