package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// unreadKind is a kind of file that describes deployments in an unsupported format.
type unreadKind struct {
	title   string
	matches func(name string, data []byte) bool
	// remedy returns the command that converts a file to a supported format.
	remedy func(name string) string
}

// unreadKinds are the kinds that users may expect mlpolicy to read.
func unreadKinds() []unreadKind {
	const plan = "lint a plan: terraform plan -out=tfplan && terraform show -json tfplan | mlpolicy lint -"
	always := func(remedy string) func(string) string { return func(string) string { return remedy } }
	return []unreadKind{
		{"a Terraform state", isTerraformState, always(plan)},
		{"a binary Terraform plan", isBinaryPlan, func(name string) string {
			return "lint it as JSON: terraform show -json " + shellWord(name, "FILE") + " | mlpolicy lint -"
		}},
		{"a kustomization", isKustomization, func(name string) string {
			folder := name
			if name != unnamedStdin {
				folder = path.Dir(name)
			}
			return "lint its output: kustomize build " + shellWord(folder, "FOLDER") + " | mlpolicy lint -"
		}},
		unnamed("a Terraform configuration", "main.tf", `(?m)^(resource|module) +"[^"\n]+"( +"[^"\n]+")? *\{`),
		unnamed("a Bicep file", "main.bicep", `(?m)^(resource|module) +\w+ +'[^'\n]+' *=`),
		unnamed("a notebook", "notebook.ipynb", `(?s)^\s*\{.*"cells"\s*:.*"nbformat"\s*:`),
		unnamed("a Python program", "deploy.py", `(?m)^(from|import) +(azureml|azure\.ai\.ml)\b`),
	}
}

// unnamed is a language that only the name of a file tells: standard input without one is read as YAML or JSON.
func unnamed(title, name, pattern string) unreadKind {
	return unreadKind{
		title + " on standard input without a name",
		func(given string, data []byte) bool {
			return given == unnamedStdin && regexp.MustCompile(pattern).Match(data)
		},
		func(string) string { return "name it: mlpolicy lint --stdin-name " + name + " -" },
	}
}

// shellWord returns a path as one argument of a shell's command, or placeholder for a path that cannot
// be written: standard input without a name, or a name that is not printable.
func shellWord(path, placeholder string) string {
	if path == unnamedStdin || report.Printable(path) != path {
		return placeholder
	}
	if strings.HasPrefix(path, "-") {
		path = "./" + path // no flag
	}
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:@%+="
	if !strings.ContainsFunc(path, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// isTerraformState reports whether a file is a Terraform state or the output of terraform show -json
// for one. States of version 4 have resources, older ones have modules; the oldest have neither a
// lineage nor a version of Terraform.
// https://developer.hashicorp.com/terraform/internals/json-format
func isTerraformState(_ string, data []byte) bool {
	if !bytes.Contains(data, []byte(`"terraform_version"`)) && !bytes.Contains(data, []byte(`"serial"`)) {
		return false
	}
	var keys map[string]json.RawMessage
	if json.Unmarshal(data, &keys) != nil {
		return false
	}
	has := func(key string) bool { return keys[key] != nil }
	switch {
	case has("planned_values"), has("resource_changes"):
		return false
	case has("terraform_version"):
		return has("values") || has("lineage") || has("modules")
	}
	return has("version") && has("serial") && (has("lineage") || isListOfObjects(keys["modules"], "path", "resources"))
}

// isListOfObjects reports whether a value is a non-empty list of objects that all have the keys.
func isListOfObjects(value json.RawMessage, keys ...string) bool {
	var list []map[string]json.RawMessage
	if json.Unmarshal(value, &list) != nil || len(list) == 0 {
		return false
	}
	return !slices.ContainsFunc(list, func(object map[string]json.RawMessage) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return object[key] == nil })
	})
}

// isBinaryPlan reports whether a file is an output of terraform plan -out: a ZIP archive with an entry tfplan.
func isBinaryPlan(_ string, data []byte) bool {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return false
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	return err == nil && slices.ContainsFunc(archive.File, func(file *zip.File) bool { return file.Name == "tfplan" })
}

// https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
func isKustomization(name string, data []byte) bool {
	switch path.Base(name) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return bytes.Contains(data, []byte("kustomize.config.k8s.io/")) &&
		(bytes.Contains(data, []byte("kind: Kustomization")) || bytes.Contains(data, []byte("kind: Component")))
}

// noteUnread records a file of the command line if it is of an unread kind.
func (f *files) noteUnread(name string, data []byte) {
	for i, kind := range unreadKinds() {
		if kind.matches(name, data) {
			f.mutex.Lock()
			defer f.mutex.Unlock()
			if f.unread == nil {
				f.unread = map[int][]string{}
			}
			f.unread[i] = append(f.unread[i], name)
			return
		}
	}
}

// explainUnread writes a line for each unread kind among the files of the command line.
func (p *program) explainUnread(files *files) {
	for i, kind := range unreadKinds() {
		names := files.unread[i]
		if len(names) == 0 {
			continue
		}
		slices.Sort(names)
		which := names[0]
		if more := len(names) - 1; more > 0 {
			which += fmt.Sprintf(" and %d more", more)
		}
		p.complain(which + ": " + kind.title + " is not read; " + kind.remedy(names[0]))
	}
}
