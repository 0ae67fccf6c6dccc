package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// module is a parsed Rego file.
type module struct {
	file
	ast *ast.Module
}

// location is a line of a file.
type location struct {
	file string
	line int
}

// schemaPath is the path of the JSON Schema of the input in the builtin bundle. METADATA refers to it
// as schema.facts.
const schemaPath = "schemas/facts.json"

func parseModule(file file, capabilities *ast.Capabilities) (*module, []*Error) {
	parsed, err := ast.ParseModuleWithOpts(file.name, string(file.data), ast.ParserOptions{
		Capabilities:      capabilities,
		ProcessAnnotation: true,
		RegoVersion:       ast.RegoV1,
	})
	if errs := (ast.Errors)(nil); errors.As(err, &errs) {
		return nil, translate(errs, nil)
	}
	if err != nil {
		return nil, []*Error{{File: file.name, Message: "parse", Err: err}}
	}
	return &module{file: file, ast: parsed}, nil
}

// addRules adds the rules of the modules and reads their METADATA. complete is false if it rejected a
// module or found no rules.
func (p *Policies) addRules(modules []*module) (faults []*Error, complete bool) {
	complete = true
	p.denies = make(map[string]location)
	p.ruleOfFile = make(map[string]string)
	for _, module := range modules {
		id, wrong := module.rule()
		if wrong != nil {
			faults, complete = append(faults, wrong), false
			continue
		}
		if id == "" {
			continue
		}
		if first, taken := p.denies[id]; taken {
			faults = append(faults, module.fault(id, module.ast.Package.Location, "the rule already exists: %s", first.file))
			complete = false
			continue
		}
		deny, wrong := module.deny(id)
		p.denies[id] = location{file: module.name, line: deny}
		p.ruleOfFile[module.name] = id
		if wrong != nil {
			faults = append(faults, wrong)
		}
		rule, missing := module.metadata(id)
		p.rules = append(p.rules, rule)
		faults = append(faults, missing...)
		if rule.Scope == PerDeployment && wrong == nil {
			faults = append(faults, module.relating(id)...)
		}
	}
	if len(p.rules) == 0 && complete {
		complete = false
		faults = append(faults, &Error{Message: "no rules: no package below mlpolicy.rules"})
	}
	slices.SortFunc(p.rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return faults, complete
}

func (m *module) fault(rule string, at *ast.Location, format string, args ...any) *Error {
	fault := &Error{File: m.name, Rule: rule, Message: fmt.Sprintf(format, args...)}
	if at != nil {
		fault.Line = at.Row
	}
	return fault
}

// rule returns the ID of the module's rule, or "" for a package of the builtin bundle that is not a rule.
func (m *module) rule() (id string, wrong *Error) {
	var steps []string
	for _, term := range m.ast.Package.Path[1:] {
		step, _ := term.Value.(ast.String)
		steps = append(steps, string(step))
	}
	var (
		at      = m.ast.Package.Location
		name    = strings.TrimPrefix(m.ast.Package.Path.String(), "data.")
		isOurs  = steps[0] == "mlpolicy"
		isBelow = isOurs && len(steps) > 1 && steps[1] == "rules"
	)
	if m.builtin && isOurs && !isBelow {
		return "", nil
	}
	if !isBelow || len(steps) != 3 {
		return "", m.fault("", at, `package %s is not a rule: a rule is package mlpolicy.rules["<id>"]`, name)
	}
	id = steps[2]
	folder := path.Dir(m.path)
	switch {
	case CheckID(id) != nil:
		return "", m.fault("", at, "%v", CheckID(id))
	case path.Base(path.Dir(folder)) == "rules" && path.Base(folder) != id:
		return "", m.fault(id, at, "package %s is in folder %s; the folder must have the rule's ID as its name", name, path.Base(folder))
	}
	return id, nil
}

// CheckID returns an error if the ID is invalid or reserved.
func CheckID(id string) error {
	switch {
	case !isID(id):
		return fmt.Errorf("invalid rule ID %q: use lower-case words joined by hyphens", id)
	case slices.Contains([]string{facts.SyntaxRule, facts.ContradictionRule, facts.BindingRule, facts.WaiverRule}, id):
		return fmt.Errorf("rule ID %q is reserved for findings about the input itself", id)
	}
	return nil
}

func isID(text string) bool {
	for word := range strings.SplitSeq(text, "-") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// deny returns the line of the first clause of deny, and a fault if there is none or deny is not a set.
func (m *module) deny(id string) (line int, wrong *Error) {
	for _, rule := range m.ast.Rules {
		ref := rule.Head.Ref()
		if name, ok := ref[0].Value.(ast.Var); !ok || name != "deny" {
			continue
		}
		if len(ref) != 1 || rule.Head.RuleKind() != ast.MultiValue || len(rule.Head.Args) > 0 {
			return rule.Location.Row, m.fault(id, rule.Location, `deny is not a set: write deny contains {"path": path, "message": message} if { … }`)
		}
		if line == 0 {
			line = rule.Location.Row
		}
	}
	if line == 0 {
		return 0, m.fault(id, m.ast.Package.Location, "the package has no deny")
	}
	return line, nil
}

// metadata returns the rule that the METADATA of the package describes.
func (m *module) metadata(id string) (Rule, []*Error) {
	rule := Rule{ID: id, Scope: PerDeployment}
	if !m.builtin {
		rule.Origin = m.name
	}
	index := slices.IndexFunc(m.ast.Annotations, func(a *ast.Annotations) bool { return a.Scope == "package" })
	if index < 0 {
		return rule, []*Error{m.fault(id, m.ast.Package.Location, "the package has no METADATA above it")}
	}
	r := metadataReader{module: m, id: id, Annotations: m.ast.Annotations[index]}
	rule.Title = r.required("title", r.Title)
	if strings.Contains(rule.Title, "\n") {
		r.fault("title in METADATA must be one line")
	}
	rule.Description = r.required("description", r.Description)
	r.custom(&rule)
	for _, related := range r.RelatedResources {
		rule.Related = append(rule.Related, Reference{Description: related.Description, URL: related.Ref.String()})
	}
	return rule, r.faults
}

// metadataReader reads the METADATA of a rule and collects its faults.
type metadataReader struct {
	module *module
	id     string // of the rule
	*ast.Annotations
	faults []*Error
}

func (r *metadataReader) fault(format string, args ...any) {
	r.faults = append(r.faults, r.module.fault(r.id, r.Location, format, args...))
}

func (r *metadataReader) required(key, text string) string {
	if text = strings.TrimSpace(text); text == "" {
		r.fault("METADATA has no %s", key)
	}
	return text
}

// customText returns the text of a key below custom. A missing key is a fault.
func (r *metadataReader) customText(key string) string {
	value, ok := r.Custom[key]
	text, isText := value.(string)
	if ok && !isText {
		r.fault("METADATA has a custom.%s that is not a string: %v", key, value)
		return text
	}
	return r.required("custom."+key, text)
}

// custom reads the keys below custom.
func (r *metadataReader) custom(rule *Rule) {
	rule.Remediation = r.customText("remediation")
	rule.Severity = facts.Severity(r.customText("severity"))
	switch rule.Severity {
	case facts.Error, facts.Warning, facts.Note, "":
	default:
		r.fault("custom.severity in METADATA must be %s, %s or %s, not %q", facts.Error, facts.Warning, facts.Note, rule.Severity)
	}
	for _, key := range slices.Sorted(maps.Keys(r.Custom)) {
		switch key {
		case "remediation", "severity":
		case "suggest_targets":
			rule.SuggestTargets = r.customText(key)
			if !strings.Contains(rule.Remediation, rule.SuggestTargets) {
				r.fault("METADATA has custom.suggest_targets %q, which is not part of custom.remediation", rule.SuggestTargets)
			}
		case "scope":
			rule.Scope = Scope(r.customText(key))
			if rule.Scope != PerDeployment && rule.Scope != PerProject {
				r.fault("custom.scope in METADATA must be %s or %s, not %q", PerDeployment, PerProject, rule.Scope)
			}
		case "grows_with":
			rule.GrowsWith = Growth(r.customText(key))
			if rule.GrowsWith != Larger && rule.GrowsWith != "" {
				r.fault("custom.grows_with in METADATA must be %q, not %q", Larger, rule.GrowsWith)
			}
		default:
			r.fault("METADATA has an unknown custom.%s; known keys are grows_with, remediation, scope, severity, suggest_targets", key)
		}
	}
	if rule.Scope == PerProject && rule.SuggestTargets != "" {
		r.fault("METADATA has custom.suggest_targets with scope: project, whose remedies name no targets")
	}
}

// compileModules compiles the modules and prepares the queries.
func (p *Policies) compileModules(builtin fs.FS, modules []*module, tables []*table, capabilities *ast.Capabilities, checked bool) []*Error {
	p.compiler = ast.NewCompiler().SetErrorLimit(0).WithStrict(true).WithCapabilities(capabilities)
	var faults []*Error
	if checked {
		faults = p.compileChecked(builtin, modules, tables)
	} else {
		p.compiler.WithSkipStages(ast.StageCheckTypes, ast.StageCheckUndefinedFuncs, ast.StageCheckVoidCalls, ast.StageCheckRuleConflicts, ast.StageCheckRecursion)
		faults = p.compile(modules)
	}
	if len(faults) > 0 {
		return faults
	}
	if err := p.compileQuery(); err != nil {
		return []*Error{err}
	}
	for _, rule := range p.rules {
		p.ids = append(p.ids, ast.StringTerm(rule.ID))
	}
	p.needs = p.deriveNeeds()
	return nil
}

// compile compiles the modules.
func (p *Policies) compile(modules []*module) []*Error {
	parsed := make(map[string]*ast.Module, len(modules))
	for _, module := range modules {
		parsed[module.name] = module.ast
	}
	p.compiler.Compile(parsed)
	if p.compiler.Failed() {
		return translate(p.compiler.Errors, p.ruleOfFile)
	}
	return nil
}

// compileChecked compiles the modules and checks that references to input are in
// the schema of the facts, columns are in the tables, and references to data resolve. Without tables
// it does not check columns.
func (p *Policies) compileChecked(builtin fs.FS, modules []*module, tables []*table) []*Error {
	schemas, err := readSchemas(builtin)
	if err != nil {
		return []*Error{err}
	}
	if len(tables) > 0 {
		for document, schema := range tableSchemas(tables) {
			schemas.Put(schemaRef(document), schema)
		}
		for _, module := range modules {
			module.addTypes()
		}
	}
	p.compiler.WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	if faults := p.compile(modules); len(faults) > 0 {
		return faults
	}
	faults := append(p.unresolved(), p.answers()...)
	if len(tables) > 0 {
		faults = append(faults, p.columnArguments(modules, tables)...)
	}
	return faults
}

func readSchemas(builtin fs.FS) (*ast.SchemaSet, *Error) {
	var schema any
	data, err := fs.ReadFile(builtin, schemaPath)
	if err == nil {
		err = json.Unmarshal(data, &schema)
	}
	if err != nil {
		return nil, &Error{File: builtinName + schemaPath, Message: "read the schema of the facts", Err: err}
	}
	schemas := ast.NewSchemaSet()
	// The root is the type of input in every rule; METADATA may refer to the other.
	schemas.Put(ast.SchemaRootRef, schema)
	schemas.Put(ast.SchemaRootRef.Append(ast.StringTerm("facts")), schema)
	return schemas, nil
}

// unresolved returns a fault for each reference to data that does not exist. OPA evaluates it to
// undefined, so that its rule would never report anything.
func (p *Policies) unresolved() []*Error {
	var faults []*Error
	for name, module := range p.compiler.Modules {
		ast.WalkRefs(module, func(ref ast.Ref) bool {
			if ref.HasPrefix(ast.DefaultRootRef) && !p.provides(ref) {
				fault := &Error{File: name, Rule: p.ruleOfFile[name], Message: fmt.Sprintf("%s does not exist", ref.GroundPrefix())}
				if at := ref[0].Location; at != nil {
					fault.Line = at.Row
				}
				faults = append(faults, fault)
			}
			return false
		})
	}
	return faults
}

var editionsRef = ast.MustParseRef("data.mlpolicy.editions")

// provides reports whether a reference to data leads to a rule, a package or the editions. It looks
// up the reference only up to the first variable or the first rule.
func (p *Policies) provides(ref ast.Ref) bool {
	if ref.HasPrefix(editionsRef) {
		return true
	}
	node := p.compiler.RuleTree.Find(ast.DefaultRootRef)
	for _, step := range ref[1:] {
		if _, ok := step.Value.(ast.String); !ok || node == nil || len(node.Values) > 0 {
			break
		}
		node = node.Child(step.Value)
	}
	return node != nil
}

// translate converts errors of OPA.
func translate(errs ast.Errors, ruleOfFile map[string]string) []*Error {
	faults := make([]*Error, len(errs))
	for i, err := range errs {
		fault := &Error{Message: err.Message}
		if err.Location != nil {
			fault.File, fault.Line, fault.Rule = err.Location.File, err.Location.Row, ruleOfFile[err.Location.File]
		}
		if name, ok := strings.CutPrefix(err.Message, "undefined function "); ok && isImpure(name) {
			fault.Message += ": policies cannot use the network, the clock or random values"
		}
		if strings.HasPrefix(err.Message, "invalid annotation scope '"+string(PerProject)+"'") {
			fault.Message = "scope: project belongs below custom in METADATA"
		}
		if err.Code == ast.TypeErr && err.Details != nil {
			for _, line := range err.Details.Lines() {
				// Skip the reference and the caret below it: the message and the location have them.
				if line = strings.TrimSpace(line); strings.Trim(line, "^") != "" && !strings.HasSuffix(err.Message, line) {
					fault.Message += "; " + line
				}
			}
		}
		faults[i] = fault
	}
	return faults
}
