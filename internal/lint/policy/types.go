package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

// typed is a document of the table that rules read, and the name of its JSON Schema. OPA cannot infer
// its type: editions are data, and the package table derives rows by functions that accept any object.
type typed struct {
	document ast.Ref
	schema   ast.Ref
}

func typedDocuments() []typed {
	of := func(document, schema string) typed {
		return typed{ast.MustParseRef("data.mlpolicy." + document), schemaRef(schema)}
	}
	return []typed{
		of("editions", "editions"), of("table.targets", "rows"), of("table.rows_of", "rows_of"),
	}
}

func schemaRef(name string) ast.Ref { return ast.SchemaRootRef.Append(ast.StringTerm(name)) }

// addTypes annotates a module with the types of the typed documents, so that the compiler checks it.
func (m *module) addTypes() {
	for _, annotations := range m.ast.Annotations {
		if annotations.Scope == "package" {
			for _, typed := range typedDocuments() {
				annotations.Schemas = append(annotations.Schemas, &ast.SchemaAnnotation{Path: typed.document, Schema: typed.schema})
			}
		}
	}
}

// tableSchemas returns the schemas of the typed documents by name. A row has the columns of all rows
// in all editions and those of the builtin rules, so that any other column is an error.
func tableSchemas(tables []*table) map[string]any {
	var cells []any
	targets := map[string]bool{}
	for _, table := range tables {
		for target, row := range table.data["targets"].(map[string]any) {
			targets[target] = true
			cells = append(cells, row)
		}
		for target := range table.edition.RowsFor {
			targets[target] = true
		}
	}
	row := schemaOf(cells)
	columns := row["properties"].(map[string]any)
	for column := range knownColumns() {
		if columns[column] == nil {
			columns[column] = map[string]any{} // not in a loaded edition
		}
	}
	// A list, or a list for each version of the API.
	columns["used_for"], columns["gpu"] = map[string]any{}, map[string]any{}
	byTarget := make(map[string]any, len(targets))
	for target := range targets {
		byTarget[target] = row
	}
	rows := objectOf(byTarget)
	byID := make(map[string]any, len(tables))
	for _, table := range tables {
		keys := map[string]any{}
		for _, key := range []string{"only", "notes", "rows_for"} { // may be absent
			keys[key] = map[string]any{}
		}
		for key, value := range table.data {
			keys[key] = schemaOf([]any{value})
		}
		keys["rows_for"], keys["targets"] = map[string]any{}, rows
		byID[table.edition.ID] = objectOf(keys)
	}
	return map[string]any{
		"editions": objectOf(byID), "rows": rows, "rows_of": objectOf(map[string]any{"v1": rows, "v2": rows}),
	}
}

// columnArguments returns a fault for each call of a function of the package table whose argument
// for the parameter column is the name of an unknown column.
func (p *Policies) columnArguments(parsed []*module, tables []*table) []*Error {
	parameters := columnParameters(parsed)
	known := columnsOf(tables)
	var faults []*Error
	for name, module := range p.compiler.Modules {
		for _, call := range callsIn(module) {
			function, argument := columnArgument(call, parameters)
			if argument == nil {
				continue
			}
			column, ok := argument.Value.(ast.String)
			if !ok || slices.Contains(known, string(column)) {
				continue
			}
			fault := &Error{File: name, Rule: p.ruleOfFile[name],
				Message: fmt.Sprintf("unknown column %q of %s: %s", string(column), function, suggest.Phrase(string(column), known))}
			if at := argument.Location; at != nil {
				fault.Line = at.Row
			}
			faults = append(faults, fault)
		}
	}
	return faults
}

// callsIn returns the terms of each call in a module: the function and its arguments.
func callsIn(module *ast.Module) [][]*ast.Term {
	var calls [][]*ast.Term
	ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Expr:
			if x.IsCall() {
				calls = append(calls, x.Terms.([]*ast.Term))
			}
		case ast.Call:
			calls = append(calls, x)
		}
		return false
	}).Walk(module)
	return calls
}

// columnArgument returns the function of a call and its argument for the parameter column, or nil if
// there is none.
func columnArgument(call []*ast.Term, parameters map[string]int) (function ast.Ref, argument *ast.Term) {
	function, ok := call[0].Value.(ast.Ref)
	if !ok {
		return nil, nil
	}
	position, ok := parameters[function.String()]
	if !ok || position+1 >= len(call) {
		return nil, nil
	}
	return function, call[position+1]
}

// columnParameters returns the index of the parameter column by function of the package table.
func columnParameters(parsed []*module) map[string]int {
	table := ast.MustParseRef("data.mlpolicy.table")
	parameters := map[string]int{}
	for _, module := range parsed {
		if !module.ast.Package.Path.Equal(table) {
			continue
		}
		for _, rule := range module.ast.Rules {
			for i, parameter := range rule.Head.Args {
				if parameter.Value.Compare(ast.Var("column")) == 0 {
					parameters[table.Extend(rule.Head.Ref()).String()] = i
				}
			}
		}
	}
	return parameters
}

