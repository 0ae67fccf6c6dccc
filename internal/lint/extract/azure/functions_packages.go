package azure

import (
	"bytes"
	_ "embed"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// InferencePackageList is a sorted list of Python packages that run models. It leaves out clients
// that register a model or start a remote job, such as azureml-core and azure-ai-ml. It also leaves
// out packages that compute without a model, such as numpy, or only store one, such as onnx.
//
//go:embed functions_packages.txt
var InferencePackageList string

// NodePackageList is a sorted list of npm packages that run models.
//
//go:embed functions_packages_node.txt
var NodePackageList string

var inferencePackages = sync.OnceValue(func() map[string]bool { return read.Lines(InferencePackageList) })

var nodePackages = sync.OnceValue(func() map[string]bool { return read.Lines(NodePackageList) })

// IncludedRequirements returns the files that a requirements.txt includes from its folder or below.
// Files outside the folder are not deployed with the app.
func IncludedRequirements(name string, requirements []byte) []string {
	var included []string
	seen := map[string]bool{path.Clean(name): true}
	for _, text := range requirementLines(requirements) {
		match := inclusion().FindStringSubmatch(text)
		if match == nil || path.IsAbs(match[1]) {
			continue
		}
		file := path.Join(path.Dir(name), strings.ReplaceAll(match[1], `\`, "/"))
		if !seen[file] && resolve.Below(path.Dir(name), file) {
			seen[file] = true
			included = append(included, file)
		}
	}
	return included
}

var inclusion = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:-r\s*|--requirement(?:\s+|\s*=\s*))["']?([^\s"'#]+)`)
})

// Requirement returns the first package of a requirements.txt that runs models, and its line. name
// is empty where there is none. Included files are left to IncludedRequirements.
// https://pip.pypa.io/en/stable/reference/requirements-file-format/
func Requirement(requirements []byte) (name string, line int) {
	for number, text := range requirementLines(requirements) {
		name := wheelName(text)
		if egg := eggName().FindStringSubmatch(text); name == "" && egg != nil {
			name = packageName(egg[1])
		}
		if name == "" {
			name = packageName(text)
		}
		if inferencePackages()[name] {
			return name, number
		}
	}
	return "", 0
}

// eggName matches the name of the package in the URL of a repository. A # after white space begins
// a comment.
var eggName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[^#]*:[^#]*[^#\s]#(?:[^\s&]*&)?egg=([A-Za-z0-9._-]+)`)
})

// requirementLines yields the lines of a requirements.txt and their numbers.
func requirementLines(requirements []byte) iter.Seq2[int, string] {
	// pip freeze in PowerShell writes UTF-16, in which every second byte of ASCII text is zero.
	requirements = bytes.ReplaceAll(requirements, []byte{0}, nil)
	requirements = bytes.TrimLeft(requirements, "\xff\xfe\xef\xbb\xbf")
	return func(yield func(int, string) bool) {
		number := 0
		for text := range strings.Lines(string(requirements)) {
			number++
			if !yield(number, text) {
				return
			}
		}
	}
}

// wheelName returns the name of the package in the path or the URL of a wheel, empty for any other
// requirement. The file name of a wheel begins with the name and the version of the package.
// https://packaging.python.org/specifications/binary-distribution-format/#file-name-convention
func wheelName(requirement string) string {
	path, _, _ := strings.Cut(strings.TrimSpace(requirement), " ")
	if end := strings.IndexAny(path, "\t?#"); end >= 0 {
		path = path[:end]
	}
	file := path[strings.LastIndexAny(path, `/\`)+1:]
	name, version, ok := strings.Cut(file, "-")
	if !ok || strings.HasPrefix(path, "-") || !strings.HasSuffix(version, ".whl") {
		return ""
	}
	return packageName(name)
}

// packageName returns the name that a requirement begins with, normalized: in lower case, with -
// for each run of -, _ and dots.
// https://packaging.python.org/specifications/name-normalization/
func packageName(requirement string) string {
	requirement = strings.TrimSpace(requirement)
	if end := strings.IndexAny(requirement, "[<>=!~; @#\t("); end >= 0 {
		requirement = requirement[:end]
	}
	parts := strings.FieldsFunc(strings.ToLower(requirement), func(c rune) bool { return c == '-' || c == '_' || c == '.' })
	return strings.Join(parts, "-")
}

// ProjectDependency returns the first package that a pyproject.toml installs and that runs models,
// and its line. It reads the dependencies of [project] and those of Poetry, without optional and
// development dependencies.
// https://packaging.python.org/specifications/pyproject-toml/#dependencies-optional-dependencies
func ProjectDependency(text []byte) (name string, line int) {
	return firstInTOML(text, func(keys []string, item string) string {
		switch {
		case slices.Equal(keys, []string{"project", "dependencies"}):
			return item
		case len(keys) > 3 && slices.Equal(keys[:3], []string{"tool", "poetry", "dependencies"}):
			return keys[3]
		case len(keys) > 5 && slices.Equal(keys[:3], []string{"tool", "poetry", "group"}) && keys[4] == "dependencies" && deployedGroup(keys[3]):
			return keys[5]
		}
		return ""
	})
}

// deployedGroup reports whether a group of Poetry's dependencies is not for development by its name.
// https://python-poetry.org/docs/managing-dependencies/#dependency-groups
func deployedGroup(name string) bool {
	switch strings.ToLower(name) {
	case "dev", "develop", "development", "test", "tests", "testing", "docs", "doc", "lint", "typing", "notebook", "notebooks", "train", "training":
		return false
	}
	return true
}

// PipfilePackage returns the first package that a Pipfile installs and that runs models,
// and its line.
// https://pipenv.pypa.io/en/latest/pipfile.html
func PipfilePackage(text []byte) (name string, line int) {
	return firstInTOML(text, func(keys []string, _ string) string {
		if len(keys) > 1 && keys[0] == "packages" {
			return keys[1]
		}
		return ""
	})
}

// firstInTOML returns the first package in a TOML file that runs models, and its line. requirement returns the package that a
// key with these keys around it, itself last, or a string in the list that is its value, requires; empty for none. What follows an error of syntax is
// not read.
func firstInTOML(text []byte, requirement func(keys []string, item string) string) (name string, line int) {
	var parser unstable.Parser
	parser.Reset(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	required := func(keys []string, item string, at *unstable.Node) bool {
		found := packageName(requirement(keys, item))
		if !inferencePackages()[found] {
			return false
		}
		name, line = found, parser.Shape(at.Raw).Start.Line
		return true
	}
	var read func(table []string, expression *unstable.Node) bool
	read = func(table []string, expression *unstable.Node) bool {
		keys, at := tomlKeys(table, expression)
		if required(keys, "", at) {
			return true
		}
		if expression.Kind != unstable.KeyValue {
			return false
		}
		for items := expression.Value().Children(); items.Next(); {
			switch item := items.Node(); {
			case item.Kind == unstable.KeyValue && read(keys, item), item.Kind == unstable.String && required(keys, string(item.Data), item):
				return true
			}
		}
		return false
	}
	var table []string
	for parser.NextExpression() {
		expression := parser.Expression()
		switch expression.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = nil
		}
		if read(table, expression) {
			return name, line
		}
		if expression.Kind != unstable.KeyValue {
			table, _ = tomlKeys(nil, expression)
		}
	}
	return "", 0
}

// tomlKeys returns the keys that lead to a value or a table, and the first of those that stand in the expression.
func tomlKeys(table []string, expression *unstable.Node) (keys []string, first *unstable.Node) {
	keys = slices.Clip(table)
	for each := expression.Key(); each.Next(); {
		if first == nil {
			first = each.Node()
		}
		keys = append(keys, string(each.Node().Data))
	}
	return keys, first
}

// NodeDependency returns the first package that a package.json installs and that runs
// models, and its line.
// https://docs.npmjs.com/cli/configuring-npm/package-json#dependencies
func NodeDependency(text []byte) (name string, line int) {
	for _, document := range source.Parse("package.json", text).Documents {
		for key := range document.Root.Get("dependencies").Pairs() {
			if nodePackages()[key.Text()] {
				return key.Text(), key.Span().Start.Line
			}
		}
	}
	return "", 0
}
