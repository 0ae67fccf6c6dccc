package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// Edition is one dated version of the table of compute targets.
type Edition struct {
	ID     string // the folder's name, such as 2020-06
	Title  string
	Date   string // of the source text: 2020-06-25, or 2022-06 if only the month is known
	Source string
	// Formerly lists the previous IDs of the edition.
	Formerly []string
	// Columns lists the columns that every row has, in the order of the file.
	Columns []string
	// Only lists the edition's statements of the form "only on".
	Only  []string
	Notes []string
	// RowsFor maps a target without its own row to the row that applies to it.
	RowsFor map[string]string
	Rows    []Row // in the order of the file
}

// Row is an edition's row of one target.
type Row struct {
	Target string // a facts.Target or a value of RowsFor
	Name   string
	Note   string
	// Cells has a value for each of the edition's columns: bool, string, int64,
	// float64, []any, map[string]any or nil.
	Cells map[string]any
}

// Row returns the row of a target: its own, or the one in RowsFor.
func (e Edition) Row(target string) (Row, bool) {
	if id, ok := e.RowsFor[target]; ok {
		target = id
	}
	for _, row := range e.Rows {
		if row.Target == target {
			return row, true
		}
	}
	return Row{}, false
}

// NameOf returns the name of a target's row, or the target's ID if it has no row.
func (e Edition) NameOf(target string) string {
	if row, ok := e.Row(target); ok {
		return row.Name
	}
	return target
}

// column describes and checks the cells of a column.
type column struct {
	want  string
	valid func(any) bool
}

// knownColumns returns the columns that the builtin rules read. An edition may have further columns;
// the cells of such a column must all have the same type.
func knownColumns() map[string]column {
	list := "a list of " + strings.Join(facts.Workload("").Values(), ", ")
	workloads := column{list + ", or {v1: LIST, v2: LIST} by API version", isWorkloadsByVersion}
	flag := column{"true or false", isBool}
	return map[string]column{
		"used_for":            workloads,
		"gpu":                 workloads,
		"production":          flag,
		"preview":             flag,
		"cpu_only":            flag,
		"fpga":                flag,
		"designer":            flag,
		"low_priority":        flag,
		"cluster_autoscaling": flag,
		"memory":              {"{} or {below_gib: NUMBER}", isEmptyOr(map[string]func(any) bool{"below_gib": isPositive})},
		"ram_percent":         {"a number above 0", isPositive},
		"model":               {"{} or {below_bytes: NUMBER}", isEmptyOr(map[string]func(any) bool{"below_bytes": isPositive})},
		"single_node_for":     {"{} or {stage: STAGE, model_from_bytes: NUMBER}", isEmptyOr(map[string]func(any) bool{"stage": isStage, "model_from_bytes": isPositive})},
		"via":                 {`a string, or "" for direct delivery`, isString},
	}
}

// onlyColumn returns the column of an "only on" statement and a function that reports whether a cell
// allows its target. It returns "" and nil for an unknown statement.
func onlyColumn(statement string) (column string, offers func(cell any) bool) {
	switch statement {
	case "gpu-web-service", "gpu-batch-scoring":
		return "gpu", func(cell any) bool { return offersGPU(cell, strings.TrimPrefix(statement, "gpu-")) }
	case "fpga", "designer":
		return statement, func(cell any) bool { return cell == true }
	}
	return "", nil
}

// offersGPU reports whether a cell names a workload for any version of the API.
func offersGPU(cell any, workload string) bool {
	if versions, ok := cell.(map[string]any); ok {
		return slices.ContainsFunc(slices.Collect(maps.Values(versions)), func(cell any) bool { return offersGPU(cell, workload) })
	}
	list, _ := cell.([]any)
	return slices.Contains(list, any(workload))
}

func isBool(value any) bool   { _, ok := value.(bool); return ok }
func isString(value any) bool { _, ok := value.(string); return ok }

func isPositive(value any) bool {
	switch value := value.(type) {
	case int64:
		return value > 0
	case float64:
		return value > 0
	}
	return false
}

func isStage(value any) bool {
	text, ok := value.(string)
	return ok && slices.Contains(facts.Stage("").Values(), text)
}

