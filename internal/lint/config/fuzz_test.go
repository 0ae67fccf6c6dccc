package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// FuzzConfig reads any bytes: each mistake stands inside the file, and what is accepted
// can be asked.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		everything, "", "edition: 2020-06\n---\n", "- a", "rules: {a: off, a: off}", "models: [{name: a, size: 1TB}]", "models: [{name: a}, {name: a, size: 1}]",
		"facts: [{paths: ['[', '{'], set: {model: [{size: 1}], compute: {nodes: 2}, labels: {a: b}}}]", "edition: \"\\u0000\"",
		"stages: &a {production: [x]}\nfacts: [*a]", "<<: {edition: x}\nedition: y", "ignore: [\"日本語\", '\t']\r\n", "? [a]\n: b",
	} {
		f.Add([]byte(seed))
	}
	configurations := 0
	err := filepath.WalkDir("../../../testdata", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) != ".txtar" {
			f.Add(data)
			return nil
		}
		for _, file := range txtar.Parse(data).Files {
			f.Add(file.Data)
			if filepath.Base(file.Name) == FileName {
				configurations++
			}
		}
		return nil
	})
	if err != nil || configurations == 0 {
		f.Fatalf("%d configurations in testdata: %v", configurations, err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := Parse(data, Origin{Name: FileName, Folder: "/repo", WorkingDir: "/repo/sub"})
		if err != nil {
			var mistakes Errors
			if !errors.As(err, &mistakes) || len(mistakes) == 0 {
				t.Fatalf("%T: %v", err, err)
			}
			// UTF-16 is decoded, so that lines are counted in the bytes or in half of them.
			lines := 2 + bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) +
				bytes.Count(data, []byte("\u0085")) + bytes.Count(data, []byte("\u2028")) + bytes.Count(data, []byte("\u2029"))
			for _, mistake := range mistakes {
				if mistake.File != FileName || mistake.Line < 1 || mistake.Line > lines || mistake.Column < 1 || mistake.Column > len(data)+1 {
					t.Errorf("mistake outside the file: %+v", mistake)
				}
				if mistake.Message == "" {
					t.Error("mistake without a message")
				}
			}
			return
		}
		config.Statements(facts.Subject{File: "deploy/prod/a.yaml", Kind: "Deployment", Name: "a"})
		config.ModelSize("churn", "7")
		config.Severity("memory")
		_ = config.Check([]string{"memory"}, []string{DefaultEdition}, nil, nil)
	})
}
