package azure

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FunctionsProject is the host.json of an Azure Functions app. The app is one deployment, however
// many functions it has. Package link completes it with the files beside it, since host.json does
// not declare machine learning. Other programs have a host.json too: without a setting of the
// Functions host, package link must find a function.
var FunctionsProject = read.Format{
	Name:  "azure-functions-project",
	Title: "Azure Functions project: `host.json`, with the package files and functions in its folder",
	Signs: "`version` 2.0 with `extensionBundle`, `functionTimeout` or another setting of the host; or the name `host.json` beside a folder with " +
		"a `function.json` or a `function_app.py` with a route",
	Reference: "https://learn.microsoft.com/azure/azure-functions/functions-host-json",
	Auxiliary: true,
	Marks:     [][]string{{"version"}, {`"2.0"`}},
	Matches: func(root *source.Node) bool {
		return root.Get("version").Is("2.0") && !root.Has("name") && !root.Has("resources") &&
			(hostSettings(root) || strings.EqualFold(path.Base(root.File().Name), "host.json"))
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		r.Unconfirmed = !hostSettings(r.Root)
		d := r.Deployment(nil, r.Root)
		d.Target = facts.Know(facts.Functions, facts.Location{Node: r.Root.Get("version"), Why: "the document is the host.json of Azure Functions"})
	}),
}

// hostSettings reports whether a document has settings that only the Functions host has.
func hostSettings(root *source.Node) bool {
	bundle, _ := root.At("extensionBundle", "id").Scalar()
	return strings.HasPrefix(bundle, "Microsoft.Azure.Functions.ExtensionBundle") || root.Has("functionTimeout") ||
		root.At("logging", "applicationInsights").Has("samplingSettings")
}

// RouteLine returns the line in a function_app.py of the first function that answers HTTP requests,
// or of the web application that it wraps. It is 0 where there is none.
// https://learn.microsoft.com/azure/azure-functions/functions-reference-python
func RouteLine(text []byte) int {
	if !bytes.Contains(text, []byte("azure.functions")) && !bytes.Contains(text, []byte("azure import functions")) {
		return 0
	}
	code := pythonTexts().ReplaceAllFunc(text, func(text []byte) []byte {
		return bytes.Repeat([]byte("\n"), bytes.Count(text, []byte("\n")))
	})
	line := 0
	if at := route().FindIndex(code); at != nil {
		line = 1 + bytes.Count(code[:at[1]], []byte("\n"))
	}
	if at := genericTrigger().FindIndex(text); at != nil && bytes.Contains(code, []byte(".generic_trigger")) { // not only in a string
		if generic := 1 + bytes.Count(text[:at[1]], []byte("\n")); line == 0 || generic < line {
			line = generic
		}
	}
	return line
}

// pythonTexts matches the strings and comments of a Python file.
var pythonTexts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?s)""".*?"""|'''.*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*`)
})

// genericTrigger matches a decorator of a function whose trigger type is HTTP.
var genericTrigger = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?im)^[ \t]*@[ \t]*\w+(?:\.\w+)*\.generic_trigger[ \t]*\((?:[^()#"']|"[^"\n]*"|'[^'\n]*')*\btype[ \t]*=[ \t]*["']httptrigger["']`)
})

var route = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[ \t]*@[ \t]*\w+(?:\.\w+)*\.route[ \t]*\(|\b(?:Asgi|Wsgi)FunctionApp[ \t]*\(`)
})
