package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

var update = flag.Bool("update", false, "write golden files anew")

const admission = "../../testdata/admission"

// policyOf makes the policy of a configuration.
func policyOf(t testing.TB, text string, extra ...policy.Folder) *Policy {
	t.Helper()
	made, err := makePolicy(t.Context(), text, extra...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func makePolicy(ctx context.Context, text string, extra ...policy.Folder) (*Policy, error) {
	parsed, err := config.Parse([]byte(text), config.Origin{Name: config.FileName})
	if err != nil {
		return nil, err
	}
	configuration, err := parsed.ForObjects()
	if err != nil {
		return nil, err
	}
	loaded, err := policy.Load(ctx, policies.FS, extra)
	if err != nil {
		return nil, err
	}
	linter, err := lint.New(loaded, configuration)
	if err != nil {
		return nil, err
	}
	return &Policy{
		Linter: linter.Admission(configuration.Webhook.Believed...), Edition: configuration.Edition.Value, Digest: loaded.Digest(),
		Enforces:     func(namespace string) bool { return configuration.Webhook.ModeIn(namespace) == config.Enforce },
		IsController: configuration.Webhook.Controls, Covers: covers,
	}, nil
}

var kinds = facts.KubernetesKinds()

func covers(group, kind string) bool {
	return slices.ContainsFunc(kinds, func(covered facts.ServedKinds) bool {
		return covered.Group == group && slices.Contains(covered.Kinds, kind)
	})
}

// configurationOf reads the configuration of a folder of examples.
func configurationOf(t testing.TB, folder string) string {
	t.Helper()
	text, err := os.ReadFile(folder + config.FileName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// reviewIn reads an example.
func reviewIn(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	review, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatal(err)
	}
	return review
}

// examples are the files of reviews.
func examples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(admission + "/*/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	return files
}

// TestReview holds the response to each example against the one beside it.
func TestReview(t *testing.T) {
	byFolder := map[string]*Policy{}
	for _, file := range examples(t) {
		folder := filepath.Dir(file)
		if byFolder[folder] == nil {
			byFolder[folder] = policyOf(t, configurationOf(t, folder))
		}
		t.Run(strings.TrimPrefix(file, admission+"/"), func(t *testing.T) {
			request, err := decode(reviewIn(t, file))
			if err != nil {
				t.Fatal(err)
			}
			decision, err := byFolder[folder].Review(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if decision.Response.UID != request.UID {
				t.Errorf("uid %q, want %q", decision.Response.UID, request.UID)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".response", readable(t, decision))
		})
	}
}

// readable is a response for people: what every one has in common is left out.
func readable(t *testing.T, d *Decision) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(string(d.Verdict) + "\n")
	for _, exempted := range d.Exempted {
		text.WriteString("exempted: " + exempted.Rule + ", " + string(exempted.Reason) + "\n")
	}
	if result := d.Response.Result; result != nil {
		fmt.Fprintf(&text, "status: %d of %s %q in group %q\n", result.Code, result.Details.Kind, result.Details.Name, result.Details.Group)
		for line := range strings.Lines(result.Message) {
			text.WriteString("message: " + strings.TrimSuffix(line, "\n") + "\n")
		}
		for _, cause := range result.Details.Causes {
			text.WriteString("cause: " + string(cause.Type) + " at " + cause.Field + "\n")
		}
	}
	for _, warning := range d.Response.Warnings {
		text.WriteString("warning: " + warning + "\n")
	}
	annotations := d.Response.AuditAnnotations
	delete(annotations, "policy-digest")
	list, err := json.Marshal(annotations)
	if err != nil {
		t.Fatal(err)
	}
	return text.String() + "audit: " + string(list) + "\n"
}

// golden compares text with a file that -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s differs (%v); go test -update writes it anew. got:\n%s\nwant:\n%s", file, err, got, want)
	}
}
