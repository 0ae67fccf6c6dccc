package terraform

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform/eval"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// file is a file of a module.
type file struct {
	*source.File
	body *hclsyntax.Body // nil for one that was not read
}

// folder is a module: the files of a folder.
// https://developer.hashicorp.com/terraform/language/files
type folder struct {
	name      string
	files     []*file
	variables map[string]*variable
	locals    map[string]*hclsyntax.Attribute
	resources []*block
	calls     []*block
	// given are the values of variables in terraform.tfvars and in *.auto.tfvars.
	given map[string]*given
	// varied are the values in other files of variables, which are chosen on the command line.
	varied map[string][]*given
	// ofTools is set if OpenTofu reads other files of the folder than Terraform.
	ofTools bool
}

// variable is an input of a module.
type variable struct {
	value, kind *hclsyntax.Attribute // the default and the type, nil for none
	secret      bool
	nullable    bool
}

// given is a value of a variable in a file of variables.
type given struct {
	*hclsyntax.Attribute
	file *file
}

// block is a resource or the call of a module.
type block struct {
	*hclsyntax.Block
	attributes map[string]*hclsyntax.Attribute
	blocks     []*hclsyntax.Block // inside it
	file       *file
}

func blockOf(f *file, b *hclsyntax.Block) *block {
	return &block{Block: b, attributes: b.Body.Attributes, blocks: b.Body.Blocks, file: f}
}

// suffixes are the endings of the files that configure a module.
func configures(name string) (stem string, ok bool) {
	for _, suffix := range []string{".tf", ".tofu", ".tf.json", ".tofu.json"} {
		if stem, ok := strings.CutSuffix(name, suffix); ok {
			return stem, stem != "" && !hidden(name)
		}
	}
	return "", false
}

// hidden reports whether Terraform ignores a file: a hidden one, or the copy that an editor makes.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}

// isVariables reports whether a file has values of variables. automatic is set for one that is always read.
func isVariables(name string) (is, automatic bool) {
	stem, ok := strings.CutSuffix(strings.TrimSuffix(name, ".json"), ".tfvars")
	return ok, ok && (stem == "terraform" || strings.HasSuffix(stem, ".auto"))
}

func isJSON(name string) bool { return strings.HasSuffix(name, ".json") }

// isOverride reports whether the blocks of a file change those of others.
func isOverride(stem string) bool { return stem == "override" || strings.HasSuffix(stem, "_override") }

// tool is a program that reads a module.
type tool uint8

const (
	// openTofu reads a .tofu file in place of the .tf file of the same name.
	openTofu tool = iota
	// hashicorp is Terraform, which ignores .tofu files.
	hashicorp
)

func isTofu(name string) bool { return strings.HasSuffix(strings.TrimSuffix(name, ".json"), ".tofu") }

// reads returns the files of a module that a tool reads, in the order in which they count.
func (t tool) reads(files []*file) []*file {
	names := map[string]bool{}
	for _, f := range files {
		names[f.Name] = true
	}
	var read []*file
	for _, f := range files {
		if stem, ok := configures(f.Name); ok {
			other := stem + ".tofu"
			if isJSON(f.Name) {
				other += ".json"
			}
			if t == hashicorp && isTofu(f.Name) || t == openTofu && !isTofu(f.Name) && names[other] {
				continue
			}
		}
		read = append(read, f)
	}
	return read
}

// configuring returns the names of the files that configure a module, in the order in which they count.
func configuring(names []string) []string {
	var files []string
	for _, name := range names {
		if _, ok := configures(path.Base(name)); ok {
			files = append(files, name)
		}
	}
	slices.SortStableFunc(files, func(a, b string) int {
		return rank(a) - rank(b)
	})
	return files
}

// rank orders files that override others behind them.
func rank(name string) int {
	if stem, _ := configures(path.Base(name)); isOverride(stem) {
		return 1
	}
	return 0
}

