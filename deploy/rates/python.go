//go:build rates

package main

import "github.com/mlpolicy/mlpolicy/internal/lint/language/python"

// pythonStatements returns the calls of Azure ML's SDK.
func pythonStatements(name string, data []byte) []statement {
	var statements []statement
	for _, call := range python.Calls(diskFiles{}, name, data) {
		s := statement{name: call.Name}
		for _, argument := range call.Arguments {
			s.values = append(s.values, value{argument.Name, argument.Why, argument.Links})
		}
		statements = append(statements, s)
	}
	return statements
}
