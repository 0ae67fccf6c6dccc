package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mlpolicy/mlpolicy/"

// allowedImports has, for each package, the prefixes of the import paths that it may import in addition to the
// standard library. The test fails for a package without an entry: declare the dependencies of a new package here.
var allowedImports = map[string][]string{
	"deploy":            nil,
	"docs/schemas":      nil,
	"policies":          nil,
	"internal/contract": nil,
	"internal/golden": {
		"github.com/rogpeppe/go-internal/diff", // diffs
	},
	"internal/lint/source": {
		"go.yaml.in/yaml/", // YAML nodes
		"github.com/go-json-experiment/json/jsontext", // JSON tokens with offsets
		"github.com/tidwall/jsonc",                    // comments in JSON
	},
	"internal/lint/language/bicep":        {module + "internal/lint/language/bicep/syntax", module + "internal/lint/source"},
	"internal/lint/language/bicep/syntax": {module + "internal/lint/source"},
	"internal/lint/language/terraform": {
		module + "internal/lint/source",
		module + "internal/lint/language/terraform/eval",
		"github.com/hashicorp/hcl/v2/",   // HashiCorp's language
		"github.com/hashicorp/hcl/v2",    // its positions
		"github.com/zclconf/go-cty/cty",  // its values
		"github.com/zclconf/go-cty/cty/", // and their functions
	},
	"internal/lint/language/terraform/eval": {
		module + "internal/lint/source",
		"github.com/hashicorp/hcl/v2/",   // HashiCorp's language
		"github.com/hashicorp/hcl/v2",    // its positions
		"github.com/zclconf/go-cty/cty",  // its values
		"github.com/zclconf/go-cty/cty/", // and their functions
	},
	"internal/lint/language": {
		module + "internal/lint/source",
		module + "internal/lint/language/",
	},
	"internal/lint/language/python": {
		module + "internal/lint/source",
		module + "internal/lint/language/python/",
	},
	"internal/lint/language/python/notebook": {
		module + "internal/lint/source",
		"github.com/go-json-experiment/json/jsontext", // tokens with offsets
	},
	"internal/lint/language/python/syntax": {
		"golang.org/x/text/unicode/norm", // names in the same form as Python's
	},
	"internal/lint/suggest": {
		"github.com/agnivade/levenshtein", // similar names
	},
	"internal/lint/facts":               {module + "internal/lint/source"},
	"internal/lint/extract/placeholder": {module + "internal/lint/source"},
	"internal/lint/extract/resolve":     nil,
	"internal/lint/extract/scheduling": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/placeholder",
	},
	"internal/lint/extract/read": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/suggest",
		module + "internal/lint/extract/placeholder",
		module + "internal/lint/extract/scheduling",
		"k8s.io/apimachinery/pkg/api/resource", // quantities
	},
	"internal/lint/extract/armexpr": {
		module + "internal/lint/source",
		module + "internal/lint/extract/read",
	},
	"internal/lint/extract/kube": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/suggest",
		module + "internal/lint/extract/placeholder",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		"cel.dev/cel-go/", // selectors of device classes
	},
	"internal/lint/extract/kubeml": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
	},
	"internal/lint/extract/kuberun": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
	},
	"internal/lint/extract/azure": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/placeholder",
		module + "internal/lint/extract/resolve",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
		"github.com/pelletier/go-toml/v2/unstable", // pyproject.toml and Pipfile, with lines
	},
	"internal/lint/extract/arm": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/armexpr",
		module + "internal/lint/extract/azure",
	},
	"internal/lint/extract/operators": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
		module + "internal/lint/extract/azure",
	},
	"internal/lint/extract/terraform": {
		module + "internal/lint/source",
		module + "internal/lint/language",
		module + "internal/lint/facts",
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
		module + "internal/lint/extract/azure",
		module + "internal/lint/extract/arm",
		module + "internal/lint/extract/operators",
	},
	"internal/lint/extract/iotedge": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/placeholder",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
	},
	"internal/lint/extract/modelsize/modeltest": nil,
	"internal/lint/extract/modelsize": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/extract/resolve",
		module + "internal/lint/extract/read",
		"google.golang.org/protobuf/encoding/protowire", // ONNX
	},
	"internal/lint/extract/link": {
		module + "internal/lint/source",
		module + "internal/lint/language",
		module + "internal/lint/facts",
		module + "internal/lint/extract/resolve",
		module + "internal/lint/extract/terraform", // what plans describe, too
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/read",
		module + "internal/lint/extract/kube",
		module + "internal/lint/extract/azure",
		module + "internal/lint/extract/arm",
		module + "internal/lint/extract/modelsize",
	},
	"internal/lint/extract": {
		module + "internal/lint/source",
		module + "internal/lint/language",
		module + "internal/lint/facts",
		module + "internal/lint/extract/",
	},
	"internal/sweep": nil,
	"internal/lint/policy/policytest": {
		module + "internal/lint/policy",
		module + "policies",
	},
	"internal/lint/policy": {
		module + "internal/lint/facts",
		module + "internal/lint/suggest",
		"github.com/open-policy-agent/opa/",
		"go.yaml.in/yaml/v3",       // editions, with the line of a mistake
		"golang.org/x/tools/txtar", // examples of rules
	},
	"internal/lint/waiver": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/suggest",
	},
	"internal/lint/config": {
		module + "internal/lint/source",
		module + "internal/lint/language",
		module + "internal/lint/facts",
		module + "internal/lint/extract/read", // values of a configuration
		"github.com/bmatcuk/doublestar/v4",    // globs with **
		module + "internal/lint/suggest",
		module + "internal/lint/waiver",
	},
	"internal/lint/edit": {module + "internal/lint/source"},
	"internal/lint/baseline": {
		module + "internal/lint/source",
		module + "internal/lint/facts",
		module + "internal/lint/suggest",
		module + "internal/lint/config", // its errors
	},
	"internal/lint/evaluate": {
		module + "internal/lint/facts",
		module + "internal/lint/policy",
	},
	"internal/lint/whatif": {
		module + "internal/lint/facts",
		module + "internal/lint/policy",
		module + "internal/lint/evaluate",
	},
	"internal/lint": {
		module + "internal/lint/source",
		module + "internal/lint/language",
		module + "internal/lint/facts",
		module + "internal/lint/extract",
		module + "internal/lint/extract/placeholder", // in annotations
		module + "internal/lint/extract/scheduling",
		module + "internal/lint/extract/terraform", // whether a file holds secrets
		module + "internal/lint/policy",
		module + "internal/lint/config",
		module + "internal/lint/waiver",
		module + "internal/lint/edit",
		module + "internal/lint/baseline",
		module + "internal/lint/evaluate",
		module + "internal/lint/whatif",
	},
	"internal/lint/report/hosttest": nil,
	"internal/lint/report": {
		module + "internal/lint",
		module + "internal/lint/source",
		"github.com/clipperhouse/displaywidth", // cells of wide characters
		"github.com/rogpeppe/go-internal/diff", // patches
	},
	"internal/webhook": {
		module + "internal/lint",
		module + "internal/lint/report",
		"k8s.io/api/admission/v1",      // requests and responses
		"k8s.io/api/authentication/v1", // the user in it
		"k8s.io/apimachinery/pkg/",     // the status in a response
		"github.com/go-json-experiment/json",
		"github.com/prometheus/client_golang/",
		"golang.org/x/sync/semaphore", // weighted limits
	},
	"cmd/mlpolicy": {
		module + "internal/lint",
		module + "internal/webhook",
		module + "docs/schemas",
		module + "policies",
		"github.com/urfave/cli/v2",
		"github.com/git-pkgs/gitignore",
		"golang.org/x/term",
	},
}

// TestImports checks every import of every package against allowedImports.
func TestImports(t *testing.T) {
	output, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		name := strings.TrimPrefix(fields[0], module)
		allowed, known := allowedImports[name]
		if !known {
			t.Errorf("%s is not in allowedImports", name)
			continue
		}
		seen++
		for _, path := range fields[1:] {
			standard := !strings.Contains(strings.Split(path, "/")[0], ".")
			if !standard && !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(path, prefix) }) {
				t.Errorf("%s imports %s, which allowedImports does not list", name, path)
			}
		}
	}
	if seen != len(allowedImports) {
		t.Errorf("%d packages were checked, allowedImports has %d", seen, len(allowedImports))
	}
}

// TestOneMain checks that the root module has one main package, because pre-commit installs all of them.
func TestOneMain(t *testing.T) {
	output, err := exec.Command("go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	if mains := strings.Fields(string(output)); len(mains) != 1 || mains[0] != module+"cmd/mlpolicy" {
		t.Errorf("programs of the module: %v", mains)
	}
}
