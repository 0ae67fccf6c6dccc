package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/docs/schemas"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/policies"
)

// schemaNames returns the names of the documents that have a schema.
func schemaNames() []string {
	return []string{"model-deployment", "config", "facts", "lint", "compare"}
}

func (p *program) schemaCommand() *cli.Command {
	return &cli.Command{
		Name:      "schema",
		Usage:     "print the JSON Schema of a document",
		UsageText: "mlpolicy schema [FLAGS] model-deployment|config|facts|lint|compare",
		Description: `Print the JSON Schema (draft 7) of a ModelDeployment, of .mlpolicy.yaml, of the facts that rules
get as input, or of the output of lint or compare with --format json. It lists the targets and editions that are loaded, including those of --policy.

  mlpolicy schema config > .mlpolicy.schema.json`,
		Flags:  configFlags(),
		Action: p.schema,
	}
}

func (p *program) schema(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) != 1 {
		return usagef("schema needs one of %s", strings.Join(schemaNames(), ", ")).seeHelp(c.Command.Name)
	}
	if !slices.Contains(schemaNames(), names[0]) {
		return unknownName("schema", names[0], schemaNames())
	}
	loaded, err := p.policiesInForce(c)
	if err != nil {
		return err
	}
	schema, err := schemaOf(names[0])
	if err != nil {
		return err
	}
	if names[0] == "config" {
		withEditions(schema, loaded.EditionIDs())
	}
	var rows []string
	for _, edition := range loaded.Editions() {
		for _, row := range edition.Rows {
			rows = append(rows, row.Target)
		}
	}
	return writing(report.EncodeJSON(p.stdout, withTargets(schema, rows)))
}

// policiesInForce returns the policies of the session. If the configuration of the working directory is
// invalid, it writes the first error to stderr and ignores the configuration, because the schema is
// needed to correct it.
func (p *program) policiesInForce(c *cli.Context) (*policy.Policies, error) {
	session, err := p.session(c)
	if err == nil {
		return session.policies, nil
	}
	if c.Context.Err() != nil || c.String(configFlag) != "" {
		return nil, err
	}
	loaded, failed := p.policies(c.Context, flagged(c, config.Default()))
	if failed != nil {
		return nil, failed
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	p.complain(first + " (the schema is printed without this configuration)")
	return loaded, nil
}

// schemaOf returns a schema without references to other files.
func schemaOf(name string) (map[string]any, error) {
	switch name {
	case "facts":
		data, err := policies.FS.ReadFile("schemas/facts.json")
		if err != nil {
			return nil, err
		}
		return parseSchema(data)
	case "lint":
		return parseSchema(schemas.Lint)
	case "compare":
		return parseSchema(schemas.Compare)
	case "config":
		modelDeployment, err := parseSchema(schemas.ModelDeployment)
		if err != nil {
			return nil, err
		}
		schema, err := parseSchema(bytes.ReplaceAll(schemas.Config, []byte(`"model-deployment.json#/`), []byte(`"#/`)))
		if err != nil {
			return nil, err
		}
		schema["$defs"] = modelDeployment["$defs"]
		return schema, nil
	}
	return parseSchema(schemas.ModelDeployment)
}

func parseSchema(data []byte) (map[string]any, error) {
	// Keep the digits of numbers.
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var schema map[string]any
	return schema, decoder.Decode(&schema)
}

// withEditions adds all editions to the schema of the configuration as examples, which editors suggest.
func withEditions(schema map[string]any, ids []string) {
	properties, _ := schema["properties"].(map[string]any)
	if edition, ok := properties["edition"].(map[string]any); ok {
		edition["examples"] = ids
	}
}

// withTargets returns a schema that allows more targets wherever it allows the known ones.
func withTargets(schema any, more []string) any {
	known := facts.Target("").Values()
	all := slices.Clone(known)
	for _, target := range more {
		if !slices.Contains(all, target) {
			all = append(all, target)
		}
	}
	return replaceTargets(schema, known, all)
}

// replaceTargets returns a part of a schema with the known targets replaced by all, in lists and in patterns.
func replaceTargets(part any, known, all []string) any {
	switch part := part.(type) {
	case []any:
		if isListOf(part, known) {
			list := make([]any, len(all))
			for i, target := range all {
				list[i] = target
			}
			return list
		}
		for i := range part {
			part[i] = replaceTargets(part[i], known, all)
		}
	case map[string]any:
		for key := range part {
			part[key] = replaceTargets(part[key], known, all)
		}
	case string:
		if part == read.Caseless(known) {
			return read.Caseless(all)
		}
	}
	return part
}

func isListOf(list []any, words []string) bool {
	return slices.EqualFunc(list, words, func(item any, word string) bool { return item == word })
}
