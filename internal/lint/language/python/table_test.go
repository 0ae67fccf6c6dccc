package python

import (
	"os"
	"strings"
	"testing"
)

// TestTable checks that each call of the table is found by its path, mentioned, and documented.
func TestTable(t *testing.T) {
	page, err := os.ReadFile("../../../../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	for module, table := range map[string][]construct{v1Module + ".core": v1Table(), v2Module + ".entities": v2Table()} {
		if len(table) == 0 {
			t.Fatalf("%s has no calls", module)
		}
		for _, c := range table {
			if found := constructOf(module + "." + c.name); found == nil || found.name != c.name || found.role != c.role {
				t.Errorf("%s.%s is found as %+v", module, c.name, found)
			}
			if found := constructOf(module + ".Other." + c.name); !strings.Contains(c.name, ".") && found != nil {
				t.Errorf("%s of another class is found", c.name)
			}
			class, method, _ := strings.Cut(c.name, ".")
			if c.role == detail || c.role == asset || c.role == resource || c.role == deploys || c.role == configures {
				if !strings.Contains(string(page), "`"+class) || !strings.Contains(string(page), method) {
					t.Errorf("docs/formats.md lacks %s", c.name)
				}
			}
			if c.role != detail && c.role != infers && !mentions(c.name) {
				t.Errorf("a text with %s is not read", c.name)
			}
			for _, m := range c.members {
				if m.argument == "" || m.key == "" {
					t.Errorf("%s has the member %+v", c.name, m)
				}
			}
		}
	}
	if constructOf("azureml.core") != nil || constructOf("keras.Model") != nil || constructOf("") != nil {
		t.Error("a module is a call")
	}
}