func isWorkloads(value any) bool {
	list, ok := value.([]any)
	for _, item := range list {
		text, isText := item.(string)
		ok = ok && isText && slices.Contains(facts.Workload("").Values(), text)
	}
	return ok
}

func isWorkloadsByVersion(value any) bool {
	versions, ok := value.(map[string]any)
	if !ok {
		return isWorkloads(value)
	}
	for _, version := range facts.API("").Values() {
		ok = ok && isWorkloads(versions[version])
	}
	return ok && len(versions) == len(facts.API("").Values())
}

func isEmptyOr(keys map[string]func(any) bool) func(any) bool {
	return func(value any) bool {
		object, ok := value.(map[string]any)
		if !ok || len(object) == 0 {
			return ok
		}
		for key, valid := range keys {
			ok = ok && valid(object[key])
		}
		return ok && len(object) == len(keys)
	}
}

// table is an edition and its value in Rego.
type table struct {
	file    string
	edition Edition
	data    map[string]any
	value   ast.Value
}

func parseTable(file file) (*table, []*Error) {
	r := tableReader{file: file.name, columns: knownColumns()}
	decoder := yaml.NewDecoder(bytes.NewReader(file.data))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil {
		return nil, []*Error{r.syntax(err)}
	}
	if err := decoder.Decode(&more); err == nil {
		return nil, []*Error{{File: file.name, Line: more.Line, Message: "an edition must be a single document"}}
	} else if !errors.Is(err, io.EOF) {
		return nil, []*Error{r.syntax(err)}
	}
	root := document.Content[0]
	data := r.value(root)
	if root.Kind != yaml.MappingNode {
		r.fault(root, "an edition must be a mapping with the keys title, date, source, columns and targets")
	}
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	object := data.(map[string]any)
	edition := r.edition(file.id, root, object)
	value, err := ast.InterfaceToValue(object)
	if err != nil {
		r.fault(root, "convert the edition to data: %v", err)
	}
	return &table{file: file.name, edition: edition, data: object, value: value}, r.faults
}

// tableReader reads the file of an edition and collects its faults.
type tableReader struct {
	file    string
	columns map[string]column // those of the builtin rules
	faults  []*Error
}

func (r *tableReader) fault(at *yaml.Node, format string, args ...any) {
	r.faults = append(r.faults, &Error{File: r.file, Line: at.Line, Message: fmt.Sprintf(format, args...)})
}

func (r *tableReader) syntax(err error) *Error {
	if errors.Is(err, io.EOF) {
		return &Error{File: r.file, Message: "the edition is empty"}
	}
	fault := &Error{File: r.file, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if n, _ := fmt.Sscanf(fault.Message, "line %d:", &fault.Line); n == 1 {
		_, fault.Message, _ = strings.Cut(fault.Message, ": ")
	}
	return fault
}

// value returns the value that OPA reads from the node. Constructs that YAML parsers read differently
// are faults.
func (r *tableReader) value(node *yaml.Node) any {
	switch node.Kind {
	case yaml.MappingNode:
		object := make(map[string]any, len(node.Content)/2)
		for key, inner := range pairs(node) {
			if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
				r.fault(key, "the key %s is not a string", key.Value)
				continue
			}
			if _, twice := object[key.Value]; twice {
				r.fault(key, "duplicate key %s", key.Value)
			}
			object[key.Value] = r.value(inner)
		}
		return object
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, inner := range node.Content {
			list[i] = r.value(inner)
		}
		return list
	case yaml.ScalarNode:
		return r.scalar(node)
	}
	r.fault(node, "an edition must not have aliases: write the value out")
	return nil
}

func (r *tableReader) scalar(node *yaml.Node) any {
	var (
		yes     bool
		integer int64
		float   float64
		err     error
	)
	switch node.ShortTag() {
	case "!!str", "!!timestamp":
		return node.Value
	case "!!null":
		return nil
	case "!!bool":
		err = node.Decode(&yes)
		if err == nil {
			return yes
		}
	case "!!int":
		if err = node.Decode(&integer); err == nil {
			return integer
		}
	case "!!float":
		if err = node.Decode(&float); err == nil && !math.IsNaN(float) && !math.IsInf(float, 0) {
			return float
		}
	}
	r.fault(node, "rules cannot read the value %s", node.Value)
	return nil
}

