package bicep

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// isRelevant reports whether resources of a type may be read.
func isRelevant(kind string) bool {
	kind = strings.ToLower(kind)
	return strings.HasPrefix(kind, "microsoft.machinelearningservices/") || strings.HasPrefix(kind, "microsoft.containerinstance/") ||
		strings.HasPrefix(kind, "microsoft.containerservice/") || kind == "microsoft.web/sites"
}

// resourceRef is a reference to a resource.
type resourceRef struct {
	declared *syntax.Declaration
	around   []*syntax.Declaration // in which the resource is nested, outermost first
	in       scope                 // of the body
	all      bool                  // the resource is a loop, and in has no round of it
}

// resource adds a resource and those nested in it. around are the resources in which it is nested, outermost first.
func (e *emitter) resource(d *syntax.Declaration, s scope, around []*syntax.Declaration) {
	kind := kindOf(d, around)
	body, _, loop := parts(d)
	if body == nil {
		return
	}
	if !d.Existing && (e.all || isRelevant(kind)) {
		e.add(d, kind, s, around)
	}
	if loop != nil || len(around) > maxExpansions {
		return // nothing can be nested in a loop
	}
	for _, nested := range body.Nested {
		e.resource(nested, s, append(around[:len(around):len(around)], d))
	}
}

// kindOf returns the full type of a resource without its version, empty if it is not known.
func kindOf(d *syntax.Declaration, around []*syntax.Declaration) string {
	if d.Head == nil || d.Head.Kind != syntax.StringKind {
		return ""
	}
	kind, _, _ := strings.Cut(d.Head.Text, "@")
	if len(around) == 0 || strings.Contains(kind, ".") {
		return kind
	}
	return kindOf(around[len(around)-1], around[:len(around)-1]) + "/" + kind
}

// parts returns the body of a resource or a module, its conditions and its loop; no body if it is not understood.
func parts(d *syntax.Declaration) (body *syntax.Expression, conditions []*syntax.Expression, loop *syntax.Expression) {
	body = d.Value
	if body.Kind == syntax.LoopKind {
		loop, body = body, body.Parts[1]
	}
	if body.Kind == syntax.ConditionKind {
		conditions, body = append(conditions, body.Parts[0]), body.Parts[1]
	}
	if body.Kind != syntax.ObjectKind {
		return nil, nil, nil
	}
	return body, conditions, loop
}

// add adds a resource of a type.
func (e *emitter) add(d *syntax.Declaration, kind string, s scope, around []*syntax.Declaration) {
	file := s.unit.file
	body, conditions, loop := parts(d)
	for _, outer := range around {
		_, more, _ := parts(outer)
		conditions = append(conditions, more...)
	}
	members := []source.Member{
		memberAt(file, "type", file.Scalar(source.String, kind, d.Head.Start, d.Head.End), d.Head.Start),
	}
	further, inside := e.existence(d, conditions, loop, s)
	members = append(members, further...)
	if name := body.Member("name"); name != nil {
		members = append(members, memberAt(file, "name", e.nameNode(name, d, around, inside), name.Start))
	}
	members = append(members, e.members(body, inside, func(name string) bool {
		return name == "name" || name == "parent" || name == "scope" || name == "dependsOn"
	})...)
	e.resources = append(e.resources, file.Mapping(members, d.Start, d.End))
}

// existence returns the loop and the conditions of a resource or module as members, and the scope inside the loop.
func (e *emitter) existence(d *syntax.Declaration, conditions []*syntax.Expression, loop *syntax.Expression, s scope) (members []source.Member, inside scope) {
	inside = s
	if loop != nil {
		var copied source.Member
		copied, inside = e.copyOf(d, loop, s)
		members = append(members, copied)
	}
	return append(members, e.condition(conditions, inside)...), inside
}