// assemble makes a module of its files as a tool reads them.
func assemble(name string, files []*file, by tool) *folder {
	f := &folder{name: name, variables: map[string]*variable{}, locals: map[string]*hclsyntax.Attribute{}, given: map[string]*given{}, varied: map[string][]*given{}}
	byAddress := map[string]*block{}
	f.ofTools = slices.ContainsFunc(files, func(each *file) bool { return isTofu(each.Name) })
	for _, each := range by.reads(files) {
		if each.body == nil {
			continue
		}
		f.files = append(f.files, each)
		if is, automatic := isVariables(path.Base(each.Name)); is {
			f.give(each, automatic && path.Dir(each.Name) == name)
			continue
		}
		stem, _ := configures(path.Base(each.Name))
		for _, b := range each.body.Blocks {
			f.add(each, b, isOverride(stem), byAddress)
		}
	}
	return f
}

// isConfigured reports whether a file configures the module, besides those with values of variables.
func (f *folder) isConfigured() bool {
	return slices.ContainsFunc(f.files, func(each *file) bool {
		_, ok := configures(path.Base(each.Name))
		return ok
	})
}

// size returns the size of the module in bytes.
func (f *folder) size() int {
	size := 0
	for _, each := range f.files {
		size += len(each.Text)
	}
	return size
}

// give adds the values in a file of variables.
func (f *folder) give(from *file, automatic bool) {
	for name, attribute := range from.body.Attributes {
		value := &given{attribute, from}
		if automatic {
			f.given[name] = value
		} else {
			f.varied[name] = append(f.varied[name], value)
		}
	}
}

// add adds a block of a file. A block of an override changes the one with the same address.
func (f *folder) add(from *file, b *hclsyntax.Block, override bool, byAddress map[string]*block) {
	switch {
	case b.Type == "variable" && len(b.Labels) == 1:
		f.addVariable(b)
	case b.Type == "locals":
		for name, attribute := range b.Body.Attributes {
			f.locals[name] = attribute
		}
	case b.Type == "resource" && len(b.Labels) == 2, b.Type == "module" && len(b.Labels) == 1:
		address := b.Type + " " + strings.Join(b.Labels, ".")
		if known := byAddress[address]; override {
			if known != nil {
				known.override(b)
			}
			return
		}
		added := blockOf(from, b)
		byAddress[address] = added
		if b.Type == "module" {
			f.calls = append(f.calls, added)
		} else {
			f.resources = append(f.resources, added)
		}
	}
}

func (f *folder) addVariable(b *hclsyntax.Block) {
	v := f.variables[b.Labels[0]]
	if v == nil {
		v = &variable{nullable: true}
		f.variables[b.Labels[0]] = v
	}
	for name, attribute := range b.Body.Attributes {
		switch name {
		case "default":
			v.value = attribute
		case "type":
			v.kind = attribute
		case "sensitive", "ephemeral":
			v.secret = v.secret || !isLiteral(attribute.Expr, "false")
		case "nullable":
			v.nullable = !isLiteral(attribute.Expr, "false")
		}
	}
}

// isLiteral reports whether an expression is a literal with a text.
func isLiteral(x hclsyntax.Expression, text string) bool {
	literal, ok := x.(*hclsyntax.LiteralValueExpr)
	if !ok {
		return false
	}
	is, _ := eval.OfScalar(literal.Val, hcl.Range{}).Text()
	return is == text
}

// override changes a block: attributes one by one, nested blocks all of a type.
func (b *block) override(by *hclsyntax.Block) {
	attributes := map[string]*hclsyntax.Attribute{}
	for name, attribute := range b.attributes {
		attributes[name] = attribute
	}
	for name, attribute := range by.Body.Attributes {
		attributes[name] = attribute
	}
	b.attributes = attributes
	replaced := map[string]bool{}
	for _, inner := range by.Body.Blocks {
		replaced[nestedType(inner)] = true
	}
	blocks := slices.DeleteFunc(slices.Clone(b.blocks), func(inner *hclsyntax.Block) bool { return replaced[nestedType(inner)] })
	b.blocks = append(blocks, by.Body.Blocks...)
}

// nestedType returns the type of the blocks that a nested block is or makes.
func nestedType(b *hclsyntax.Block) string {
	if b.Type == "dynamic" && len(b.Labels) == 1 {
		return b.Labels[0]
	}
	return b.Type
}
