// Package policy evaluates rules written in Rego over facts. Call Load once and Evaluate as often as
// needed; a Policies is immutable.
//
// It is the only package that depends on OPA. It checks rules and editions when it loads them, and
// the results of rules when it evaluates them. An invalid rule, edition or result is an *Error with
// its location; it never leads to missing findings without an error. The package does not read
// deployment files; see package lint.
package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Policies is a set of checked and compiled rules and editions. It is safe for concurrent use.
type Policies struct {
	rules      []Rule              // sorted by ID
	denies     map[string]location // of deny, by rule ID
	ruleOfFile map[string]string   // rule ID by file name
	extended   bool                // see Extended
	editions   []Edition           // sorted by ID
	digest     string

	compiler *ast.Compiler
	query    ast.Body
	store    storage.Store
	encoder  *encoder
	indexing bool

	ids     []*ast.Term // of the rules, in their order
	needs   [][]need    // of each rule, in their order
	asksAll bool
}

// Scope is the set of facts that one evaluation of a rule needs.
type Scope string

const (
	// PerDeployment rules check each deployment or compute by itself. Their findings do not depend on
	// the other deployments and computes of an evaluation.
	PerDeployment Scope = "deployment"
	// PerProject rules relate several deployments. An evaluation must have all facts of a run.
	PerProject Scope = "project"
)

// Rule is the METADATA of a rule.
type Rule struct {
	ID          string
	Title       string // one line without a final full stop
	Description string // Markdown
	Remediation string
	// SuggestTargets is the part of Remediation that the names of suitable targets replace. It is empty
	// for a rule whose violations no other target fixes.
	SuggestTargets string
	Severity       facts.Severity
	Scope          Scope
	// GrowsWith is the direction in which the fact at the path of a denial gets worse; empty if unknown.
	GrowsWith Growth
	Related   []Reference
	Examples  []Example
	Origin    string // the file of the rule; empty for a builtin rule
}

// Growth is the direction in which a number violates a rule more.
type Growth string

// Larger means that larger numbers are worse.
const Larger Growth = "larger"

// Reference is a link to further documentation.
type Reference struct{ Description, URL string }

// Load reads, checks and compiles the builtin bundle and further folders. Its error joins one *Error
// for each fault, sorted by file and line.
func Load(ctx context.Context, builtin fs.FS, extra []Folder) (*Policies, error) {
	return load(ctx, builtin, extra, true)
}

// LoadSound is Load for a bundle alone that Load accepts, as tests show for the embedded one. Without the checks of types,
// columns and references it takes half the time.
func LoadSound(ctx context.Context, builtin fs.FS) (*Policies, error) {
	return load(ctx, builtin, nil, false)
}

func load(ctx context.Context, builtin fs.FS, extra []Folder, checked bool) (*Policies, error) {
	found, faults := find(builtin, extra)
	if len(found.tables) == 0 {
		faults = append(faults, &Error{Message: "no editions: no editions/<id>/data.yaml"})
	}
	var (
		modules  = make([]*module, len(found.modules))
		tables   = make([]*table, len(found.tables))
		parsing  = make([][]*Error, len(found.modules))
		checking = make([][]*Error, len(found.tables))

		capabilities = hermetic()
	)
	var (
		background sync.WaitGroup
		tablesErr  error
		digest     string
	)
	background.Go(func() {
		tablesErr = each(ctx, runtime.GOMAXPROCS(0)-1, len(tables), func(i int) {
			tables[i], checking[i] = parseTable(found.tables[i])
		})
		digest = found.digest()
	})
	if err := each(ctx, runtime.GOMAXPROCS(0), len(modules), func(i int) {
		modules[i], parsing[i] = parseModule(found.modules[i], capabilities)
	}); err != nil {
		return nil, fmt.Errorf("load policies: %w", err)
	}
	faults = append(faults, slices.Concat(parsing...)...)
	background.Wait()
	if tablesErr != nil {
		return nil, fmt.Errorf("load policies: %w", tablesErr)
	}
	faults = append(faults, slices.Concat(checking...)...)
	modules = slices.DeleteFunc(modules, func(m *module) bool { return m == nil })
	tables = slices.DeleteFunc(tables, func(t *table) bool { return t == nil })
	p := &Policies{
		encoder:  newEncoder(),
		extended: slices.ContainsFunc(found.modules, func(file file) bool { return !file.builtin }),
		indexing: true,
		digest:   digest,
	}
	faults = append(faults, p.addEditions(tables)...)
	sound := len(faults) == 0
	wrong, complete := p.addRules(modules)
	faults = append(faults, wrong...)
	faults = append(faults, p.addExamples(found.examples)...)
	// Without all modules, references to the missing ones would cause further errors.
	if complete && len(modules) == len(found.modules) {
		if !sound {
			tables = nil
		}
		faults = append(faults, p.compileModules(builtin, modules, tables, capabilities, checked)...)
	}
	if err := join(faults); err != nil {
		return nil, err
	}
	return p, nil
}