// pairs yields the keys and values of a mapping.
func pairs(node *yaml.Node) func(yield func(key, value *yaml.Node) bool) {
	return func(yield func(key, value *yaml.Node) bool) {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if !yield(node.Content[i], node.Content[i+1]) {
				return
			}
		}
	}
}

// edition reads and checks root, whose value is data. It stops early if a step finds a fault that
// later steps depend on.
func (r *tableReader) edition(id string, root *yaml.Node, data map[string]any) Edition {
	edition := Edition{ID: id, RowsFor: map[string]string{}}
	nodes := r.keys(&edition, root)
	if len(r.faults) > 0 {
		return edition
	}
	r.rows(&edition, nodes["targets"], data["targets"].(map[string]any))
	if len(r.faults) > 0 {
		return edition
	}
	r.only(&edition, nodes["only"])
	r.rowsFor(&edition, nodes["rows_for"])
	r.targets(&edition, nodes["targets"])
	r.ownColumns(&edition, nodes["targets"])
	return edition
}

// keys reads all keys of an edition except the rows, and returns the node of each value.
func (r *tableReader) keys(edition *Edition, root *yaml.Node) map[string]*yaml.Node {
	nodes := map[string]*yaml.Node{}
	for key, value := range pairs(root) {
		nodes[key.Value] = value
		switch key.Value {
		case "title":
			edition.Title = r.text(key, value)
		case "date":
			edition.Date = r.date(key, value)
		case "source":
			edition.Source = r.text(key, value)
		case "formerly":
			edition.Formerly = r.texts(key, value)
		case "columns":
			edition.Columns = r.texts(key, value)
		case "only":
			edition.Only = r.texts(key, value)
		case "notes":
			edition.Notes = r.texts(key, value)
		case "rows_for":
			if r.isMapping(key, value) {
				for target, row := range pairs(value) {
					edition.RowsFor[target.Value] = r.text(target, row)
				}
			}
		case "targets":
			if !r.isMapping(key, value) {
				delete(nodes, "targets")
			}
		default:
			r.fault(key, "unknown key %s; known keys are title, date, source, formerly, columns, only, rows_for, notes and targets", key.Value)
		}
	}
	for _, key := range []string{"title", "date", "source", "columns", "targets"} {
		if nodes[key] == nil {
			r.fault(root, "the edition has no %s", key)
		}
	}
	return nodes
}

// rows reads the rows, whose cells are in data.
func (r *tableReader) rows(edition *Edition, targets *yaml.Node, data map[string]any) {
	for key, value := range pairs(targets) {
		if cells, ok := data[key.Value].(map[string]any); ok {
			edition.Rows = append(edition.Rows, r.row(edition.Columns, key, value, cells))
		} else {
			r.fault(key, "row %s must be a mapping of columns to cells", key.Value)
		}
	}
	if len(edition.Rows) == 0 {
		r.fault(targets, "the edition has no rows")
	}
}

func (r *tableReader) isMapping(key, value *yaml.Node) bool {
	if value.Kind != yaml.MappingNode {
		r.fault(value, "%s must be a mapping of targets to rows", key.Value)
		return false
	}
	return true
}

func (r *tableReader) date(key, value *yaml.Node) string {
	date := r.text(key, value)
	_, noDay := time.Parse(time.DateOnly, date)
	if _, noMonth := time.Parse("2006-01", date); noDay != nil && noMonth != nil {
		r.fault(value, "invalid date %q: write a day such as 2020-06-25 or a month such as 2022-06", date)
	}
	return date
}

func (r *tableReader) text(key, value *yaml.Node) string {
	if value.Kind != yaml.ScalarNode || strings.TrimSpace(value.Value) == "" || value.ShortTag() != "!!str" && value.ShortTag() != "!!timestamp" {
		r.fault(value, "%s must be a non-empty string", key.Value)
		return ""
	}
	return value.Value
}

