package baseline_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
)

// all has an entry of each form.
func all() []baseline.Entry {
	return []baseline.Entry{
		{Key: baseline.Key{File: "b/churn.yaml", Deployment: "churn", Rule: "gpu-web-service", Target: "aci", Field: `spec.containers["server"].gpu`}, Value: text("1"), Count: 2},
		{Key: baseline.Key{File: "b:churn.yaml", Rule: "memory"}, Count: 1},
		{Key: baseline.Key{File: "b/churn.yaml", Deployment: "churn", Rule: "cpu-only", Component: "predictor", Target: "aci", MayRun: true, Field: "spec"}, Count: 1},
		{Key: baseline.Key{File: "a/模.json", Rule: "memory"}, Value: number(0.5), Count: 1},
		{Key: baseline.Key{File: "a/模.json", Rule: "memory"}, Value: atLeast(1.4e9), Count: 1},
		{Key: baseline.Key{File: "a/模.json", Rule: "contradiction", Field: "\"\\\u202e\x1b\U000e0001\u007f"}, Value: text("64"), Count: 1},
	}
}

const written = `{"version": 1, "findings": [
{"file": "a/模.json", "rule": "contradiction", "field": "\"\\\u202e\u001b\udb40\udc01\u007f", "value": "64", "count": 1},
{"file": "a/模.json", "rule": "memory", "value": 0.5, "count": 1},
{"file": "a/模.json", "rule": "memory", "at_least": 1400000000, "count": 1},
{"file": "b/churn.yaml", "deployment": "churn", "rule": "cpu-only", "component": "predictor", "may_run_on": "aci", "field": "spec", "count": 1},
{"file": "b/churn.yaml", "deployment": "churn", "rule": "gpu-web-service", "target": "aci", "field": "spec.containers[\"server\"].gpu", "value": "1", "count": 2},
{"file": "b:churn.yaml", "rule": "memory", "count": 1},
null]}
`

// The form is pinned: a later version must read what this one writes.
func TestFormat(t *testing.T) {
	if got := string(baseline.Format(all())); got != written {
		t.Errorf("got\n%s\nwant\n%s", got, written)
	}
	if got, want := string(baseline.Format(nil)), "{\"version\": 1, \"findings\": [\nnull]}\n"; got != want {
		t.Errorf("without entries %q, want %q", got, want)
	}
	reversed := all()
	slices.Reverse(reversed)
	if got := string(baseline.Format(reversed)); got != written {
		t.Errorf("in another order\n%s", got)
	}
	if !json.Valid([]byte(written)) {
		t.Error("not JSON")
	}
}

func TestParseReadsWhatFormatWrites(t *testing.T) {
	read, err := baseline.Parse(baseline.FileName, []byte(written))
	if err != nil {
		t.Fatal(err)
	}
	if again := string(baseline.Format(read.Entries)); again != written {
		t.Errorf("read and written again\n%s", again)
	}
	want := baseline.Merge(all())
	for i, entry := range read.Entries {
		if line := entry.At.Span().Start.Line; line != i+2 {
			t.Errorf("entry %d is on line %d", i, line)
		}
		entry.At = nil
		if entry != want[i] {
			t.Errorf("got %+v, want %+v", entry, want[i])
		}
	}
}

