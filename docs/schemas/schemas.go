// Package schemas holds the JSON Schemas of the documents that people write for mlpolicy, and of its findings.
// `mlpolicy schema` prints them in one piece, with the rows of the editions in force.
package schemas

import _ "embed"

// ModelDeployment is the schema of the document of mlpolicy's own.
//
//go:embed model-deployment.json
var ModelDeployment []byte

// Lint is the schema of findings in JSON.
//
//go:embed lint.json
var Lint []byte

// Compare is the schema of the differences between two runs in JSON.
//
//go:embed compare.json
var Compare []byte

// Config is the schema of a configuration. It refers to ModelDeployment by its file's name.
//
//go:embed config.json
var Config []byte
