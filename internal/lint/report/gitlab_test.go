package report

import (
	"encoding/json"
	"testing"
)

func TestGitLab(t *testing.T) {
	schema := strictSchema(t, schemaFile(t, "gitlab.json"))
	checkCases(t, ".gitlab.json", findingsGitLab, func(name string, text []byte) {
		validate(t, schema, name, text)
		noCommands(t, name, text)
		var issues []gitlabIssue
		if err := json.Unmarshal(text, &issues); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, issue := range issues {
			if seen[issue.Fingerprint] {
				t.Errorf("%s: %s is not unique", name, issue.Fingerprint)
			}
			seen[issue.Fingerprint] = true
		}
	})
}
