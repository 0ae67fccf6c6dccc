package azure

import (
	"bytes"
	_ "embed"
	"iter"
	"path"
	"regexp"
	"strings"
	"sync"

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
	place, _, _ := strings.Cut(strings.TrimSpace(requirement), " ")
	if end := strings.IndexAny(place, "\t?#"); end >= 0 {
		place = place[:end]
	}
	file := place[strings.LastIndexAny(place, `/\`)+1:]
	name, version, ok := strings.Cut(file, "-")
	if !ok || strings.HasPrefix(place, "-") || !strings.HasSuffix(version, ".whl") {
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
	listed := false // inside the list of [project] dependencies
	for at := range tomlLines(text) {
		switch {
		case at.table == "tool.poetry.dependencies", deployedGroup(at.table):
			if name := packageName(at.key); inferencePackages()[name] {
				return name, at.line
			}
			continue
		case at.table != "project":
			listed = false
			continue
		case at.key != "":
			listed = at.key == "dependencies"
		}
		if !listed {
			continue
		}
		for _, text := range tomlString().FindAllStringSubmatch(at.rest, -1) {
			if name := packageName(text[1] + text[2]); inferencePackages()[name] {
				return name, at.line
			}
		}
	}
	return "", 0
}

// deployedGroup reports whether a table has the dependencies of a Poetry group whose name does not
// mean development.
// https://python-poetry.org/docs/managing-dependencies/#dependency-groups
func deployedGroup(table string) bool {
	rest, ofGroup := strings.CutPrefix(table, "tool.poetry.group.")
	group, dependencies := strings.CutSuffix(rest, ".dependencies")
	if !ofGroup || !dependencies {
		return false
	}
	switch strings.ToLower(group) {
	case "dev", "develop", "development", "test", "tests", "testing", "docs", "doc", "lint", "typing", "notebook", "notebooks", "train", "training":
		return false
	}
	return true
}

// PipfilePackage returns the first package that a Pipfile installs and that runs models,
// and its line.
// https://pipenv.pypa.io/en/latest/pipfile.html
func PipfilePackage(text []byte) (name string, line int) {
	for at := range tomlLines(text) {
		if name := packageName(at.key); at.table == "packages" && inferencePackages()[name] {
			return name, at.line
		}
	}
	return "", 0
}

// tomlLine is a line of a TOML file that is not blank.
type tomlLine struct {
	line  int
	table string // the table of the line, without quotes
	key   string // the key of the line, without quotes; empty inside a value
	rest  string // the text after the key
}

// tomlLines yields the lines of a TOML file. It parses what is needed to find package lists: a list
// may have several lines, and multi-line strings are left out. The header of a table is yielded as
// a key of its parent table.
func tomlLines(text []byte) func(yield func(tomlLine) bool) {
	return func(yield func(tomlLine) bool) {
		at := tomlLine{}
		quoted := "" // the end of the multi-line string around the line
		for text := range strings.Lines(string(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))) {
			at.line++
			text = strings.TrimSpace(text)
			if quoted != "" {
				if strings.Contains(text, quoted) {
					quoted = ""
				}
				continue
			}
			for _, quotes := range []string{`"""`, "'''"} {
				if strings.Count(text, quotes)%2 == 1 {
					quoted = quotes
				}
			}
			if table := tomlTable().FindStringSubmatch(text); table != nil {
				name := strings.NewReplacer(`"`, "", "'", "", " ", "").Replace(table[1])
				dot := max(strings.LastIndexByte(name, '.'), 0)
				at.table, at.key, at.rest = name[:dot], strings.TrimPrefix(name[dot:], "."), ""
				if !yield(at) {
					return
				}
				at.table = name
				continue
			}
			if text == "" || text[0] == '#' || quoted != "" {
				continue
			}
			at.key, at.rest = "", text
			if key := tomlKey().FindStringSubmatch(text); key != nil {
				at.key, at.rest = strings.Trim(key[1], `"'`), key[2]
			}
			if !yield(at) {
				return
			}
		}
	}
}

var (
	tomlTable = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^\[([^\[\],=]+)\][ \t]*(?:#.*)?$`)
	})
	tomlKey = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^([A-Za-z0-9_.-]+|"[^"]*"|'[^']*')[ \t]*=(.*)$`)
	})
	tomlString = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`"([^"]*)"|'([^']*)'|#.*`)
	})
)

// NodeDependency returns the first package that a package.json installs and that runs
// models, and its line.
// https://docs.npmjs.com/cli/configuring-npm/package-json#dependencies
func NodeDependency(text []byte) (name string, line int) {
	for _, document := range source.Parse("package.json", text).Documents {
		for key := range document.Root.Get("dependencies").Pairs() {
			if nodePackages()[key.Text] {
				return key.Text, key.Span().Start.Line
			}
		}
	}
	return "", 0
}
