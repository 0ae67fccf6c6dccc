package policy

import (
	"context"
	"io/fs"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// LoadBuiltin is Load of the builtin bundle alone. What Load makes of it is part of the
// program already, which saves most of the time of a run over few files. A bundle that has
// changed since builtin_compiled.go was written is loaded as any other.
func LoadBuiltin(ctx context.Context, builtin fs.FS) (*Policies, error) {
	found, faults := find(builtin, nil)
	if len(faults) > 0 || found.digest() != builtinDigest {
		return Load(ctx, builtin, nil)
	}
	p := &Policies{
		rules:      builtinRules,
		denies:     make(map[string]place, len(builtinRules)),
		ruleOfFile: make(map[string]string, len(builtinRules)),
		editions:   builtinEditions(),
		digest:     builtinDigest,
		compiler:   compiled(builtinModules),
		query:      builtinQuery,
		encode:     encoderOf[facts.Facts](),
		indexing:   true,
	}
	for i, rule := range builtinRules {
		p.denies[rule.ID] = builtinDenies[i]
		p.ruleOfFile[builtinDenies[i].file] = rule.ID
	}
	p.setTables(builtinTables())
	return p, nil
}

// compiled returns a compiler that has done its work on modules already, but for looking
// up which of their rules can apply.
func compiled(modules []ast.Module) *ast.Compiler {
	const takeOver = "TakeOver"
	skipped := slices.DeleteFunc(ast.AllStages(), func(stage ast.StageID) bool {
		switch stage {
		case ast.StageInitLocalVarGen, ast.StageSetModuleTree, ast.StageSetRuleTree, ast.StageBuildRuleIndices:
			return true
		}
		return false
	})
	compiler := ast.NewCompiler().WithCapabilities(hermetic()).WithSkipStages(skipped...).
		WithStageAfterID(ast.StageInitLocalVarGen, ast.CompilerStageDefinition{
			Name: takeOver, MetricName: takeOver,
			Stage: func(compiler *ast.Compiler) *ast.Error {
				for _, module := range modules {
					compiler.Modules[module.Package.Location.File] = joined(module)
				}
				return nil
			},
		})
	compiler.Compile(nil)
	return compiler
}

// joined returns a copy of a module whose rules know it.
func joined(module ast.Module) *ast.Module {
	var own func(rule *ast.Rule) *ast.Rule
	own = func(rule *ast.Rule) *ast.Rule {
		if rule == nil {
			return nil
		}
		copied := *rule
		copied.Module, copied.Else = &module, own(rule.Else)
		return &copied
	}
	rules := make([]*ast.Rule, len(module.Rules))
	for i, rule := range module.Rules {
		rules[i] = own(rule)
	}
	module.Rules = rules
	return &module
}
