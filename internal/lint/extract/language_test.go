package extract

import (
	"context"
	"path"
	"path/filepath"
	"testing"
	"testing/fstest"

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