func (r *tableReader) texts(key, value *yaml.Node) []string {
	if value.Kind != yaml.SequenceNode {
		r.fault(value, "%s must be a list of strings", key.Value)
		return nil
	}
	var texts []string
	for _, item := range value.Content {
		text := r.text(key, item)
		if slices.Contains(texts, text) {
			r.fault(item, "%s contains %q twice", key.Value, text)
		}
		texts = append(texts, text)
	}
	return texts
}

// row checks that a row has exactly the declared columns and that cells have the type of their column.
func (r *tableReader) row(columns []string, target, node *yaml.Node, cells map[string]any) Row {
	row := Row{Target: target.Value, Cells: make(map[string]any, len(columns))}
	for key, value := range pairs(node) {
		switch {
		case key.Value == "name":
			row.Name = r.text(key, value)
		case key.Value == "note":
			row.Note = r.text(key, value)
		case slices.Contains(columns, key.Value):
			row.Cells[key.Value] = cells[key.Value]
			if column, ok := r.columns[key.Value]; ok && !column.valid(cells[key.Value]) {
				r.fault(value, "row %s: column %s must be %s", target.Value, key.Value, column.want)
			}
		default:
			r.fault(key, "row %s has a column %s that the edition does not declare", target.Value, key.Value)
		}
	}
	if row.Name == "" {
		r.fault(target, "row %s has no name", target.Value)
	}
	for _, column := range columns {
		if _, ok := row.Cells[column]; !ok {
			r.fault(target, "row %s has no column %s", target.Value, column)
		}
	}
	return row
}

func (r *tableReader) only(edition *Edition, node *yaml.Node) {
	for i, statement := range edition.Only {
		column, offers := onlyColumn(statement)
		switch {
		case offers == nil:
			r.fault(node.Content[i], "only contains an unknown statement %q; known statements are gpu-web-service, gpu-batch-scoring, fpga and designer", statement)
		case !slices.Contains(edition.Columns, column):
			r.fault(node.Content[i], "only contains %s, but the edition has no column %s", statement, column)
		case !slices.ContainsFunc(edition.Rows, func(row Row) bool { return offers(row.Cells[column]) }):
			// Such a statement would allow no target, and the rules would report nothing.
			r.fault(node.Content[i], "only contains %s, but no row contains it in the column %s", statement, column)
		}
	}
}

func (r *tableReader) rowsFor(edition *Edition, node *yaml.Node) {
	if node == nil {
		return
	}
	isRow := func(id string) bool {
		return slices.ContainsFunc(edition.Rows, func(row Row) bool { return row.Target == id })
	}
	for target, row := range pairs(node) {
		switch {
		case !slices.Contains(facts.Target("").Values(), target.Value):
			r.fault(target, "rows_for contains an unknown target %q; known targets are %s", target.Value, strings.Join(facts.Target("").Values(), ", "))
		case isRow(target.Value):
			r.fault(target, "rows_for contains the target %s, which has its own row", target.Value)
		case !isRow(row.Value):
			r.fault(row, "rows_for names the row %s for %s, but there is no such row", row.Value, target.Value)
		}
	}
}

func (r *tableReader) targets(edition *Edition, node *yaml.Node) {
	known := append(facts.Target("").Values(), slices.Collect(maps.Values(edition.RowsFor))...)
	for target := range pairs(node) {
		if !slices.Contains(known, target.Value) {
			r.fault(target, "row %s is not a target: it is not one of %s, and rows_for does not name it", target.Value, strings.Join(facts.Target("").Values(), ", "))
		}
	}
}

// ownColumns checks that each custom column has the same type in all rows.
func (r *tableReader) ownColumns(edition *Edition, node *yaml.Node) {
	for _, name := range edition.Columns {
		if _, ok := r.columns[name]; ok {
			continue
		}
		first := edition.Rows[0].Cells[name]
		for i, row := range edition.Rows {
			if cell, ok := row.Cells[name]; ok && reflect.TypeOf(cell) != reflect.TypeOf(first) {
				r.fault(node.Content[2*i], "row %s: column %s has another type than in row %s", row.Target, name, edition.Rows[0].Target)
			}
		}
	}
}