// columnsOf returns the columns of all rows in all editions and those of the builtin rules, sorted.
func columnsOf(tables []*table) []string {
	columns := map[string]bool{}
	for column := range knownColumns() {
		columns[column] = true
	}
	for _, table := range tables {
		for _, row := range table.data["targets"].(map[string]any) {
			for column := range row.(map[string]any) {
				columns[column] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(columns))
}

func objectOf(properties map[string]any) map[string]any {
	if len(properties) == 0 {
		return map[string]any{"type": "object"}
	}
	return map[string]any{"type": "object", "properties": properties}
}

// schemaOf returns a JSON Schema that the values of a column or of a key match.
func schemaOf(values []any) map[string]any {
	var (
		kinds  = map[string]map[string]any{}
		items  []any
		fields = map[string][]any{}
	)
	for _, value := range values {
		switch value := value.(type) {
		case nil:
			return map[string]any{} // any
		case bool:
			kinds["boolean"] = map[string]any{"type": "boolean"}
		case string:
			kinds["string"] = map[string]any{"type": "string"}
		case int64, float64:
			kinds["number"] = map[string]any{"type": "number"}
		case []any:
			items = append(items, value...)
			kinds["array"] = nil
		case map[string]any:
			for key, field := range value {
				fields[key] = append(fields[key], field)
			}
			kinds["object"] = nil
		}
	}
	if _, ok := kinds["array"]; ok {
		array := map[string]any{"type": "array"}
		if len(items) > 0 {
			array["items"] = schemaOf(items)
		}
		kinds["array"] = array
	}
	if _, ok := kinds["object"]; ok {
		properties := make(map[string]any, len(fields))
		for key, values := range fields {
			properties[key] = schemaOf(values)
		}
		kinds["object"] = objectOf(properties)
	}
	var schemas []map[string]any
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		schemas = append(schemas, kinds[kind])
	}
	switch len(schemas) {
	case 0:
		return map[string]any{}
	case 1:
		return schemas[0]
	}
	return map[string]any{"anyOf": schemas}
}

// answers returns a fault for each clause of deny whose result, by its type, cannot be an object with
// a path and a message.
func (p *Policies) answers() []*Error {
	var faults []*Error
	for _, rule := range p.rules {
		deny := answersRef.Append(ast.StringTerm(rule.ID)).Append(denyTerm)
		set, ok := p.compiler.TypeEnv.GetByRef(deny).(*types.Set)
		if !ok || !slices.ContainsFunc(alternatives(set.Of()), func(t types.Type) bool { return wrongAnswer(t) != "" }) {
			continue
		}
		for _, clause := range p.compiler.GetRulesExact(deny) {
			query := p.compiler.QueryCompiler()
			if _, err := query.Compile(clause.Body); err != nil {
				continue // the type of the clause is unknown
			}
			var wrong string
			if !plausible(query.TypeEnv().GetByValue(clause.Head.Key.Value), func(t types.Type) bool { wrong = wrongAnswer(t); return wrong == "" }) {
				faults = append(faults, &Error{File: p.denies[rule.ID].file, Line: clause.Location.Row, Rule: rule.ID,
					Message: wrong + `: write deny contains {"path": path, "message": message} if { … }`})
			}
		}
	}
	return faults
}

// wrongAnswer returns the fault of a result of a type, or "" if a value of the type could be valid.
func wrongAnswer(answer types.Type) string {
	object, ok := answer.(*types.Object)
	if !ok {
		return "a result is " + types.Sprint(answer) + ", not an object"
	}
	if object.DynamicProperties() != nil {
		return ""
	}
	var keys []string
	for _, key := range object.Keys() {
		keys = append(keys, fmt.Sprint(key))
	}
	if slices.Sort(keys); !slices.Equal(keys, []string{"message", "path"}) {
		return "a result has the keys " + strings.Join(keys, ", ") + ", not exactly message, path"
	}
	isText := func(t types.Type) bool { _, ok := t.(types.String); return ok }
	if message := object.Select("message"); !plausible(message, isText) {
		return "message of a result is " + types.Sprint(message) + ", not a string"
	}
	isStep := func(t types.Type) bool { _, ok := t.(types.Number); return ok || isText(t) }
	if path := object.Select("path"); !plausible(path, func(t types.Type) bool {
		array, ok := t.(*types.Array)
		for i := 0; ok && i < array.Len(); i++ {
			ok = plausible(array.Select(i), isStep)
		}
		return ok && plausible(array.Dynamic(), isStep)
	}) {
		return "path of a result is " + types.Sprint(path) + ", not an array of strings and indexes"
	}
	return ""
}

// alternatives returns the types that a value can have, nil if they are unknown.
func alternatives(t types.Type) []types.Type {
	if t == nil {
		return nil
	}
	if any, ok := t.(types.Any); ok {
		return any
	}
	return []types.Type{t}
}

// plausible reports whether a value of the type could have a type that accepts allows.
func plausible(t types.Type, accepts func(types.Type) bool) bool {
	types := alternatives(t)
	return len(types) == 0 || slices.ContainsFunc(types, accepts)
}
