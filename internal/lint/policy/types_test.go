package policy_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// Reading a column that no edition has is an error, however a rule reads it.
func TestLoadChecksColumns(t *testing.T) {
	const (
		body = someDeny + byName
		own  = "title: Ours\ndate: \"2030-01-01\"\nsource: x\ncolumns: [max_gpus, zones]\ntargets:\n  aks: {name: AKS, max_gpus: 4, zones: {first: a}}\n  aci: {name: ACI, max_gpus: 0, zones: {}}\n"
	)
	for _, test := range []struct {
		name, rego string
		line       int
		want       string // the start of the message; empty for a rule that loads
	}{
		{"row in a variable", body + "\trow := data.mlpolicy.table.targets[d.target]\n\trow.cpuonly == true\n}\n", 12, "undefined ref: row.cpuonly"},
		{"row in place", body + "\tdata.mlpolicy.table.targets[d.target].cpuonly == true\n}\n", 11, "undefined ref: data.mlpolicy.table.targets[d.target].cpuonly"},
		{"row of a fixed target", body + "\td.stage\n\tdata.mlpolicy.table.targets.aci.cpuonly == true\n}\n", 12, "undefined ref: data.mlpolicy.table.targets.aci.cpuonly"},
		{"rows in a loop", body + "\tsome target, row in data.mlpolicy.table.targets\n\ttarget == d.target\n\trow.gpus == []\n}\n", 13, "undefined ref: row.gpus"},
		{"rows in a comprehension", body + "\td.target in {target | some target, row in data.mlpolicy.table.targets; row.prodcution == true}\n}\n", 11, "undefined ref: row.prodcution"},
		{"row by the version of the API", body + "\tdata.mlpolicy.table.row(d).cpuonly == true\n}\n", 11, "undefined ref: data.mlpolicy.table.row(d).cpuonly"},
		{"row by the version of the API in a variable", body + "\trow := data.mlpolicy.table.row(d)\n\t\"web-service\" in row.usedfor\n}\n", 12, "undefined ref: row.usedfor"},
		{"row of one version of the API", body + "\tdata.mlpolicy.table.rows_of.v2[d.target].cpuonly == true\n}\n", 11, "undefined ref: data.mlpolicy.table.rows_of.v2[d.target].cpuonly"},
		{"key of a cell", body + "\td.memory_gib > data.mlpolicy.table.targets[d.target].memory.below_gb\n}\n", 11, "undefined ref: data.mlpolicy.table.targets[d.target].memory.below_gb"},
		{"edition in force", body + "\tdata.mlpolicy.editions[input.edition].targets[d.target].cpuonly == true\n}\n", 11, "undefined ref: data.mlpolicy.editions[input.edition].targets[d.target].cpuonly"},
		{"edition by its ID", body + "\td.stage\n\tdata.mlpolicy.editions[\"2020-06\"].targets.aci.cpuonly == true\n}\n", 12, `undefined ref: data.mlpolicy.editions["2020-06"].targets.aci.cpuonly`},
		{"any edition", body + "\tdata.mlpolicy.editions[_].targets[d.target].cpuonly == true\n}\n", 11, "undefined ref: data.mlpolicy.editions[_].targets[d.target].cpuonly"},
		{"key of an edition", body + "\tsome id, edition in data.mlpolicy.editions\n\tid == d.name\n\tedition.dat\n}\n", 13, "undefined ref: edition.dat"},
		{"own column misspelt", body + "\td.gpus > data.mlpolicy.table.targets[d.target].maxgpus\n}\n", 11, "undefined ref: data.mlpolicy.table.targets[d.target].maxgpus"},
		{"key of an own column misspelt", body + "\td.name == data.mlpolicy.table.targets[d.target].zones.frist\n}\n", 11, "undefined ref: data.mlpolicy.table.targets[d.target].zones.frist"},

		{"columns", body + "\trow := data.mlpolicy.table.targets[d.target]\n\trow.cpu_only == true\n\trow.memory.below_gib > 1\n\trow.gpu == []\n\trow.via == \"\"\n\t\"web-service\" in row.used_for\n}\n", 0, ""},
		{"columns by the version of the API", body + "\trow := data.mlpolicy.table.row(d)\n\t\"web-service\" in row.used_for\n\t\"web-service\" in row.gpu\n}\n", 0, ""},
		{"a column of one edition", body + "\tdata.mlpolicy.table.targets[d.target].preview == true\n}\n", 0, ""},
		{"own columns", body + "\td.gpus > data.mlpolicy.table.targets[d.target].max_gpus\n\tdata.mlpolicy.table.targets[d.target].zones.first == \"a\"\n}\n", 0, ""},
		{"keys of editions", body + "\tsome id, edition in data.mlpolicy.editions\n\tid == d.name\n\tedition.date > \"2\"\n\tedition.rows_for[d.target] == \"x\"\n\t\"fpga\" in edition.only\n\tedition.columns\n\tedition.source\n\tedition.notes\n}\n", 0, ""},
		{"a column by a variable", body + "\tsome column, value in data.mlpolicy.table.targets[d.target]\n\tcolumn == d.name\n\tvalue == true\n}\n", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := policy.Folder{Name: "acme", FS: fstest.MapFS{
				"rule.rego":                  {Data: []byte(scoped("deployment", test.rego))},
				"editions/2030-01/data.yaml": {Data: []byte(own)},
			}}
			_, err := policy.Load(t.Context(), policies.FS, []policy.Folder{folder})
			got, failed := onlyError(t, err, test.want != "")
			if !failed {
				return
			}
			file, line := position(got)
			_, message, _ := strings.Cut(got, "rule some-rule: ")
			if file != "acme/rule.rego" || line != test.line || !strings.HasPrefix(message, test.want+"; have: ") || !strings.Contains(message, "want (one of): [") {
				t.Errorf("error is %s\nwant one at line %d that begins with %q", got, test.line, test.want)
			}
		})
	}
}

