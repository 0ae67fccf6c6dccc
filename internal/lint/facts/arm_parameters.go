package facts

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// parametrize reads the templates of a file again with the values of the parameters
// file that belongs to it. Where several do, what any of them sets is not known.
func (l *linker) parametrize(ctx context.Context, of *reading) {
	if l.options.Alone || !slices.ContainsFunc(of.readers, isTemplate) {
		return
	}
	for i, r := range of.readers {
		if !isTemplate(r) || r.parameters != nil {
			continue
		}
		files := l.parametersOf(ctx, of.file.Name, r.root)
		if len(files) == 0 {
			continue
		}
		link := Link{What: armParameters.String(), Place: Place{Node: r.root}}
		for _, file := range files[:min(len(files), maxFound)] {
			link.Found = append(link.Found, file.place())
		}
		parameters := parametersIn(files[0])
		if len(files) > 1 {
			link.Why = fmt.Sprintf("there are %d, and what they set is not known", len(files))
			parameters = unsettled(r.root, files)
		}
		r = &reader{format: r.format, root: r.root, lists: r.lists, parameters: parameters}
		armTemplate.read(r)
		of.readers[i] = r
		for _, d := range r.deployments {
			d.Links = append(d.Links, link)
		}
	}
	of.gather()
}

func parametersIn(file *part) *source.Node { return file.place().Node.GetFold("parameters") }

// unsettled gives no value to each parameter that one of several files sets.
func unsettled(template *source.Node, files []*part) *source.Node {
	var members []source.Member
	seen := map[string]bool{}
	for _, file := range files {
		for name := range entries(parametersIn(file)) {
			if key := strings.ToLower(name.Text); !seen[key] {
				seen[key] = true
				members = append(members, source.Member{Key: name, Value: template.With(source.Node{Kind: source.Mapping})})
			}
		}
	}
	return template.With(source.Node{Kind: source.Mapping, Members: members})
}

func isTemplate(r *reader) bool { return r.format == armTemplate.name }

// parametersOf returns the parameters files that a template may be deployed with: of
// those beside it the ones that bear its name, as main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json do that of main.json, or that
// bear none and stand beside no other template. A file that sets what the template does
// not declare is another's.
func (l *linker) parametersOf(ctx context.Context, file string, template *source.Node) []*part {
	folder := folderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	declared := map[string]bool{}
	for name := range entries(template.GetFold("parameters")) {
		declared[strings.ToLower(name.Text)] = true
	}
	return slices.DeleteFunc(slices.Clone(l.values[folder][stem(file)]), func(values *part) bool {
		for name := range entries(parametersIn(values)) {
			if !declared[strings.ToLower(name.Text)] {
				return true
			}
		}
		return false
	})
}

// parametersByTemplate sorts the parameters files of a folder by the stems of the templates.
func (l *linker) parametersByTemplate(ctx context.Context, folder string) map[string][]*part {
	readings := l.inFolder(ctx, folder)
	templates := map[string]bool{}
	only := ""
	for _, reading := range readings {
		if slices.ContainsFunc(reading.readers, isTemplate) {
			only = stem(reading.file.Name)
			templates[only] = true
		}
	}
	values := map[string][]*part{}
	var nameless []*part
	for _, reading := range readings {
		parts := reading.parts[armParameters]
		if len(parts) == 0 {
			continue
		}
		name, _, _ := strings.Cut(stem(reading.file.Name), "param")
		name = strings.TrimRight(name, ".-_")
		for name != "" && !templates[name] && strings.Contains(name, ".") {
			name = name[:strings.LastIndexByte(name, '.')]
		}
		if name == "" {
			nameless = append(nameless, parts...)
		} else {
			values[name] = append(values[name], parts...)
		}
	}
	if len(templates) == 1 && len(values[only]) == 0 {
		values[only] = nameless
	}
	return values
}

// stem is the base name of a file without its last extension, in lower case.
func stem(file string) string {
	base := path.Base(file)
	return strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
}
