package bicep

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// maxLoadedValues limits the values of a loaded file.
const maxLoadedValues = 50_000

// loadedFile is a file that a function of Bicep loads.
type loadedFile struct {
	function, name string
}

// load returns the value of a call that loads a file of the project, such as loadJsonContent('sizes.json', 'train'), at its place in that
// file. ok is false for any other call. A value that is not known is nil.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-files
func (r *Reader) load(function string, arguments []*syntax.Expression, from *unit) (value *source.Node, ok bool) {
	switch function {
	case "loadTextContent", "loadJsonContent", "loadYamlContent":
	default:
		return nil, false
	}
	file := loadedFile{function: function}
	if len(arguments) == 0 || r.files == nil {
		return nil, true
	}
	rest, path := arguments[1:], ""
	if function != "loadTextContent" && len(rest) > 0 {
		if path, ok = literal(rest[0]); !ok {
			return nil, true
		}
		rest = rest[1:]
	}
	for _, encoding := range rest {
		if name, ok := literal(encoding); !ok || !strings.EqualFold(name, "utf-8") {
			return nil, true
		}
	}
	if at, ok := literal(arguments[0]); ok {
		if file.name, ok = r.files.Resolve(from.file.Name, at); ok {
			return selectPath(r.loaded(file), path), true
		}
	}
	return nil, true
}

// literal returns the text of a string without expressions.
func literal(x *syntax.Expression) (text string, ok bool) { return x.Text, x.Kind == syntax.StringKind }

// loaded returns the value of a loaded file, which is read once; nil if it is not known.
func (r *Reader) loaded(file loadedFile) *source.Node {
	value, known := r.loads[file]
	if known {
		return value
	}
	switch data, ok := r.files.Read(file.name); {
	case !ok:
	case file.function == "loadTextContent":
		value = loadedText(file.name, data)
	default:
		value = loadedValue(file.name, data, file.function == "loadYamlContent")
	}
	r.loads[file] = value
	return value
}

func loadedText(name string, data []byte) *source.Node {
	file := source.Decode(name, data)
	if len(file.Problems) > 0 || !file.IsUTF8() || len(file.Text) > maxExpression {
		return nil
	}
	return file.Scalar(source.String, escape(string(file.Text)), 0, len(file.Text))
}

// loadedValue parses a file in JSON or YAML.
func loadedValue(name string, data []byte, isYAML bool) *source.Node {
	parsed := source.Parse(name, data)
	if len(parsed.Problems) > 0 || len(parsed.Documents) != 1 || !parsed.IsUTF8() {
		return nil
	}
	l := loader{left: maxLoadedValues, yaml: isYAML}
	value := l.value(parsed.Documents[0].Root)
	if l.left < 0 {
		return nil
	}
	return value
}

// step matches one step of a path: a name, an index or a quoted name.
var step = regexp.MustCompile(`^(?:\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,9})\]|\['([^'\\]*)'\])`)

// selectPath returns the value at a path such as $.sizes[0], nil if there is none or the path is of another form.
func selectPath(n *source.Node, path string) *source.Node {
	path = strings.TrimPrefix(path, "$")
	for path != "" && n != nil {
		found := step.FindStringSubmatch(path)
		if found == nil {
			return nil
		}
		path = path[len(found[0]):]
		if found[2] == "" {
			n = n.Get(found[1] + found[3])
			continue
		}
		index, err := strconv.Atoi(found[2])
		if err != nil || index >= len(n.Items()) {
			return nil
		}
		n = n.Items()[index]
	}
	return n
}

// loader makes the values of a loaded file those of a template, in which strings in brackets are expressions.
type loader struct {
	yaml bool
	left int // values
}

func (l *loader) value(n *source.Node) *source.Node {
	if l.left--; l.left < 0 {
		return n
	}
	switch n.Kind {
	case source.Sequence:
		items := make([]*source.Node, len(n.Items()))
		for i, item := range n.Items() {
			items[i] = l.value(item)
		}
		return n.With(source.Content{Kind: n.Kind, Items: items})
	case source.Mapping:
		members := make([]source.Member, len(n.Members()))
		for i, member := range n.Members() {
			members[i] = source.Member{Key: member.Key, Value: l.value(member.Value)}
		}
		return n.With(source.Content{Kind: n.Kind, Members: members})
	case source.String:
		if text := escape(n.Text()); text != n.Text() {
			return n.With(source.Content{Kind: n.Kind, Text: text})
		}
	default:
		if l.yaml && !plainYAML.MatchString(n.Text()) {
			return n.With(source.Content{Kind: source.String, Text: "[" + unknown + "]"})
		}
	}
	return n
}

// plainYAML matches scalars, other than strings, that mean the same in all versions of YAML.
var plainYAML = regexp.MustCompile(`^(?:|~|null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)$`)
