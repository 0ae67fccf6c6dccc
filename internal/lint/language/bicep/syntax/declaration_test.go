package syntax

import (
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestParse(t *testing.T) {
	const text = `// a comment
param size string = 'small'
param $broken
  'text of the broken one'
@secure()
param key string
var sizes = [for i in range(0, 2): '${size}-${i}']
resource a 'Microsoft.A/b@2024-01-01' = if (size != 'none') {
  name: 'a'
}
`
	file := source.Decode("a.bicep", []byte(text))
	parsed := Parse(file, text)
	var names []string
	for _, d := range parsed.Declarations {
		names = append(names, d.Word+" "+d.Name)
		if text[d.NameAt.Start:d.NameAt.End] != d.Name {
			t.Errorf("%s stands at %q", d.Name, text[d.NameAt.Start:d.NameAt.End])
		}
	}
	if want := []string{"param size", "param key", "var sizes", "resource a"}; !slices.Equal(names, want) {
		t.Fatalf("declarations %q", names)
	}
	if !parsed.Declarations[1].Secure || parsed.Declarations[0].Secure {
		t.Error("the decorator belongs to key")
	}
	if loop := parsed.Declarations[2].Value; loop.Kind != LoopKind || loop.Text != "i" || loop.Parts[1].Kind != Interpolation {
		t.Errorf("loop %+v", loop)
	}
	resource := parsed.Declarations[3]
	if resource.Value.Kind != ConditionKind || resource.Value.Parts[1].Member("name").Text != "a" || resource.Head.Text != "Microsoft.A/b@2024-01-01" {
		t.Errorf("resource %+v", resource)
	}
	if len(parsed.Unread) != 1 || UnreadDeclaration(file, text, parsed.Unread[0]).Word != "param" || len(parsed.Comments) != 1 {
		t.Errorf("unread %v, comments %v", parsed.Unread, parsed.Comments)
	}
}