// A column that a rule passes by name to a function of the package table must be in an edition.
func TestLoadChecksColumnArguments(t *testing.T) {
	const (
		body = someDeny + byName
		own  = "title: Ours\ndate: \"2030-01-01\"\nsource: x\ncolumns: [dedicated]\ntargets:\n  aks: {name: AKS, dedicated: true}\n  aci: {name: ACI, dedicated: false}\n"
	)
	for _, test := range []struct {
		name, rego string
		line       int
		want       string // empty for a rule that loads
	}{
		{"offering", body + "\td.target in data.mlpolicy.table.offering(\"designr\")\n}\n", 11, `unknown column "designr" of data.mlpolicy.table.offering: did you mean "designer"?`},
		{"refused", body + "\td.gpus\n\tdata.mlpolicy.table.unsupported(d.target, \"designr\")\n}\n", 12, `unknown column "designr" of data.mlpolicy.table.unsupported: did you mean "designer"?`},
		{"negated", body + "\tnot data.mlpolicy.table.unsupported(d.target, \"low-priority\")\n}\n", 11, `unknown column "low-priority" of data.mlpolicy.table.unsupported: did you mean "low_priority"?`},
		{"within another call", body + "\tcount(data.mlpolicy.table.offering(\"FPGA\")) > 1\n\td.target\n}\n", 11, `unknown column "FPGA" of data.mlpolicy.table.offering: did you mean "fpga"?`},
		{"in a comprehension", body + "\td.target in {t | some t in data.mlpolicy.table.offering(\"prodcution\")}\n}\n", 11, `unknown column "prodcution" of data.mlpolicy.table.offering: did you mean "production"?`},
		{"in a function of the rule", "designed(d) if data.mlpolicy.table.unsupported(d.target, \"designr\")\n" + body + "\tdesigned(d)\n}\n", 9, `unknown column "designr" of data.mlpolicy.table.unsupported: did you mean "designer"?`},
		{"an own column misspelt", body + "\td.target in data.mlpolicy.table.offering(\"dedicatd\")\n}\n", 11, `unknown column "dedicatd" of data.mlpolicy.table.offering: did you mean "dedicated"?`},

		{"columns", body + "\td.target in data.mlpolicy.table.offering(\"designer\")\n\tdata.mlpolicy.table.unsupported(d.target, \"fpga\")\n}\n", 0, ""},
		{"an own column", body + "\td.target in data.mlpolicy.table.offering(\"dedicated\")\n}\n", 0, ""},
		{"by a variable", body + "\tsome column in [\"fpga\", d.name]\n\td.target in data.mlpolicy.table.offering(column)\n}\n", 0, ""},
		{"another parameter", body + "\tdata.mlpolicy.table.unsupported(\"acii\", \"fpga\")\n\td.target\n}\n", 0, ""},
		{"another function", body + "\td.target in data.mlpolicy.table.offering_gpu(\"web-service\")\n}\n", 0, ""},
		{"a function of the same name", "offering(column) := [column]\n" + body + "\td.target in offering(\"designr\")\n}\n", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := policy.Folder{Name: "acme", FS: fstest.MapFS{
				"rule.rego":                  {Data: []byte(scoped("deployment", test.rego))},
				"editions/2030-01/data.yaml": {Data: []byte(own)},
			}}
			_, err := policy.Load(t.Context(), policies.FS, []policy.Folder{folder})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := fmt.Sprintf("acme/rule.rego:%d: rule some-rule: %s", test.line, test.want)
			if got := lines(t, err); len(got) != 1 || got[0] != want {
				t.Errorf("errors are %q, want %q", got, want)
			}
		})
	}
}

