//go:build chart

package deploy

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
)

// TestWebhookKinds checks that the API server asks about the kinds that are read and nothing else: by one entry in
// the versions that are known, by another in every other version. TestInstallYAML writes install.yaml with -update.
func TestWebhookKinds(t *testing.T) {
	webhooks, _ := installedWebhooks(t)
	var known, other []webhookRule
	var exact []string
	type resources struct{ both, updates []string }
	groups := map[string]*resources{}
	for _, served := range kube.Kinds() {
		scope := "Namespaced"
		if served.Cluster {
			scope = "Cluster"
		}
		var names []string
		for _, kind := range served.Kinds {
			names = append(names, served.Resource(kind))
		}
		slices.Sort(names)
		known = append(known, webhookRule{[]string{served.Group}, served.Versions, []string{"CREATE", "UPDATE"}, names, scope})
		if served.Updates != nil {
			known = append(known, webhookRule{[]string{served.Group}, served.Versions, []string{"UPDATE"}, served.Updates, scope})
		}
		for _, version := range served.Versions {
			for _, name := range names {
				exact = append(exact, served.Group+"/"+version+"/"+name)
			}
		}
		group := groups[served.Group]
		if group == nil {
			group = &resources{}
			groups[served.Group] = group
		}
		group.both, group.updates = append(group.both, names...), append(group.updates, served.Updates...)
	}
	for _, served := range kube.Kinds() {
		group := groups[served.Group]
		if group == nil {
			continue // its rules are there
		}
		delete(groups, served.Group)
		scope := "Namespaced"
		if served.Cluster {
			scope = "Cluster"
		}
		for _, of := range []struct{ operations, names []string }{{[]string{"CREATE", "UPDATE"}, group.both}, {[]string{"UPDATE"}, group.updates}} {
			slices.Sort(of.names)
			if names := slices.Compact(of.names); len(names) > 0 {
				other = append(other, webhookRule{[]string{served.Group}, []string{"*"}, of.operations, names, scope})
			}
		}
	}
	for i, want := range [][]webhookRule{known, other} {
		if !reflect.DeepEqual(webhooks[i].Rules, want) {
			t.Errorf("the rules of %s are\n%v\nwant\n%v", webhooks[i].Name, webhooks[i].Rules, want)
		}
	}
	list, err := json.Marshal(exact)
	if err != nil {
		t.Fatal(err)
	}
	expression := `!(request.resource.group + "/" + request.resource.version + "/" + request.resource.resource in ` + string(list) + ")"
	if got := webhooks[1].MatchConditions; len(got) != 2 || got[1]["expression"] != expression {
		t.Errorf("the conditions are %v", got)
	}
}

// TestWebhookGroups checks that the API server also asks about all kinds of the groups that the configuration names, whether
// it is given as YAML or as a text.
func TestWebhookGroups(t *testing.T) {
	for _, config := range []string{
		`config={"webhook": {"kinds": ["serving.example.com", "agents.example.com", "serving.example.com"]}}`,
		`config="webhook:\n  kinds: [serving.example.com, agents.example.com]\n"`,
	} {
		webhook := rendered(t, "--set-json", config).of(t, "ValidatingWebhookConfiguration")
		rules := webhook.at("webhooks", 1, "rules").([]any)
		for i, group := range []string{"serving.example.com", "agents.example.com"} {
			want := map[string]any{
				"apiGroups": []any{group}, "apiVersions": []any{"*"}, "operations": []any{"CREATE", "UPDATE"}, "resources": []any{"*"}, "scope": "*",
			}
			if got := rules[len(rules)-2+i]; !reflect.DeepEqual(got, want) {
				t.Errorf("with %s: %v, want %v", config, got, want)
			}
		}
	}
}