// copyOf returns the copy of a resource or a module, and the scope in a round of it.
func (e *emitter) copyOf(d *syntax.Declaration, loop *syntax.Expression, s scope) (copied source.Member, inside scope) {
	file := s.unit.file
	count, inside := e.loop(loop, d.Name, s)
	return memberAt(file, "copy", file.Mapping([]source.Member{
		memberAt(file, "name", file.Scalar(source.String, d.Name, d.NameAt.Start, d.NameAt.End), d.NameAt.Start),
		memberAt(file, "count", count, loop.Parts[0].Start),
	}, loop.Start, loop.Parts[0].End), loop.Start), inside
}

// condition returns the condition of a resource or a module, nothing if there is none.
func (e *emitter) condition(conditions []*syntax.Expression, s scope) []source.Member {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return []source.Member{memberAt(s.unit.file, "condition", e.value(conditions[0], s), conditions[0].Start)}
	}
	text := e.written(func(w *writer) { w.call("and", conditions, s) })
	return []source.Member{memberAt(s.unit.file, "condition", e.computed(text, conditions[0], s), conditions[0].Start)}
}

// nameNode returns the full name of a resource, with the names of its parents.
func (e *emitter) nameNode(name *syntax.Expression, d *syntax.Declaration, around []*syntax.Declaration, s scope) *source.Node {
	above, isChild := e.above(d, around, s)
	if !isChild {
		return e.value(name, s)
	}
	all := append(above, segment{name, s})
	if literal, ok := literalPath(all); ok {
		return s.unit.file.Scalar(source.String, escape(literal), name.Start, name.End)
	}
	return e.computed(e.written(func(w *writer) {
		w.raw("format('", pathFormat(len(all)), "'")
		w.segments(all)
		w.raw(")")
	}), name, s)
}

// segment is one part of the path of a resource's name; without an expression it is unknown.
type segment struct {
	name *syntax.Expression
	in   scope
}

// segments writes the segments as further arguments of a call.
func (w *writer) segments(all []segment) {
	for _, segment := range all {
		w.raw(", ")
		if segment.name == nil {
			w.raw(unknown)
			continue
		}
		w.expression(segment.name, segment.in)
	}
}

// literalPath returns the path of segments that are all literals.
func literalPath(all []segment) (path string, ok bool) {
	names := make([]string, len(all))
	for i, segment := range all {
		if segment.name == nil || segment.name.Kind != syntax.StringKind {
			return "", false
		}
		names[i] = segment.name.Text
	}
	return strings.Join(names, "/"), true
}

// above returns the names of the parents of a resource. isChild reports whether it has any.
func (e *emitter) above(d *syntax.Declaration, around []*syntax.Declaration, s scope) (names []segment, isChild bool) {
	if len(around) > 0 {
		return e.path(&resourceRef{declared: around[len(around)-1], around: around[:len(around)-1], in: s}), true
	}
	body, _, _ := parts(d)
	parent := body.Member("parent")
	if parent == nil {
		return nil, false
	}
	if ref, ok := e.resourceOf(parent, s); ok && !ref.all {
		return e.path(ref), true
	}
	return []segment{{}}, true
}

// path returns the names of a resource and its parents.
func (e *emitter) path(ref *resourceRef) []segment {
	body, _, _ := parts(ref.declared)
	if body == nil || ref.in.depth > maxExpansions {
		return []segment{{}}
	}
	in := ref.in
	in.depth++
	names, isChild := e.above(ref.declared, ref.around, in)
	name := body.Member("name")
	if isChild || name == nil {
		return append(names, segment{name, in})
	}
	for _, part := range splitPath(name) {
		names = append(names, segment{part, in})
	}
	return names
}

