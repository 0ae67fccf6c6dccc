package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func archiveOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var data bytes.Buffer
	archive := zip.NewWriter(&data)
	for _, name := range names {
		if _, err := archive.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return data.Bytes()
}

// A binary plan of Terraform is distinguished from other archives.
func TestBinaryPlanIsNamed(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, data := range map[string][]byte{
		"tfplan":   archiveOf(t, "tfplan", "tfstate", "tfconfig/modules.json"),
		"plan.out": archiveOf(t, "tfplan", "tfstate"),
		"code.zip": archiveOf(t, "score.py"),
		"cut.zip":  archiveOf(t, "tfplan")[:20],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		names  []string
		stderr string
	}{
		{[]string{"tfplan"}, "mlpolicy: tfplan: a binary Terraform plan is not read; lint it as JSON: terraform show -json tfplan | mlpolicy lint -\n"},
		{[]string{"tfplan", "plan.out"}, "mlpolicy: plan.out and 1 more: a binary Terraform plan is not read; lint it as JSON: terraform show -json plan.out | mlpolicy lint -\n"},
		{[]string{"code.zip", "cut.zip"}, ""},
	} {
		var stdout, stderr bytes.Buffer
		code := runLoaded(t.Context(), append([]string{"mlpolicy", "lint"}, test.names...), strings.NewReader(""), &stdout, &stderr)
		if code != exitClean || stderr.String() != test.stderr {
			t.Errorf("%q: exit code %d, stderr %q, want %q", test.names, code, &stderr, test.stderr)
		}
	}
}

// The remedy is a valid command line of a shell for every file name.
func TestAdvisedCommandsRunInAShell(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"infra/main.bicep", "infra/main.bicep"},
		{"a b$(x).bicep", "'a b$(x).bicep'"},
		{"it's.bicep", `'it'\''s.bicep'`},
		{"a;b.bicep", "'a;b.bicep'"},
		{"`x`.bicep", "'`x`.bicep'"},
		{"modèle.bicep", "'modèle.bicep'"},
		{"~/main.bicep", "'~/main.bicep'"},
		{"-x.bicep", "./-x.bicep"},
		{"a\nb.bicep", "FILE"},
		{unnamedStdin, "FILE"},
	} {
		if got := shellWord(test.path, "FILE"); got != test.want {
			t.Errorf("%q is written as %s, want %s", test.path, got, test.want)
		}
	}
}

func TestAdviceForStandardInput(t *testing.T) {
	for _, test := range []struct {
		data []byte
		args []string
		want string
	}{
		{archiveOf(t, "tfplan", "tfstate"), nil, "mlpolicy: <stdin>: a binary Terraform plan is not read; lint it as JSON: terraform show -json FILE | mlpolicy lint -\n"},
		{archiveOf(t, "tfplan"), []string{"--stdin-name", "my plan"}, "mlpolicy: my plan: a binary Terraform plan is not read; lint it as JSON: terraform show -json 'my plan' | mlpolicy lint -\n"},
		{[]byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"), nil, "mlpolicy: <stdin>: a kustomization is not read; lint its output: kustomize build FOLDER | mlpolicy lint -\n"},
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"mlpolicy", "lint", "-"}, test.args...)
		if code := runLoaded(t.Context(), args, bytes.NewReader(test.data), &stdout, &stderr); code != exitClean || stderr.String() != test.want {
			t.Errorf("%q: exit code %d, stderr %q, want %q", args, code, &stderr, test.want)
		}
	}
}
