// Package rules holds the examples of the rules: for each rule, deployments that it
// finds fault with and deployments that it clears. They are what mlpolicy explain
// prints, and golden tests hold them to what mlpolicy lint says of them.
package rules

import "embed"

// Examples are the files <rule>/{bad,good}.<target>[-<case>].{yaml,json}.
//
//go:embed */*.yaml */*.json
var Examples embed.FS
