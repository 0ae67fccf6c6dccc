package waiver

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// maxTag is how many characters the value of an Azure tag may have.
// https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
const maxTag = 256

// Annotation is a waiver in an annotation of Kubernetes or a tag of Azure. What it covers depends on the object that has
// it.
type Annotation struct {
	*Waiver  // nil if there are mistakes
	Mistakes []Mistake
	Key      *source.Node
}

// Annotations returns the waivers in annotations and tags of a file: mlpolicy.dev/ignore, with a colon for the slash in
// the keys of tags, and both with a dot and anything behind it where there are several. absent reports whether a
// value is not known, such as a placeholder.
func Annotations(file *source.File, absent func(value *source.Node) bool) []Annotation {
	if !bytes.Contains(file.Text, []byte("mlpolicy.dev")) {
		return nil
	}
	var found []Annotation
	var walk func(n *source.Node, holder string)
	walk = func(n *source.Node, holder string) {
		for _, item := range n.Items() {
			if item.Parent() == n {
				walk(item, "")
			}
		}
		for key, value := range n.Pairs() {
			if isKey(key.Text()) && holder != "" && key.Parent() == n && !absent(value) {
				waiver, mistakes := annotation(key, value, holder)
				found = append(found, Annotation{waiver, mistakes, key})
			}
			if value.Parent() == n {
				walk(value, holderOf(key.Text()))
			}
		}
	}
	for _, document := range file.Documents {
		walk(document.Root, "")
	}
	return found
}

// The mappings in which a key may be a waiver.
const (
	annotations = "annotation"
	labels      = "label"
	tags        = "tag"
)

func holderOf(key string) string {
	switch {
	case key == "annotations", key == "podAnnotations":
		return annotations
	case key == "labels":
		return labels
	case strings.EqualFold(key, "tags"):
		return tags
	}
	return ""
}

// isKey reports whether a key is one of those that are reserved for waivers.
func isKey(key string) bool {
	return strings.HasPrefix(key, "mlpolicy.dev/ignore") || strings.HasPrefix(key, "mlpolicy.dev:ignore")
}

func annotation(key, value *source.Node, holder string) (*Waiver, []Mistake) {
	mistake := func(at *source.Node, remedy, format string, args ...any) (*Waiver, []Mistake) {
		return nil, []Mistake{{File: at.File(), Span: at.Span(), Message: fmt.Sprintf(format, args...), Remedy: remedy}}
	}
	const word = len("mlpolicy.dev/ignore")
	if rest := key.Text()[word:]; rest != "" && (rest[0] != '.' || rest == ".") {
		return mistake(key, fmt.Sprintf("Write %s, and %s.NAME for further ones.", key.Text()[:word], key.Text()[:word]), "unknown %s %q", holder, key.Text())
	}
	if holder == labels {
		return mistake(key, "Write it as an annotation.", "a label cannot hold a waiver")
	}
	text, ok := value.Scalar()
	switch {
	case !ok || value.Kind != source.String:
		return mistake(value, "Write a waiver as "+form+".", "the %s %s must be a string", holder, key.Text())
	case holder == tags && len([]rune(text)) > maxTag:
		return mistake(value, "Shorten the reason, or state the waiver under waivers: in the configuration.", "the tag %s has %d characters, and Azure allows %d", key.Text(), len([]rune(text)), maxTag)
	}
	return Parse(TextOf(value))
}
