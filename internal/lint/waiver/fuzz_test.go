package waiver

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Whatever a file is, a waiver covers a stretch of it, stands in a comment, and not in a scalar.
func FuzzComments(f *testing.F) {
	const w = `mlpolicy:ignore memory reason="old model"`
	for _, seed := range []string{
		"a: 1 # " + w + "\n- b\n", "# mlpolicy:ignore-file memory reason=old\n---\na: |\n  # " + w + "\n", "{a: [1, # " + w + "\n 2]}",
		"a: &x {b: 1}\nc: *x # " + w + "\n<<: *x\n", "// " + w + "\n{\"a\": 1 /* " + w + " */}", "- # " + w + "\n - a\n...\n# " + w + "\n",
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, yaml bool) {
		name := "x.jsonc"
		if yaml {
			name = "x.yaml"
		}
		file := source.Parse(name, []byte(text))
		found, mistakes := Comments(file)
		for _, mistake := range mistakes {
			if mistake.Span.Start.Offset > mistake.Span.End.Offset || mistake.Message == "" || mistake.Remedy == "" {
				t.Errorf("mistake %+v", mistake)
			}
		}
		for _, waiver := range found {
			if s := waiver.Scope; s.Start < 0 || s.Start > s.End || s.End > len(file.Text)+1 {
				t.Errorf("%s covers %+v of %d bytes", waiver, s, len(file.Text))
			}
			before := string(file.Text[:waiver.Text.Start])
			line := before[strings.LastIndexAny(before, "\r\n")+1:]
			if !strings.ContainsAny(line, "#/") && !strings.Contains(before, "/*") {
				t.Errorf("%s is not in a comment: %q", waiver, line)
			}
			for _, document := range file.Documents {
				if scalar := scalarAt(document.Root, waiver.Text.Start); scalar != nil {
					t.Errorf("%s is in the scalar %q", waiver, scalar.Text())
				}
			}
		}
	})
}

// scalarAt returns the scalar that has an offset, but for the header of a block scalar.
func scalarAt(n *source.Node, offset int) *source.Node {
	for _, item := range n.Items() {
		if item.Parent() == n {
			if found := scalarAt(item, offset); found != nil {
				return found
			}
		}
	}
	for _, member := range n.Members() {
		for _, child := range []*source.Node{member.Key, member.Value} {
			if child.Parent() == n {
				if found := scalarAt(child, offset); found != nil {
					return found
				}
			}
		}
	}
	at := n.Span()
	text := n.File().Text[at.Start.Offset:at.End.Offset]
	if n.Kind >= source.Sequence || len(text) == 0 || offset < at.Start.Offset || offset >= at.End.Offset {
		return nil
	}
	if text[0] == '|' || text[0] == '>' {
		if !strings.ContainsAny(string(text[:offset-at.Start.Offset]), "\r\n") {
			return nil
		}
	}
	return n
}
