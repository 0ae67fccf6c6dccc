package extract

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestLanguageExamples compares everything that is understood of the files in an archive, which are the files of a project, with the
// golden file beside it.
func TestLanguageExamples(t *testing.T) {
	archives, err := filepath.Glob("../../../testdata/languages/*/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range archives {
		t.Run(path.Join(filepath.Base(filepath.Dir(name)), filepath.Base(name)), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil || len(archive.Files) == 0 {
				t.Fatalf("no files: %v", err)
			}
			golden.Check(t, name+".facts", describe(extractProject(t, archive)))
		})
	}
}

// extractProject reads all files of an archive as one project.
func extractProject(t *testing.T, archive *txtar.Archive) *Extraction {
	t.Helper()
	fsys := fstest.MapFS{}
	var names []string
	for _, file := range archive.Files {
		names = append(names, "project/"+file.Name)
		fsys["project/"+file.Name] = &fstest.MapFile{Data: file.Data}
	}
	project := &Project{Root: "project", Files: func(context.Context) ([]string, bool) { return names, true }}
	options := Options{Project: func(string) *Project { return project }}
	readers := language.NewReaders(NewFiles(fsys, options))
	options.IsCalled = readers.IsCalled
	options.Parse = func(name string, data []byte) *source.File {
		if file, ok := readers.Read(name, data); ok {
			return file
		}
		return source.Parse(name, data)
	}
	var files []*source.File
	for _, file := range archive.Files {
		if name := "project/" + file.Name; RecognizeFile(name, file.Data) != Unrecognized {
			files = append(files, options.Parse(name, file.Data))
		}
	}
	extraction, err := Extract(t.Context(), fsys, files, options)
	if err != nil {
		t.Fatal(err)
	}
	return extraction
}

// TestModulesThatCallEachOtherTwice bounds the work for modules that stand for a number of deployments that doubles with each file.
func TestModulesThatCallEachOtherTwice(t *testing.T) {
	const last = 18
	archive := &txtar.Archive{}
	for i := range last {
		call := fmt.Sprintf(" 'm%d.bicep' = {\n  params: { size: 'Standard_D4s_v5' }\n}\n", i+1)
		archive.Files = append(archive.Files, txtar.File{
			Name: fmt.Sprintf("m%d.bicep", i), Data: []byte("param size string = ''\nmodule a" + call + "module b" + call),
		})
	}
	archive.Files = append(archive.Files, txtar.File{Name: fmt.Sprintf("m%d.bicep", last), Data: []byte(
		"param size string\nresource c 'Microsoft.MachineLearningServices/workspaces/computes@2023-10-01' = {\n  name: 'ws/c'\n" +
			"  properties: { computeType: 'AmlCompute', properties: { vmSize: size } }\n}\n")})
	extraction := extractProject(t, archive)
	if len(extraction.Computes) == 0 || len(extraction.Computes) > 2 || len(extraction.Problems) > 0 {
		t.Errorf("%d computes, %d problems", len(extraction.Computes), len(extraction.Problems))
	}
}

// TestOutputsThatUseOthersTwice bounds the work for outputs that stand for a number of outputs that doubles with each file.
func TestOutputsThatUseOthersTwice(t *testing.T) {
	const last = 40
	archive := &txtar.Archive{}
	for i := range last {
		call := fmt.Sprintf(" 'm%d.bicep' = {\n  params: { size: 'a' }\n}\n", i+1)
		archive.Files = append(archive.Files, txtar.File{
			Name: fmt.Sprintf("m%d.bicep", i), Data: []byte("param size string = ''\nmodule a" + call + "module b" + call +
				"output size string = '${a.outputs.size}${b.outputs.size}'\n" +
				"resource c 'Microsoft.MachineLearningServices/workspaces/computes@2023-10-01' = {\n  name: 'ws/c${a.outputs.size}'\n}\n"),
		})
	}
	archive.Files = append(archive.Files, txtar.File{Name: fmt.Sprintf("m%d.bicep", last), Data: []byte("param size string\noutput size string = size\n")})
	begun := time.Now()
	extractProject(t, archive)
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}