func join(faults []*Error) error {
	slices.SortFunc(faults, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Message, b.Message))
	})
	errs := make([]error, len(faults))
	for i, fault := range faults {
		errs[i] = fault
	}
	return errors.Join(errs...)
}

// each calls do with 0 to n-1 in as many goroutines as processors, at least one. It returns the
// error of the context.
func each(ctx context.Context, processors, n int, do func(int)) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
	)
	for range min(n, max(processors, 1)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	workers.Wait()
	return ctx.Err()
}

// RuleIDs returns the IDs of all rules, sorted.
func (p *Policies) RuleIDs() []string {
	var ids []string
	for _, rule := range p.rules {
		ids = append(ids, rule.ID)
	}
	return ids
}

// Extended reports whether a folder other than the builtin bundle has rules.
func (p *Policies) Extended() bool { return p.extended }

// Rules returns all rules, sorted by ID.
func (p *Policies) Rules() []Rule { return slices.Clone(p.rules) }

// Rule returns the rule with an ID.
func (p *Policies) Rule(id string) (Rule, bool) {
	for _, rule := range p.rules {
		if rule.ID == id {
			return rule, true
		}
	}
	return Rule{}, false
}

// EditionIDs returns the IDs of all editions, sorted.
func (p *Policies) EditionIDs() []string {
	var ids []string
	for _, edition := range p.editions {
		ids = append(ids, edition.ID)
	}
	return ids
}

// Editions returns all editions, sorted by ID.
func (p *Policies) Editions() []Edition { return slices.Clone(p.editions) }

// Edition returns the edition with an ID.
func (p *Policies) Edition(id string) (Edition, bool) {
	for _, edition := range p.editions {
		if edition.ID == id {
			return edition, true
		}
	}
	return Edition{}, false
}

// Current returns the current ID of the edition with an ID or a former ID. It returns an unknown ID
// unchanged. The notice describes a change that the user must know of: a new ID of the edition, or
// another edition that had this ID before. It is empty if nothing changed.
func (p *Policies) Current(id string) (current, notice string) {
	_, known := p.Edition(id)
	for _, edition := range p.editions {
		switch {
		case edition.ID == id || !slices.Contains(edition.Formerly, id):
		case known:
			return id, fmt.Sprintf("edition %s has a new table; the previous one is now edition %s", id, edition.ID)
		default:
			return edition.ID, fmt.Sprintf("edition %s is now called %s", id, edition.ID)
		}
	}
	return id, ""
}

// Digest returns a hash of the modules and editions and their paths in their folders: "sha256:"
// followed by 64 hexadecimal digits.
func (p *Policies) Digest() string { return p.digest }

// Unindexed returns policies that do not use OPA's rule index. Evaluation is slower and must have
// the same results; tests compare them.
func (p *Policies) Unindexed() *Policies {
	unindexed := *p
	unindexed.indexing = false
	return &unindexed
}

// AskingAll returns policies that also evaluate rules whose facts are not declared. Evaluation is slower and must have
// the same results; tests compare them.
func (p *Policies) AskingAll() *Policies {
	all := *p
	all.asksAll = true
	return &all
}

// addEditions adds the editions and makes them available to rules as data.mlpolicy.editions.
func (p *Policies) addEditions(tables []*table) []*Error {
	var faults []*Error
	slices.SortStableFunc(tables, func(a, b *table) int { return strings.Compare(a.edition.ID, b.edition.ID) })
	data := make(map[string]*table, len(tables))
	for _, table := range tables {
		if first, taken := data[table.edition.ID]; taken {
			faults = append(faults, &Error{File: table.file, Message: fmt.Sprintf("edition %s already exists: %s", table.edition.ID, first.file)})
			continue
		}
		data[table.edition.ID] = table
		p.editions = append(p.editions, table.edition)
	}
	editions := ast.NewObject()
	for _, id := range slices.Sorted(maps.Keys(data)) {
		editions.Insert(ast.StringTerm(id), ast.NewTerm(data[id].value))
	}
	p.store = inmem.NewFromASTObject(ast.NewObject(ast.Item(
		ast.StringTerm("mlpolicy"),
		ast.ObjectTerm(ast.Item(ast.StringTerm("editions"), ast.NewTerm(editions))),
	)))
	return faults
}