// A rule whose result has a wrong type does not load.
func TestLoadChecksAnswers(t *testing.T) {
	const (
		deny   = "deny contains "
		rest   = " if {\n\tsome i, d in input.deployments\n\td.gpus > 8\n}\n"
		remedy = `: write deny contains {"path": path, "message": message} if { … }`
	)
	sound := deny + `{"path": ["deployments", i, "gpus"], "message": d.name}` + rest
	for _, test := range []struct {
		name, rego string
		line       int
		want       string
	}{
		{"a message", deny + `sprintf("%s %d", [d.name, i])` + rest, 9, "a result is string, not an object"},
		{"a list", deny + `[["deployments", i], d.name]` + rest, 9, "a result is array<array<string, number>, string>, not an object"},
		{"the key msg", deny + `{"path": ["deployments", i], "msg": d.name}` + rest, 9, "a result has the keys msg, path, not exactly message, path"},
		{"the key msg alone, as for Conftest", deny + `{"msg": sprintf("%s %d", [d.name, i])}` + rest, 9, "a result has the keys msg, not exactly message, path"},
		{"one key too many", deny + `{"path": ["deployments", i], "message": d.name, "severity": "error"}` + rest, 9, "a result has the keys message, path, severity, not exactly message, path"},
		{"one key too few", deny + `{"path": ["deployments", i]}` + rest, 9, "a result has the keys path, not exactly message, path"},
		{"a message that is a number", deny + `{"path": ["deployments", i], "message": d.gpus}` + rest, 9, "message of a result is number, not a string"},
		{"a message that is a list", deny + `{"path": ["deployments", i], "message": [d.name]}` + rest, 9, "message of a result is array<string>, not a string"},
		{"a path that is a string", deny + `{"path": sprintf("deployments.%d", [i]), "message": d.name}` + rest, 9, "path of a result is string, not an array of strings and indexes"},
		{"a path with a boolean", deny + `{"path": ["deployments", i, true], "message": d.name}` + rest, 9, "path of a result is array<string, number, boolean>, not an array of strings and indexes"},
		{"a path with an object", deny + `{"path": ["deployments", i, d], "message": d.name}` + rest, 9, "path of a result is array<string, number, object<"},
		{"an object in a variable", deny + "answer if {\n\tsome i, d in input.deployments\n\td.gpus > 8\n\tanswer := {\"path\": [\"deployments\", i], \"message\": d.gpus}\n}\n", 9, "message of a result is number, not a string"},
		{"the second clause", sound + "\n" + deny + `{"path": ["deployments", i], "message": d.gpus}` + rest, 14, "message of a result is number, not a string"},

		{"sound", sound, 0, ""},
		{"of no known type", deny + "json.unmarshal(d.name)" + " if {\n\tsome _, d in input.deployments\n}\n", 0, ""},
		{"of one of several types", deny + `{"path": ["deployments", i], "message": [d.name, d.gpus][i]}` + rest, 0, ""},
		{"a path made by a function", deny + `{"path": array.concat(["deployments", i], split(d.name, ".")), "message": d.name}` + rest, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := policy.Load(t.Context(), bundle(t, write(scopeFile, scoped("deployment", test.rego))), nil)
			got, failed := onlyError(t, err, test.want != "")
			if !failed {
				return
			}
			_, line := position(got)
			_, message, _ := strings.Cut(got, "rule some-rule: ")
			if line != test.line || !strings.HasPrefix(message, test.want) || !strings.HasSuffix(message, remedy) {
				t.Errorf("error is %s\nwant one at line %d that begins with %q", got, test.line, test.want)
			}
		})
	}
}

// onlyError returns the only error of a load that must fail. It returns "" for a load that must succeed.
func onlyError(t *testing.T, err error, fails bool) (line string, failed bool) {
	t.Helper()
	if !fails {
		if err != nil {
			t.Error(err)
		}
		return "", false
	}
	got := lines(t, err)
	if len(got) != 1 {
		t.Fatalf("errors are %q", got)
	}
	return got[0], true
}
