package terraform

import (
	"path"

	"github.com/hashicorp/hcl/v2"
)

// instance is a module with the values of its variables: a root module, or one that another calls.
type instance struct {
	*folder
	path    string // module.a.module.b. before the addresses of its resources
	args    map[string]*value
	caller  *instance
	chosen  *file        // of variables, nil for none
	alone   bool         // no file is needed besides the one that is chosen
	counted bool         // it may exist any number of times
	from    []dependency // on which its existence depends

	variables map[string]*value // that were evaluated; nil for one that is being evaluated
	locals    map[string]*value
}

func newInstance(f *folder) *instance {
	return &instance{folder: f, variables: map[string]*value{}, locals: map[string]*value{}}
}

// rootInstance returns a root module with the values of a file of variables that is chosen, nil for none.
func rootInstance(root *folder, chosen *file) *instance {
	in := newInstance(root)
	in.chosen = chosen
	in.alone = in.isAlone()
	return in
}

// variable returns the value of a variable of a module: that of the call, else that of the files of variables, else the
// default. One that is declared as a secret is not read.
func (e *evaluator) variable(in *instance, name string) *value {
	if known, begun := in.variables[name]; begun {
		return orUnknown(known)
	}
	in.variables[name] = nil
	v := e.givenVariable(in, name)
	if v != nil {
		v.measure() // once for all its uses
	}
	in.variables[name] = v
	return orUnknown(v)
}

// orUnknown returns a value, unknown for one that depends on itself.
func orUnknown(v *value) *value {
	if v == nil {
		return &value{}
	}
	return v
}

func (e *evaluator) givenVariable(in *instance, name string) *value {
	declared := in.folder.variables[name]
	if declared == nil || declared.secret {
		return nil
	}
	var byDefault *value
	if declared.value != nil {
		byDefault = e.eval(declared.value.Expr, &scope{}).described("the default of var." + name)
	}
	v := byDefault
	if in.caller != nil {
		if arg := in.args[name]; arg != nil && (arg.kind != null || declared.nullable) {
			v = arg
		}
	} else if given := in.givenIn(name); given != nil {
		v = e.eval(given.Expr, &scope{}).described(path.Base(given.file.Name) + " for var." + name)
	}
	if v == nil {
		return nil
	}
	if declared.kind != nil {
		v = e.converted(v, declared.kind.Expr)
	}
	if in.caller == nil && e.varies(in, name, v) {
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
func (e *evaluator) varies(in *instance, name string, v *value) bool {
	if in.alone && (in.chosen == nil || in.chosenValue(name) != nil) {
		return false
	}
	for _, other := range in.varied[name] {
		if same, known := sameTexts(v, e.eval(other.Expr, &scope{})); !same || !known {
			return true
		}
	}
	return false
}

// sameTexts reports whether two scalars have the same text.
func sameTexts(a, b *value) (same, known bool) {
	x, ok := a.text()
	y, also := b.text()
	return x == y, ok && also
}

// described returns a value that decides by what why says.
func (v *value) described(why string) *value {
	described := *v
	described.why = why
	return &described
}

// local returns the value of a local.
func (e *evaluator) local(in *instance, name string) *value {
	if known, begun := in.locals[name]; begun {
		return orUnknown(known)
	}
	in.locals[name] = nil
	if attribute := in.folder.locals[name]; attribute != nil {
		v := e.eval(attribute.Expr, &scope{instance: in})
		v.measure() // once for all its uses
		in.locals[name] = v
	}
	return orUnknown(in.locals[name])
}

// existence is what count and for_each of a block say.
type existence uint8

const (
	once existence = iota
	never
	counted
)

// existenceOf returns whether a block exists, and what that depends on.
func (e *evaluator) existenceOf(b *block, in *instance) (existence, []dependency) {
	if count := b.attributes["count"]; count != nil {
		v := e.eval(count.Expr, &scope{instance: in})
		if number, ok := v.int(); ok && number == 0 {
			return never, nil
		}
		return counted, v.depends()
	}
	if each := b.attributes["for_each"]; each != nil {
		v := e.eval(each.Expr, &scope{instance: in})
		if isEmpty(v) {
			return never, nil
		}
		return counted, v.depends()
	}
	for _, inner := range b.blocks {
		if enabled := inner.Body.Attributes["enabled"]; inner.Type == "lifecycle" && enabled != nil { // of OpenTofu
			v := e.eval(enabled.Expr, &scope{instance: in})
			if is, known := v.bool(); known && !is {
				return never, nil
			}
			return once, v.depends()
		}
	}
	return once, nil
}

// isEmpty reports whether a collection has nothing.
func isEmpty(v *value) bool {
	return (v.kind == list || v.kind == object) && !v.open && len(v.items)+len(v.members) == 0
}

// calledPath returns the path to the local module that a block calls, empty for any other module.
func calledPath(b *block) string {
	from := b.attributes["source"]
	if from == nil {
		return ""
	}
	if text, ok := literalText(from.Expr); ok && isLocal(text) {
		return text
	}
	return ""
}

// argsOf returns the arguments of a call.
func (e *evaluator) argsOf(b *block, in *instance) map[string]*value {
	args := map[string]*value{}
	for _, attribute := range inOrder(b.attributes) {
		name := attribute.Name
		e.allow(attribute.SrcRange)
		v := e.eval(attribute.Expr, &scope{instance: in})
		if v.why == "" {
			v = v.described("the argument " + name + " of module." + b.Labels[0])
		}
		args[name] = v
	}
	return args
}

// rangeOf returns a stretch of a file.
func rangeOf(file string, start, end int) hcl.Range {
	return hcl.Range{Filename: file, Start: hcl.Pos{Byte: start}, End: hcl.Pos{Byte: end}}
}