// What people and programs may do to a baseline changes nothing: other formatting, another order, no null, lines twice.
func TestParseForms(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal([]byte(written), &document); err != nil {
		t.Fatal(err)
	}
	findings := document["findings"].([]any)
	slices.Reverse(findings)
	document["findings"] = findings[1:]
	var indented bytes.Buffer
	encoder := json.NewEncoder(&indented)
	encoder.SetIndent("", "\t")
	if err := encoder.Encode(document); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"formatted by another program": indented.String(),
		"CRLF":                         strings.ReplaceAll(written, "\n", "\r\n"),
		"a byte order mark":            "\ufeff" + written,
		"two lines instead of a count": strings.Replace(written, `"value": "1", "count": 2},`, "\"value\": \"1\", \"count\": 1},\n"+
			`{"file": "b/churn.yaml", "deployment": "churn", "rule": "gpu-web-service", "target": "aci", "field": "spec.containers[\"server\"].gpu", "value": "1"},`, 1),
	} {
		read, err := baseline.Parse(baseline.FileName, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(baseline.Format(read.Entries)); got != written {
			t.Errorf("%s: got\n%s", name, got)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	entry := func(members string) string { return "{\"version\": 1, \"findings\": [\n" + members + "\n]}" }
	for text, want := range map[string]string{
		"": `b.json: a baseline must be one document: {"version": 1, "findings": []}`,
		"{\"version\": 1, \"findings\": [\n{\"file\": \"a\", \"rule\": \"memory\"}\n{}]}": "b.json:3:1: invalid character '{' after array element (expecting ',' or ']')",
		"{\"version\": 1, \"findings\": [\n{\"file\": \"a\", \"rule\": \"memory\"},\n":    "b.json:3:1: the file ends within a JSON value",
		"{\"version\": 1, \"findings\": [\n<<<<<<< HEAD\n{\"file\": \"a\"},\n=======\n":   "b.json:2:1: unresolved merge conflict",
		"{\"version\": 1, \"findings\": [\n{\"file\": \"a\"},\n=======\r\nnull]}":         "b.json:3:1: unresolved merge conflict",
		"[]":                                                  `b.json:1:1: a baseline must be a mapping: {"version": 1, "findings": []}`,
		`{"findings": []}`:                                    "b.json:1:1: a baseline needs a version: 1",
		`{"version": 2, "findings": []}`:                      "b.json:1:13: unknown version 2 of a baseline: this program reads version 1",
		`{"version": "1", "findings": []}`:                    "b.json:1:13: unknown version 1 of a baseline: this program reads version 1",
		`{"version": 1}`:                                      "b.json:1:1: findings must be a list of entries",
		`{"version": 1, "findings": {}}`:                      "b.json:1:28: findings must be a list of entries",
		`{"version": 1, "finding": []}`:                       "b.json:1:16: unknown key \"finding\": did you mean \"findings\"?\nb.json:1:1: findings must be a list of entries",
		entry(`null, {"file": "a", "rule": "memory"}`):        "b.json:2:1: an entry must be a mapping",
		entry(`"a"`):                                          "b.json:2:1: an entry must be a mapping",
		entry(`{"rule": "memory"}`):                           "b.json:2:1: an entry needs a file",
		entry(`{"file": "a"}`):                                "b.json:2:1: an entry needs a rule",
		entry(`{"file": "a", "rule": "memory", "line": 7}`):   `b.json:2:33: unknown key "line": did you mean "file"?`,
		entry(`{"file": "a", "file": "b", "rule": "memory"}`): `b.json:2:15: duplicate key "file"`,
		entry(`{"file": "/a", "rule": "memory"}`):             `b.json:2:10: invalid path "/a": paths count from the folder of the project, with slashes and without .. or . as a part`,
		entry(`{"file": "../a", "rule": "memory"}`):           `b.json:2:10: invalid path "../a": paths count from the folder of the project, with slashes and without .. or . as a part`,
		entry(`{"file": "a/../../b", "rule": "memory"}`):      `b.json:2:10: invalid path "a/../../b": paths count from the folder of the project, with slashes and without .. or . as a part`,
		entry(`{"file": "C:/a", "rule": "memory"}`):           `b.json:2:10: invalid path "C:/a": paths count from the folder of the project, with slashes and without .. or . as a part`,
		entry(`{"file": "./a", "rule": "memory"}`):            `b.json:2:10: invalid path "./a": paths count from the folder of the project, with slashes and without .. or . as a part`,
		entry(`{"file": "", "rule": "memory"}`):               "b.json:2:10: file must be a text that is not empty",
		entry(`{"file": 1, "rule": "memory"}`):                "b.json:2:10: file must be a text that is not empty",
		entry(`{"file": "a", "rule": "memory", "target": "aci", "may_run_on": "aci"}`): "b.json:2:64: an entry has either target or may_run_on",
		entry(`{"file": "a", "rule": "memory", "value": 1, "at_least": 1}`):            "b.json:2:57: an entry has either value or at_least",
		entry(`{"file": "a", "rule": "memory", "at_least": 1e999}`):                    "b.json:2:45: at_least must be a number",
		entry(`{"file": "a", "rule": "memory", "value": true}`):                        "b.json:2:42: value must be a number or a text that is not empty",
		entry(`{"file": "a", "rule": "memory", "count": 0}`):                           "b.json:2:42: count must be a number from 1 to 1000000",
		entry(`{"file": "a", "rule": "memory", "count": 1.5}`):                         "b.json:2:42: count must be a number from 1 to 1000000",
		entry(`{"file": "a", "rule": "memory", "count": "1"}`):                         "b.json:2:42: count must be a number from 1 to 1000000",
		entry(`{"file": "a", "rule": "memory", "count": 9999999999999999999}`):         "b.json:2:42: count must be a number from 1 to 1000000",
		entry(strings.Repeat(`{},`, 30) + `null`):                                      strings.TrimSuffix(strings.Repeat("b.json:2:%: an entry needs a file\n", 10), "\n"),
	} {
		_, err := baseline.Parse("b.json", []byte(text))
		if err == nil {
			t.Errorf("%s: no mistake", text)
			continue
		}
		if got := err.Error(); got != want && !strings.Contains(want, "%") {
			t.Errorf("%s\ngot  %s\nwant %s", text, got, want)
		} else if strings.Contains(want, "%") && strings.Count(got, "\n") != 9 {
			t.Errorf("%s\n%d mistakes", text, strings.Count(got, "\n")+1)
		}
	}
}

// Whatever a text is, an error has positions in it, and what could be read is written to a text that reads the same.
func FuzzParse(f *testing.F) {
	f.Add(written)
	f.Add("{\"version\": 1, \"findings\": [{\"file\": \"a\", \"rule\": \"memory\", \"value\": 1e3, \"count\": 2}, {\"file\": \"a\", \"rule\": \"memory\", \"value\": 1000}]}")
	f.Add("version: 1\nfindings:\n- {file: a, rule: b, at_least: -0}\n")
	f.Add("{\"version\": 1, \"findings\": [\n<<<<<<< a\n")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := baseline.Parse("b.json", []byte(text))
		if err != nil {
			if err.Error() == "" || read != nil {
				t.Errorf("%v, %v", read, err)
			}
			return
		}
		first := baseline.Format(read.Entries)
		if !json.Valid(first) {
			t.Fatalf("not JSON: %s", first)
		}
		again, err := baseline.Parse("b.json", first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := baseline.Format(again.Entries); !bytes.Equal(first, second) {
			t.Errorf("%s\nand again\n%s", first, second)
		}
		if merged := baseline.Merge(read.Entries); len(merged) != len(again.Entries) {
			t.Errorf("%d entries, then %d", len(merged), len(again.Entries))
		}
	})
}
