//go:build rates

package main

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// terraformFacts are the attributes and nested blocks from which facts are read.
var terraformFacts = []string{
	"vm_size", "virtual_machine_size", "vm_priority", "min_node_count", "max_node_count", "cluster_purpose", "cpu", "memory", "image", "node_count", "min_count",
	"max_count", "priority", "auto_scaling_enabled", "enable_auto_scaling", "replicas", "container", "default_node_pool", "scale_settings", "body", "manifest", "yaml_body",
}

// diskFiles are all files of the disk.
type diskFiles struct{}

func (diskFiles) Resolve(from, to string) (string, bool) { return path.Join(path.Dir(from), to), true }

func (diskFiles) Read(name string) ([]byte, bool) {
	data, err := os.ReadFile(name)
	return data, err == nil
}

func (diskFiles) Reads(_, name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func (diskFiles) List(folder string) []string {
	var names []string
	entries, _ := os.ReadDir(folder) // a folder that cannot be read has no files
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			names = append(names, path.Join(folder, entry.Name()))
		}
	}
	return names
}

func (diskFiles) Folders(folder string) []string {
	var names []string
	entries, _ := os.ReadDir(folder) // a folder that cannot be read has no folders
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, path.Join(folder, entry.Name()))
		}
	}
	return names
}

// terraformReader reads modules with the arguments of their callers, without the files of variables that may be chosen.
func terraformReader() reader {
	return moduleReader(terraform.Open(diskFiles{}), func(file *source.File) []statement {
		if file.Skipped == "" {
			return nil
		}
		return []statement{{name: "(skipped)"}}
	}, terraformStatements)
}

// terraformStatements returns the resources of a configuration.
func terraformStatements(root *source.Node) (all []statement) {
	for _, resource := range root.Get("resource_changes").Items() {
		if resource.Has("parameters") {
			continue // with the values of a file of variables that may be chosen
		}
		s := statement{name: resource.Get("type").Text()}
		s.terraformValues(resource.At("change", "after"), resource.At("change", "after_unknown"))
		all = append(all, s)
	}
	return all
}

// terraformValues adds the values in a part of a resource. unknown has true for what is not known in it.
func (s *statement) terraformValues(known, unknown *source.Node) {
	for key, v := range unknown.Pairs() {
		if v.Is("true") && slices.Contains(terraformFacts, key.Text()) {
			s.values = append(s.values, value{name: key.Text(), why: whyUnknown(v)})
		}
	}
	for key, v := range known.Pairs() {
		mark := unknown.Get(key.Text())
		if slices.Contains(terraformFacts, key.Text()) && v.Kind < source.Sequence && !mark.Is("true") {
			s.values = append(s.values, value{name: key.Text()})
		}
		s.terraformValues(v, mark)
	}
	for i, item := range known.Items() {
		var mark *source.Node
		if marks := unknown.Items(); i < len(marks) {
			mark = marks[i]
		}
		if mark.Is("true") {
			s.values = append(s.values, value{name: "container", why: "dynamic block"})
			continue
		}
		s.terraformValues(item, mark)
	}
}

// root matches the first word of a reference.
var root = regexp.MustCompile(`\b(var|local|each|data|module|count|path|self|terraform|azurerm_[a-z_]+|azapi_[a-z_]+)\.`)

// whyUnknown returns to what the expression at a node refers.
func whyUnknown(n *source.Node) string {
	span := n.Span()
	text := string(n.File().Text[span.Start.Offset:span.End.Offset])
	switch found := root.FindStringSubmatch(text); {
	case strings.HasPrefix(text, "resource"):
		return "dynamic block"
	case found == nil:
		return "function"
	case strings.HasPrefix(found[1], "az"):
		return "resource"
	default:
		return found[1]
	}
}
