package policy

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/tools/txtar"
)

// examplesFile is the name of the archive of examples in a rule's folder. The archive is not YAML or
// JSON, because OPA and Conftest would load it as data.
const examplesFile = "examples.txtar"

// Example is a file that violates a rule, or one that does not.
type Example struct {
	Name    string // {bad,good}.<case>.<extension>
	Content string
}

// Bad reports whether the file violates the rule.
func (e Example) Bad() bool { return strings.HasPrefix(e.Name, "bad.") }

// Case returns the part of the name between "bad." or "good." and the extension: the target and the
// distinctive feature of the example.
func (e Example) Case() string {
	_, rest, _ := strings.Cut(e.Name, ".")
	return strings.TrimSuffix(rest, path.Ext(rest))
}

func parseExamples(file file) ([]Example, []*Error) {
	var (
		examples []Example
		faults   []*Error
	)
	for _, f := range txtar.Parse(file.data).Files {
		example := Example{Name: f.Name, Content: string(f.Data)}
		good := strings.HasPrefix(f.Name, "good.")
		if !example.Bad() && !good || example.Case() == "" || strings.Contains(f.Name, "/") {
			faults = append(faults, &Error{File: file.name, Message: fmt.Sprintf("example %q must be named {bad,good}.CASE.EXTENSION", f.Name)})
		}
		examples = append(examples, example)
	}
	if len(examples) == 0 {
		faults = append(faults, &Error{File: file.name, Message: "no examples: each begins with a line -- {bad,good}.CASE.EXTENSION --"})
	}
	return examples, faults
}

// addExamples gives each rule the examples in its folder.
func (p *Policies) addExamples(archives []file) []*Error {
	var faults []*Error
	for _, archive := range archives {
		examples, wrong := parseExamples(archive)
		faults = append(faults, wrong...)
		var beside []string
		for name, id := range p.ruleOfFile {
			if path.Dir(name) == path.Dir(archive.name) {
				beside = append(beside, id)
			}
		}
		if len(beside) != 1 {
			faults = append(faults, &Error{File: archive.name, Message: fmt.Sprintf("%d rules in its folder; put examples into the folder of one rule", len(beside))})
			continue
		}
		for i := range p.rules {
			if p.rules[i].ID == beside[0] {
				p.rules[i].Examples = examples
			}
		}
	}
	return faults
}
