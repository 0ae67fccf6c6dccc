// Package placeholder detects placeholders and templates, whose values are known only after
// rendering.
package placeholder

import (
	"regexp"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// IsTemplate reports whether a value is an unrendered template: {{ x }} or {% x %}, quoted or
// parsed by YAML as a mapping whose only key is a mapping. GitHub's ${{ x }} is a placeholder.
func IsTemplate(n *source.Node) bool {
	return looksUnrendered(n) && !IsLive(n)
}

// IsLive reports whether a value belongs to a live object of a cluster. Constructed values have no
// file.
func IsLive(n *source.Node) bool {
	if n == nil {
		return false
	}
	file := n.File()
	return file != nil && file.Live
}

func looksUnrendered(n *source.Node) bool {
	switch n.Kind {
	case source.Mapping:
		return len(n.Members()) == 1 && n.Members()[0].Key.Kind == source.Mapping
	case source.String:
		text := strings.ReplaceAll(n.Text(), "${{", "")
		return strings.Contains(text, "{{") && strings.Contains(text, "}}") ||
			strings.Contains(text, "{%") && strings.Contains(text, "%}")
	}
	return false
}

// InText reports whether a text contains a placeholder: ${X}, $(X), $X, __X__, <x>, @@x@@, #{x}# or
// an ARM expression [x].
func InText(text string) bool {
	open := strings.Index(text, "__")
	return open >= 0 && strings.Contains(text[open+2:], "__") || Marked(text)
}

// Underscored matches __X__ as a whole text, or as a whole component of a name or an image.
var Underscored = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[/:])__[A-Za-z0-9_]+__(?:$|[/:])`)
})

// InScalar reports whether a scalar is a template or contains a placeholder.
func InScalar(n *source.Node, text string) bool {
	return IsTemplate(n) || InText(text) && !IsLive(n)
}

// Marked reports whether a text contains a placeholder other than __X__.
func Marked(text string) bool {
	text = strings.TrimSpace(text)
	switch {
	case strings.Contains(text, "${"), strings.Contains(text, "$("), strings.HasPrefix(text, "$"),
		strings.Contains(text, "#{"), strings.Contains(text, "@@"):
		return true
	case strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]"):
		return true
	}
	open := strings.IndexByte(text, '<')
	return open >= 0 && strings.IndexByte(text[open:], '>') > 0
}
