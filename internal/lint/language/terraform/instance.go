package terraform

import (
	"path"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform/eval"
)

// instance is a module with the values of its variables: a root module, or one that another calls.
type instance struct {
	*folder
	by      *eval.Evaluator
	path    string // module.a.module.b. before the addresses of its resources
	args    map[string]*eval.Value
	caller  *instance
	chosen  *file             // of variables, nil for none
	alone   bool              // no file is needed besides the one that is chosen
	counted bool              // it may exist any number of times
	from    []eval.Dependency // on which its existence depends

	variables map[string]*eval.Value // that were evaluated; nil for one that is being evaluated
	locals    map[string]*eval.Value
}

func newInstance(f *folder, by *eval.Evaluator) *instance {
	return &instance{folder: f, by: by, variables: map[string]*eval.Value{}, locals: map[string]*eval.Value{}}
}

// rootInstance returns a root module with the values of a file of variables that is chosen, nil for none.
func rootInstance(root *folder, chosen *file, by *eval.Evaluator) *instance {
	in := newInstance(root, by)
	in.chosen = chosen
	in.alone = in.isAlone()
	return in
}

// Variable returns the value of a variable of a module: that of the call, else that of the files of variables, else the
// default. One that is declared as a secret is not read.
func (in *instance) Variable(name string) *eval.Value {
	if known, begun := in.variables[name]; begun {
		return eval.OrUnknown(known)
	}
	in.variables[name] = nil
	v := in.givenVariable(name)
	if v != nil {
		v.Measure() // once for all its uses
	}
	in.variables[name] = v
	return eval.OrUnknown(v)
}

func (in *instance) givenVariable(name string) *eval.Value {
	declared := in.folder.variables[name]
	if declared == nil || declared.secret {
		return nil
	}
	var byDefault *eval.Value
	if declared.value != nil {
		byDefault = in.by.Eval(declared.value.Expr, &eval.Scope{}).Described("the default of var." + name)
	}
	v := byDefault
	if in.caller != nil {
		if arg := in.args[name]; arg != nil && (arg.Kind != eval.Null || declared.nullable) {
			v = arg
		}
	} else if given := in.givenIn(name); given != nil {
		v = in.by.Eval(given.Expr, &eval.Scope{}).Described(path.Base(given.file.Name) + " for var." + name)
	}
	if v == nil {
		return nil
	}
	if declared.kind != nil {
		v = in.by.Converted(v, declared.kind.Expr)
	}
	if in.caller == nil && in.varies(name, v) {
		return nil
	}
	return v
}

// givenIn returns the value of a variable in the file that is chosen, else in those that are always read; nil for none.
func (in *instance) givenIn(name string) *given {
	if value := in.chosenValue(name); value != nil {
		return value
	}
	return in.given[name]
}

func (in *instance) chosenValue(name string) *given {
	for _, value := range in.varied[name] {
		if value.file == in.chosen {
			return value
		}
	}
	return nil
}

// isAlone reports whether no file is needed besides the one that is chosen: there is a value for each variable that requires one, as far
// as any file has it.
func (in *instance) isAlone() bool {
	for name, declared := range in.folder.variables {
		if declared.value == nil && in.given[name] == nil && len(in.varied[name]) > 0 && in.chosenValue(name) == nil {
			return false
		}
	}
	return true
}

// varies reports whether a file of variables that may be chosen besides has another value for a variable. A module that needs no such
// file is applied without one, too.
func (in *instance) varies(name string, v *eval.Value) bool {
	if in.alone && (in.chosen == nil || in.chosenValue(name) != nil) {
		return false
	}
	for _, other := range in.varied[name] {
		if same, known := eval.SameTexts(v, in.by.Eval(other.Expr, &eval.Scope{})); !same || !known {
			return true
		}
	}
	return false
}

// Local returns the value of a local.
func (in *instance) Local(name string) *eval.Value {
	if known, begun := in.locals[name]; begun {
		return eval.OrUnknown(known)
	}
	in.locals[name] = nil
	if attribute := in.folder.locals[name]; attribute != nil {
		v := in.by.Eval(attribute.Expr, &eval.Scope{Module: in})
		v.Measure() // once for all its uses
		in.locals[name] = v
	}
	return eval.OrUnknown(in.locals[name])
}

// existence is what count and for_each of a block say.
type existence uint8

const (
	once existence = iota
	never
	counted
)

// existenceOf returns whether a block exists, and what that depends on.
func (in *instance) existenceOf(b *block) (existence, []eval.Dependency) {
	if count := b.attributes["count"]; count != nil {
		v := in.by.Eval(count.Expr, &eval.Scope{Module: in})
		if number, ok := v.Int(); ok && number == 0 {
			return never, nil
		}
		return counted, v.Depends()
	}
	if each := b.attributes["for_each"]; each != nil {
		v := in.by.Eval(each.Expr, &eval.Scope{Module: in})
		if eval.IsEmpty(v) {
			return never, nil
		}
		return counted, v.Depends()
	}
	for _, inner := range b.blocks {
		if enabled := inner.Body.Attributes["enabled"]; inner.Type == "lifecycle" && enabled != nil { // of OpenTofu
			v := in.by.Eval(enabled.Expr, &eval.Scope{Module: in})
			if is, known := v.Bool(); known && !is {
				return never, nil
			}
			return once, v.Depends()
		}
	}
	return once, nil
}

// calledPath returns the path to the local module that a block calls, empty for any other module.
func calledPath(b *block) string {
	from := b.attributes["source"]
	if from == nil {
		return ""
	}
	if text, ok := eval.LiteralText(from.Expr); ok && isLocal(text) {
		return text
	}
	return ""
}

// argsOf returns the arguments of a call.
func (in *instance) argsOf(b *block) map[string]*eval.Value {
	args := map[string]*eval.Value{}
	for _, attribute := range inOrder(b.attributes) {
		name := attribute.Name
		in.by.Allow(attribute.SrcRange)
		v := in.by.Eval(attribute.Expr, &eval.Scope{Module: in})
		if v.Why == "" {
			v = v.Described("the argument " + name + " of module." + b.Labels[0])
		}
		args[name] = v
	}
	return args
}