// splitPath splits the expression of a name at its slashes.
func splitPath(name *syntax.Expression) []*syntax.Expression {
	switch name.Kind {
	case syntax.StringKind:
		var names []*syntax.Expression
		for part := range strings.SplitSeq(name.Text, "/") {
			names = append(names, &syntax.Expression{Kind: syntax.StringKind, Text: part, Start: name.Start, End: name.End})
		}
		return names
	case syntax.Interpolation:
		var names []*syntax.Expression
		current := &syntax.Expression{Kind: syntax.Interpolation, Start: name.Start, End: name.End}
		for i, text := range name.Texts {
			pieces := strings.Split(text, "/")
			current.Texts = append(current.Texts, pieces[0])
			for _, piece := range pieces[1:] {
				names = append(names, plain(current))
				current = &syntax.Expression{Kind: syntax.Interpolation, Texts: []string{piece}, Start: name.Start, End: name.End}
			}
			if i < len(name.Parts) {
				current.Parts = append(current.Parts, name.Parts[i])
			}
		}
		return append(names, plain(current))
	}
	return []*syntax.Expression{name}
}

// plain returns an interpolation without expressions as a string.
func plain(x *syntax.Expression) *syntax.Expression {
	if len(x.Parts) > 0 {
		return x
	}
	return &syntax.Expression{Kind: syntax.StringKind, Text: x.Texts[0], Start: x.Start, End: x.End}
}

// resourceOf returns the resource to which an expression refers.
func (e *emitter) resourceOf(x *syntax.Expression, s scope) (*resourceRef, bool) {
	if s.depth > maxExpansions || s.prefix != "" {
		return nil, false
	}
	switch x.Kind {
	case syntax.NameKind:
		if _, local := s.local(x.Text); local {
			return nil, false
		}
		d := s.unit.symbols[x.Text]
		if d == nil || d.Word != "resource" {
			return nil, false
		}
		_, _, loop := parts(d)
		return &resourceRef{declared: d, in: scope{unit: s.unit, depth: s.depth + 1}, all: loop != nil}, true
	case syntax.ItemKind:
		ref, ok := e.resourceOf(x.Parts[0], s)
		if !ok || !ref.all {
			return nil, false
		}
		_, _, loop := parts(ref.declared)
		index := e.arm(x.Parts[1], s)
		list := e.arm(loop.Parts[0], ref.in)
		ref.in = ref.in.with(loop.Text, list+"["+index+"]")
		if loop.Index != "" {
			ref.in = ref.in.with(loop.Index, index)
		}
		ref.all = false
		return ref, true
	case syntax.NestedKind:
		ref, ok := e.resourceOf(x.Parts[0], s)
		if !ok || ref.all {
			return nil, false
		}
		body, _, _ := parts(ref.declared)
		if body == nil {
			return nil, false
		}
		for _, nested := range body.Nested {
			if nested.Name == x.Text {
				around := append(ref.around[:len(ref.around):len(ref.around)], ref.declared)
				return &resourceRef{declared: nested, around: around, in: ref.in}, true
			}
		}
	}
	return nil, false
}

// ofResource writes a property of a resource that its declaration decides.
func (w *writer) ofResource(ref *resourceRef, property string) {
	body, _, _ := parts(ref.declared)
	kind := kindOf(ref.declared, ref.around)
	if ref.all || body == nil || kind == "" {
		w.raw(unknown)
		return
	}
	switch property {
	case "name":
		if name := body.Member("name"); name != nil {
			w.expression(name, ref.in)
			return
		}
	case "type":
		w.raw(quote(kind))
		return
	case "apiVersion":
		_, version, _ := strings.Cut(ref.declared.Head.Text, "@")
		w.raw(quote(version))
		return
	case "id":
		if names := w.path(ref); len(names) == strings.Count(kind, "/") {
			w.raw("resourceId(", quote(kind))
			w.segments(names)
			w.raw(")")
			return
		}
	}
	w.raw(unknown)
}

// pathFormat returns the format of a path with a number of segments.
func pathFormat(count int) string {
	names := make([]string, count)
	for i := range names {
		names[i] = "{" + strconv.Itoa(i) + "}"
	}
	return strings.Join(names, "/")
}
