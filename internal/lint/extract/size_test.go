package extract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/modelsize/modeltest"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// tree is a file system of test files: text, a number of bytes, or a link.
type tree map[string]any

// linkTo is where a symbolic link leads.
type linkTo string

// mapFS makes files in memory.
func (files tree) mapFS() fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range files {
		switch content := content.(type) {
		case string:
			fsys[name] = &fstest.MapFile{Data: []byte(content)}
		case int:
			fsys[name] = &fstest.MapFile{Data: make([]byte, content)}
		case linkTo:
			fsys[name] = &fstest.MapFile{Data: []byte(content), Mode: fs.ModeSymlink}
		}
	}
	return fsys
}

// disk is the file system of the working directory, as the command sees it: paths may
// be absolute or lead up.
type disk struct{}

func (disk) Open(name string) (fs.File, error) { return os.Open(name) }

func (disk) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (disk) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

func (disk) ReadLink(name string) (string, error) { return os.Readlink(name) }

func (disk) ReadFile(name string) ([]byte, error) { return os.ReadFile(name) }

func (disk) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }

// write makes files in a folder of the disk.
func (files tree) write(t *testing.T, folder string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch content := content.(type) {
		case string:
			err = os.WriteFile(file, []byte(content), 0o644)
		case int:
			if err = os.WriteFile(file, nil, 0o644); err == nil {
				err = os.Truncate(file, int64(content))
			}
		case linkTo:
			err = os.Symlink(string(content), file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// rooted is a run in a project.
func rooted(root string) Options {
	return Options{Project: func(string) *Project { return &Project{Root: root} }}
}

// serving is a deployment of the model at a path.
func serving(path string) string {
	return "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: {path: " + strconv.Quote(path) + "}}\n"
}

// sized returns what is known of the size of a deployment's only model: bytes, source and
// evidence, or why it is not known.
func sized(t *testing.T, d *facts.Deployment) string {
	t.Helper()
	if len(d.Models) != 1 {
		t.Fatalf("%d models", len(d.Models))
	}
	model := d.Models[0]
	bytes := model.SizeBytes
	if bytes.Known != model.SizeSource.Known {
		t.Errorf("size known %t, source known %t", bytes.Known, model.SizeSource.Known)
	}
	if !bytes.Known {
		return "unknown: " + bytes.Location.Why
	}
	if bytes.Location.Node == nil || model.SizeSource.Location.Node != bytes.Location.Node {
		t.Error("size and source stand at different places")
	}
	return fmt.Sprintf("%d by %s: %s", bytes.Value, model.SizeSource.Value, bytes.Location.Why)
}

func mlmodel(size string) string {
	return "flavors: {sklearn: {}}\nmodel_size_bytes: " + size + "\n"
}

func indexOf(total string) string {
	return `{"metadata": {"total_parameters": 1, "total_size": ` + total + `}, "weight_map": {"a": "b"}}`
}

// TestModelSizes states what the files of a model tell. The deployment's file is a/d.yaml
// in a project whose root is around a.
func TestModelSizes(t *testing.T) {
	tests := []struct {
		name, path string
		files      tree
		want       string
	}{
		// One file.
		{"file", "m.pkl", tree{"a/m.pkl": 1200}, "1200 by file: size of the file a/m.pkl"},
		{"empty file", "m.pkl", tree{"a/m.pkl": 0}, "unknown: a/m.pkl is empty"},
		{"file in the project's root", "../m.pkl", tree{"m.pkl": 5}, "5 by file: size of the file m.pkl"},
		{"current folder", "./m.pkl", tree{"a/m.pkl": 5}, "5 by file: size of the file a/m.pkl"},
		{"trailing slash", "m/", tree{"a/m/w": 5}, "5 by folder: folder a/m with 1 file"},
		{"backslashes", `..\models\m.pkl`, tree{"models/m.pkl": 5}, "5 by file: size of the file models/m.pkl"},
		{"file:", "file:./m.pkl", tree{"a/m.pkl": 5}, "5 by file: size of the file a/m.pkl"},
		{"up and down", "../b/../a/m.pkl", tree{"a/m.pkl": 5, "b/x": 1}, "5 by file: size of the file a/m.pkl"},
		{"missing", "m.pkl", nil, "unknown: a/m.pkl does not exist"},
		{"a pattern is no path", "*.pkl", tree{"a/m.pkl": 5}, "unknown: a/*.pkl does not exist"},

		// What is not in the project.
		{"absolute", "/m.pkl", tree{"m.pkl": 5}, "unknown: its path is absolute; only relative paths are followed"},
		{"drive", `C:\m.pkl`, nil, "unknown: its path is not a local path"},
		{"address", "https://example.com/m.pkl", nil, "unknown: its path is not a local path"},
		{"datastore", "azureml://datastores/d/paths/m", nil, "unknown: its path is not a local path"},
		{"reference", "azureml:churn:1", nil, "unknown: its path is not a local path"},
		{"run", "runs:/1/model", nil, "unknown: its path is not a local path"},
		{"hub", "hf://meta/llama", nil, "unknown: its path is not a local path"},
		{"file address", "file:///m.pkl", tree{"m.pkl": 5}, "unknown: its path is not a local path"},
		{"colon further on", "./m:1.pkl", tree{"a/m:1.pkl": 5}, "5 by file: size of the file a/m:1.pkl"},
		{"placeholder", "${MODEL}", nil, "unknown: "},

		// git-lfs.
		{"pointer", "m.pkl", tree{"a/m.pkl": modeltest.Pointer(2669283096)}, "2669283096 by git-lfs pointer: size in the git-lfs pointer a/m.pkl"},
		{"folder with pointers", "m", tree{"a/m/w1": modeltest.Pointer(1e9), "a/m/w2": modeltest.Pointer(5), "a/m/config.json": "{}"},
			"1000000007 by folder: folder a/m with 3 files, 2 of them git-lfs pointers"},
		{"pointers beyond measure", "m", tree{"a/m/w1": modeltest.Pointer(math.MaxInt64), "a/m/w2": modeltest.Pointer(math.MaxInt64)},
			"9223372036854775807 by folder: folder a/m with 2 files, 2 of them git-lfs pointers"},
		{"no pointer", "m.pkl", tree{"a/m.pkl": modeltest.Pointer(5) + "more\n"}, "131 by file: size of the file a/m.pkl"},

		// MLmodel.
		{"MLmodel", "m", tree{"a/m/MLmodel": mlmodel("7"), "a/m/model.safetensors.index.json": indexOf("8"), "a/m/w": 9}, "7 by MLmodel: size that MLflow measured"},
		{"MLmodel named itself", "m/MLmodel", tree{"a/m/MLmodel": mlmodel("7")}, "7 by MLmodel: size that MLflow measured"},
		{"MLmodel without a size", "m", tree{"a/m/MLmodel": "flavors: {a: {}}\n", "a/m/w": 9}, "26 by folder: folder a/m with 2 files"},
		{"MLmodel without a size, named itself", "m/MLmodel", tree{"a/m/MLmodel": "flavors: {a: {}}\n"}, "unknown: a/m/MLmodel does not declare the size of the model"},
		{"MLmodel with a size that is none", "m", tree{"a/m/MLmodel": mlmodel("big"), "a/m/w": 9}, "54 by folder: folder a/m with 2 files"},
		{"MLmodel further down", "m", tree{"a/m/b/MLmodel": mlmodel("7"), "a/m/b/w": 9}, "52 by folder: folder a/m with 2 files"},

		// Safetensors.
		{"index", "m", tree{"a/m/model.safetensors.index.json": indexOf("8"), "a/m/w": 9}, "8 by safetensors index: metadata.total_size of a/m/model.safetensors.index.json"},
		{"index named itself", "m/model.safetensors.index.json", tree{"a/m/model.safetensors.index.json": indexOf("8")},
			"8 by safetensors index: metadata.total_size of a/m/model.safetensors.index.json"},
		{"index of a tool that writes decimals", "m", tree{"a/m/model.safetensors.index.json": indexOf("13476835328.0")},
			"13476835328 by safetensors index: metadata.total_size of a/m/model.safetensors.index.json"},
		{"indexes that agree", "m", tree{"a/m/a.safetensors.index.json": indexOf("8"), "a/m/b.safetensors.index.json": indexOf("8")},
			"8 by safetensors index: metadata.total_size of a/m/a.safetensors.index.json"},
		{"an index elsewhere", "m", tree{"a/m/a.safetensors.index.json": modeltest.Pointer(5000), "a/m/a.bin": 7},
			"unknown: a/m/a.safetensors.index.json is a git-lfs pointer, which does not declare the size of the model"},
		{"indexes of more than is here", "m", tree{"a/m/a.safetensors.index.json": indexOf("8000"), "a/m/b.safetensors.index.json": indexOf("9000")},
			"unknown: a/m is smaller than one of its 2 safetensors indexes declares"},
		{"weights that DVC keeps", "m", tree{"a/m/config.json": "{}", "a/m/w.bin.dvc": "outs: []\n"},
			"unknown: a/m/w.bin.dvc is a DVC pointer to a file outside the project"},
		{"indexes that differ", "m", tree{"a/m/a.safetensors.index.json": indexOf("8"), "a/m/b.safetensors.index.json": indexOf("9")},
			"160 by folder: folder a/m with 2 files; its 2 safetensors indexes declare different sizes"},
		{"folder with the name of an index", "m", tree{"a/m/a.safetensors.index.json/w": 5}, "5 by folder: folder a/m with 1 file"},
		{"index further down", "m", tree{"a/m/unet/a.safetensors.index.json": indexOf("8")}, "80 by folder: folder a/m with 1 file"},
		{"index behind the tensors", "m", tree{"a/m/a.safetensors.index.json": `{"weight_map": {"total_size": "x", "metadata": "y"}, "other": [1, {"a": 2}], "metadata": {"x": {"total_size": 1}, "total_size": 8}}`},
			"8 by safetensors index: metadata.total_size of a/m/a.safetensors.index.json"},

		// ONNX.
		{"ONNX", "m.onnx", tree{"a/m.onnx": modeltest.ONNX()}, "2 by file: size of the file a/m.onnx"},
		{"ONNX with external data", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("m.onnx_data"), "a/m.onnx_data": 1000, "a/other": 5},
			fmt.Sprintf("%d by ONNX with external data: size of the file a/m.onnx and its external data in m.onnx_data", 1000+len(modeltest.ONNX("m.onnx_data")))},
		{"each external file once", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("w1", "d/w2", "w1", "./w1"), "a/w1": 100, "a/d/w2": modeltest.Pointer(2000)},
			fmt.Sprintf("%d by ONNX with external data: size of the file a/m.onnx and its external data in d/w2 and 1 more", 2100+len(modeltest.ONNX("w1", "d/w2", "w1", "./w1")))},
		{"external data that is not there", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("w")}, "unknown: a/w does not exist"},
		{"external data elsewhere", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("../w"), "w": 1}, "unknown: a/m.onnx has data outside its folder"},
		{"external data at an absolute path", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("/w"), "w": 1}, "unknown: a/m.onnx has data outside its folder"},
		{"external data in a folder", "m.onnx", tree{"a/m.onnx": modeltest.ONNX("w"), "a/w/x": 1}, "unknown: a/w is not a regular file"},
		{"ONNX pointer", "m.onnx", tree{"a/m.onnx": modeltest.Pointer(1e9)}, "1000000000 by git-lfs pointer: size in the git-lfs pointer a/m.onnx"},
		{"ONNX pointer beside usual data", "m.onnx", tree{"a/m.onnx": modeltest.Pointer(9), "a/m.onnx_data": modeltest.Pointer(1e9)},
			"unknown: a/m.onnx is a git-lfs pointer, so it is unknown whether a/m.onnx_data belongs to the model"},
		{"no ONNX by its content", "m.ONNX", tree{"a/m.ONNX": 5}, "5 by file: size of the file a/m.ONNX"},
		{"folder with ONNX", "m", tree{"a/m/m.onnx": modeltest.ONNX("w"), "a/m/w": 1000}, fmt.Sprintf("%d by folder: folder a/m with 2 files", 1000+len(modeltest.ONNX("w")))},

		// Folders.
		{"folder", "m", tree{"a/m/w": 5, "a/m/b/c/w": 6, "a/x": 7}, "11 by folder: folder a/m with 2 files"},
		{"the document's own folder", ".", tree{"a/w": 5, "a/d.yaml": 0}, "5 by folder: folder a with 2 files"},
		{"empty folder", "m", tree{"a/m/.cache/x": 1}, "unknown: a/m contains no model files"},
		{"folder that is kept by a file", "m", tree{"a/m/.gitkeep": "", "a/m/b/.placeholder": "keep", "a/m/README.md": "# Models\n"}, "unknown: a/m contains no model files"},
		{"folder of empty files", "m", tree{"a/m/w": "", "a/m/x": ""}, "unknown: a/m contains no model files"},
		{"folder with a description", "m", tree{"a/m/w": 5, "a/m/README.md": 6}, "11 by folder: folder a/m with 2 files"},
		{"MLmodel of no size", "m", tree{"a/m/MLmodel": mlmodel("0"), "a/m/w": 5}, fmt.Sprintf("%d by folder: folder a/m with 2 files", 5+len(mlmodel("0")))},
		{"folders with a dot", "m", tree{"a/m/w": 5, "a/m/.git/x": 6, "a/m/b/.git/x": 6, "a/m/.cache/x": 7, "a/m/.gitattributes": 8},
			"13 by folder: folder a/m with 2 files, without .cache, .git"},
		{"what Azure ML leaves out", "m", tree{"a/m/w": 5, "a/m/.gitignore": "# ours\n\n*.bin\n"},
			"unknown: a/m/.gitignore excludes files from a/m, so its size is unknown"},
		{"ignore file without patterns", "m", tree{"a/m/w": 5, "a/m/.amlignore": "# none\n", "a/m/.gitignore": "*.bin\n"}, "18 by folder: folder a/m with 3 files"},
		{"ignore file further down or up", "m", tree{"a/m/w": 5, "a/m/b/.gitignore": "*\n", "a/.amlignore": "*\n"}, "7 by folder: folder a/m with 2 files"},
		{"ignore file and a stated size", "m", tree{"a/m/MLmodel": mlmodel("7"), "a/m/.gitignore": "*\n"}, "7 by MLmodel: size that MLflow measured"},

		// Links.
		{"link to a file", "m.pkl", tree{"a/m.pkl": linkTo("../models/v1.pkl"), "models/v1.pkl": 5}, "5 by file: size of the file a/m.pkl"},
		{"link to a folder", "m/w", tree{"a/m": linkTo("../models/v1"), "models/v1/w": 5}, "5 by file: size of the file models/v1/w"},
		{"link to a folder itself", "m", tree{"a/m": linkTo("../models/v1"), "models/v1/w": 5}, "5 by folder: folder a/m with 1 file"},
		{"link to ONNX", "m.onnx", tree{"a/m.onnx": linkTo("../blobs/1"), "blobs/1": modeltest.ONNX("w"), "a/w": linkTo("../blobs/2"), "blobs/2": 1000},
			fmt.Sprintf("%d by ONNX with external data: size of the file a/m.onnx and its external data in w", 1000+len(modeltest.ONNX("w")))},
		{"up from where a link leads", "m/../w", tree{"a/m": linkTo("../models/v1"), "models/v1/x": 5, "models/w": 7}, "7 by file: size of the file models/w"},
		{"links in a folder", "m", tree{"a/m/w": linkTo("../../blobs/1"), "a/m/d": linkTo("../../blobs"), "blobs/1": 5, "blobs/2": 6}, "16 by folder: folder a/m with 3 files"},
		{"link in a folder that leads nowhere", "m", tree{"a/m/w": linkTo("gone"), "a/m/x": 5}, "unknown: a/m/w does not exist"},
		{"link that leads round", "m", tree{"a/m/w": 5, "a/m/b/c": linkTo("../../m"), "a/m/b/d": linkTo(".")}, "5 by folder: folder a/m with 1 file"},
		{"link to itself", "m", tree{"a/m": linkTo("m")}, "unknown: a/m cannot be read"},
		{"MLmodel behind a link", "m", tree{"a/m/MLmodel": linkTo("../../x"), "x": mlmodel("7")}, "7 by MLmodel: size that MLflow measured"},
		{"index behind a link", "m", tree{"a/m/model.safetensors.index.json": linkTo("../../x"), "x": indexOf("8")}, "8 by safetensors index: metadata.total_size of a/m/model.safetensors.index.json"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fsys := test.files.mapFS()
			fsys["a/other.yaml"] = &fstest.MapFile{}
			if test.path == "." {
				delete(fsys, "a/other.yaml")
			}
			extraction := extract(t, fsys, rooted("."), "a/d.yaml", serving(test.path))
			if len(extraction.Problems) > 0 {
				t.Error(describe(extraction))
			}
			equal(t, sized(t, only(t, extraction)), test.want)
		})
	}
}

// A finding about the size stands where the deployment names the model, but for an
// MLmodel, which states it.
func TestLocationOfASize(t *testing.T) {
	for content, want := range map[string]string{
		"w":       " @ 3:22 spec.model.path (folder m with 1 file)",
		"MLmodel": " @ 2:19 model_size_bytes (size that MLflow measured) + @ 3:22 spec.model.path (path of the model)",
	} {
		d := only(t, extract(t, tree{"m/" + content: mlmodel("7")}.mapFS(), Options{}, "d.yaml", serving("m")))
		equal(t, location(d.Models[0].SizeBytes.Location), want)
	}
}

// What is at hand comes before what is stated, and the inventory behind both.
func TestTrustInSizes(t *testing.T) {
	fsys := tree{"m/MLmodel": mlmodel("7"), "w": 5}.mapFS()
	options := with(Settings{ModelSize: func(string, string) facts.Fact[int64] { return facts.Know(int64(9), facts.Location{Why: "inventory"}) }})
	for model, want := range map[string]string{
		"{name: a, size: 7, path: m}":    "7 by MLmodel",
		"{name: a, size: 3, path: gone}": "3 by statement",
		"{name: a, size: 3}":             "3 by statement",
		"{name: a, size: 0}":             "9 by configuration",
		"{name: a, path: m}":             "7 by MLmodel",
		"{name: a, path: w}":             "5 by file",
		"{name: a, path: gone}":          "9 by configuration",
		"{name: a}":                      "9 by configuration",
		"{path: gone}":                   "0 by ",
	} {
		d := only(t, extract(t, fsys, options, "d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: "+model+"}\n"))
		equal(t, fmt.Sprintf("%d by %s", d.Models[0].SizeBytes.Value, d.Models[0].SizeSource.Value), want)
	}
}

// A size that is stated contradicts what is at hand if it differs by more than 5 %.
func TestStatedSizesContradict(t *testing.T) {
	fsys := tree{"m/w": 1000, "m/MLmodel": mlmodel("1000"), "w": 1000}.mapFS()
	tests := []struct {
		model string
		want  string // the size, and what contradicts
	}{
		{"{size: 1000, path: w}", "1000 by file"},
		{"{size: 1050, path: w}", "1000 by file"},
		{"{size: 950, path: w}", "1000 by file"},
		{"{size: 1051, path: w}", "1000 by file, model size of a is declared as 1051 bytes but is 1000 bytes in spec.model.path at spec.model.size"},
		{"{size: 949, path: m}", "1000 by MLmodel, model size of a is declared as 949 bytes but is 1000 bytes in model_size_bytes at spec.model.size"},
		{"{size: 949, path: gone}", "949 by statement"},
	}
	for _, test := range tests {
		extraction := extract(t, fsys, Options{}, "d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: a}\nspec: {model: "+test.model+"}\n")
		model := only(t, extraction).Models[0]
		got := fmt.Sprintf("%d by %s", model.SizeBytes.Value, model.SizeSource.Value)
		for _, problem := range extraction.Problems {
			got += fmt.Sprintf(", %s at %s", problem.Message, problem.Location.Node.Path())
		}
		equal(t, got, test.want)
	}
}

// What a configuration states of a model whose files are at hand contradicts them, too.
func TestStatedSizeOfAConfiguration(t *testing.T) {
	stated := statement(t, "model: {size: 900MB}")
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{stated} }})
	extraction := extract(t, tree{"m": 1000}.mapFS(), options, "d.yaml", serving("m"))
	if d := only(t, extraction); d.Models[0].SizeBytes.Value != 1000 || len(extraction.Problems) != 1 {
		t.Error(describe(extraction))
	}
}

// A path is relative to the folder of the document that states it.
func TestPathOfAStatement(t *testing.T) {
	statement, problems := read.ReadStatement(source.Parse("conf/.mlpolicy.yaml", []byte("model: {path: m}\n")).Documents[0].Root)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement { return []*read.Statement{statement} }})
	fsys := tree{"conf/m": 5, "a/m": 6}.mapFS()
	for text, want := range map[string]string{
		"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n":                               "5 by file: size of the file conf/m",
		"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: {name: churn}}\n": "5 by file: size of the file conf/m",
		serving("m"): "6 by file: size of the file a/m",
	} {
		equal(t, sized(t, only(t, extract(t, fsys, options, "a/d.yaml", text))), want)
	}
}

// Without a file system only what is in the run is known.
func TestMLmodelOfTheRun(t *testing.T) {
	d := only(t, extract(t, nil, Options{}, "a/d.yaml", serving("../m"), "m/MLmodel", mlmodel("7")))
	equal(t, sized(t, d), "7 by MLmodel: size that MLflow measured")
	d = only(t, extract(t, nil, Options{}, "a/d.yaml", serving("../m")))
	equal(t, sized(t, d), "unknown:")
	d = only(t, extract(t, nil, Options{Alone: true}, "a/d.yaml", serving("../m"), "m/MLmodel", mlmodel("7")))
	equal(t, sized(t, d), "unknown:")
}

// The path of an asset is relative to the asset's own file.
func TestPathOfAnAsset(t *testing.T) {
	const schema = "$schema: https://azuremlschemas.azureedge.net/latest/"
	fsys := tree{"models/files/w": 5, "deploy/files/w": 6}.mapFS()
	options := Options{Project: func() func(string) *Project {
		project := &Project{Root: ".", Files: func(context.Context) ([]string, bool) { return nil, true }}
		return func(string) *Project { return project }
	}()}
	d := only(t, extract(t, fsys, options,
		"deploy/blue.yml", schema+"managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: e\nmodel: azureml:churn:1\n",
		"models/churn.yml", schema+"model.schema.json\nname: churn\nversion: 1\npath: files\n"))
	equal(t, sized(t, d), "5 by folder: folder models/files with 1 file")
	equal(t, location(d.Models[0].SizeBytes.Location), " @ 4:7 path (folder models/files with 1 file) + @ 4:8 model (referenced here)")
}

// Nothing is measured outside of a project; where nothing marks one, nothing outside of
// what holds the document and what its path says.
func TestNothingOutsideOfTheProjectIsMeasured(t *testing.T) {
	outside := t.TempDir()
	tree{"w": 5, "MLmodel": mlmodel("7"), "model.safetensors.index.json": indexOf("8")}.write(t, outside)
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tree{
		"w": 1, "secret": 1,
		"git/w": 2, "git/a/w": 3,
		"git/link":          linkTo(outside),
		"git/a/file":        linkTo(filepath.Join(outside, "w")),
		"git/a/m/w":         linkTo(filepath.Join(outside, "w")),
		"git/a/up":          linkTo("../../secret"),
		"git/a/back":        linkTo(filepath.Join(root, "git", "w")),
		"git/a/around":      linkTo("../../git/w"),
		"git/manifest/w":    9,
		"git/onnx/m.onnx":   modeltest.ONNX("w"),
		"git/onnx/w":        linkTo(filepath.Join(outside, "w")),
		"link-to-git":       linkTo("git"),
		"loose/a/w":         1,
		"loose/w":           6,
		"loose/link":        linkTo("../git"),
		"loose/a/link":      linkTo("../w"),
		"git/chain/1":       linkTo("2"),
		"git/chain/2":       linkTo("3"),
		"git/chain/3":       linkTo("../w"),
		"git/round/1":       linkTo("2"),
		"git/round/2":       linkTo("1"),
		"git/hub/blobs/1":   7,
		"git/hub/snap/x/w":  linkTo("../../blobs/1"),
		"git/hub/snap/x/w2": linkTo("../../blobs/1"),
	}.write(t, root)
	for _, name := range []string{"MLmodel", "model.safetensors.index.json", ".amlignore"} {
		tree{name: linkTo(filepath.Join(outside, name))}.write(t, filepath.Join(root, "git/manifest"))
	}
	absolute := filepath.Join(root, "git/a/d.yaml")
	tests := []struct{ from, root, file, path, want string }{
		{"git", ".", "a/d.yaml", "w", "3 by file: size of the file a/w"},
		{"git", ".", "a/d.yaml", "../w", "2 by file: size of the file w"},
		{"git", ".", "a/d.yaml", "../../w", "unknown: ../w points outside the project"},
		{"git", ".", "a/d.yaml", "../../git/w", "2 by file: size of the file ../git/w"},
		{"git", ".", "a/d.yaml", "../../git/../w", "unknown: ../w points outside the project"},
		{"git/a", "..", "d.yaml", "../w", "2 by file: size of the file ../w"},
		{"git/a", "..", "d.yaml", "../../w", "unknown: ../../w points outside the project"},
		{"git/a", "..", "../a/d.yaml", "../w", "2 by file: size of the file ../w"},
		{"git/a", "../../git", "../../git/a/d.yaml", "../w", "2 by file: size of the file ../../git/w"},
		{"git/a", "..", "../../git/a/d.yaml", "../w", "2 by file: size of the file ../../git/w"},
		{"git/a", root + "/git", absolute, "../w", "2 by file: size of the file " + root + "/git/w"},
		{"git/a", root + "/git", absolute, "../../w", "unknown: " + root + "/w points outside the project"},
		{"", "link-to-git", "link-to-git/a/d.yaml", "../w", "2 by file: size of the file git/w"},
		{"", "link-to-git", "link-to-git/d.yaml", "../w", "unknown: w points outside the project"},
		{"git", ".", "a/d.yaml", "file", "unknown: a/file points outside the project"},
		{"git", ".", "a/d.yaml", "m", "unknown: a/m/w points outside the project"},
		{"git", ".", "a/d.yaml", "m/w", "unknown: a/m/w points outside the project"},
		{"git", ".", "a/d.yaml", "up", "unknown: a/up points outside the project"},
		{"git", ".", "a/d.yaml", "../link", "unknown: link points outside the project"},
		{"git", ".", "a/d.yaml", "../link/w", "unknown: link/w points outside the project"},
		{"git", ".", "a/d.yaml", "back", "2 by file: size of the file a/back"},
		{"git", ".", "a/d.yaml", "around", "2 by file: size of the file a/around"},
		{"git", ".", "onnx/d.yaml", "m.onnx", "unknown: onnx/w points outside the project"},
		{"git", ".", "manifest/d.yaml", ".", "unknown: manifest/.amlignore excludes files from manifest, so its size is unknown"},
		{"git", ".", "chain/d.yaml", "1", "2 by file: size of the file chain/1"},
		{"git", ".", "round/d.yaml", "1", "unknown: round/1 cannot be read"},
		{"git", ".", "hub/d.yaml", "snap/x", "14 by folder: folder hub/snap/x with 2 files"},
		{"git", "gone", "a/d.yaml", "w", "unknown: gone does not exist"},
		{"loose", "", "a/d.yaml", "w", "1 by file: size of the file a/w"},
		{"loose", "", "a/d.yaml", "../w", "6 by file: size of the file w"},
		{"loose", "", "a/d.yaml", "../../w", "1 by file: size of the file ../w"},
		{"loose", "", "d.yaml", "a/w", "1 by file: size of the file a/w"},
		{"loose", "", "d.yaml", "link/w", "unknown: link/w points outside the project"},
		{"loose", "", "a/d.yaml", "link", "unknown: a/link points outside the project"},
		{"loose", "", "a/d.yaml", "../a/link", "unknown: a/link points outside the project"},
		{"loose", "", "d.yaml", "../git/w", "2 by file: size of the file ../git/w"},
		{"git", ".", "<stdin>", "w", "unknown:"},
	}
	for _, test := range tests {
		t.Run(test.file+" "+test.path, func(t *testing.T) {
			t.Chdir(filepath.Join(root, test.from))
			equal(t, sized(t, only(t, extract(t, disk{}, rooted(test.root), test.file, serving(test.path)))), test.want)
		})
	}
}

// What cannot be read leaves the size unknown, and nobody is troubled.
func TestUnreadableFiles(t *testing.T) {
	for _, test := range []struct{ broken, want string }{
		{"m", "unknown: m cannot be read"},
		{"m/pointer", "unknown: m/pointer cannot be read"},
		{"m/d", "unknown: m/d cannot be read"},
		{"m/MLmodel", "132 by folder: folder m with 3 files"},
		{"m/model.safetensors.index.json", "132 by folder: folder m with 3 files"},
	} {
		fsys := tree{"m/pointer": modeltest.Pointer(5) + "or not", "m/d/w": 1, "m/" + filepath.Base(test.broken): 0}
		if test.broken == "m" || test.broken == "m/d" {
			delete(fsys, "m/"+filepath.Base(test.broken))
		}
		if test.broken == "m/pointer" {
			fsys["m/pointer"] = modeltest.Pointer(5)
		}
		extraction := extract(t, broken{fsys.mapFS(), test.broken}, Options{}, "d.yaml", serving("m"))
		if len(extraction.Problems) > 0 {
			t.Error(describe(extraction))
		}
		got := sized(t, only(t, extraction))
		equal(t, got, strings.Replace(test.want, "132", strconv.Itoa(len(modeltest.Pointer(5))+len("or not")+1), 1))
	}
	for _, name := range []string{"m.onnx", "w"} {
		fsys := broken{tree{"m.onnx": modeltest.ONNX("w"), "w": modeltest.Pointer(5)}.mapFS(), name}
		equal(t, sized(t, only(t, extract(t, fsys, Options{}, "d.yaml", serving("m.onnx")))), "unknown: "+name+" cannot be read")
	}
}

// broken is a file system with a file that cannot be opened.
type broken struct {
	fstest.MapFS
	name string
}

func (b broken) Open(name string) (fs.File, error) {
	if name == b.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.MapFS.Open(name)
}

func (b broken) ReadFile(name string) ([]byte, error) {
	if name == b.name {
		return nil, fs.ErrPermission
	}
	return b.MapFS.ReadFile(name)
}

// counted counts what is asked of a file system.
type counted struct {
	fstest.MapFS
	calls  *int
	cancel context.CancelFunc // after a call, if any
}

func (c counted) Open(name string) (fs.File, error) {
	*c.calls++
	if c.cancel != nil {
		c.cancel()
	}
	return c.MapFS.Open(name)
}

func (c counted) Stat(name string) (fs.FileInfo, error) {
	*c.calls++
	return c.MapFS.Stat(name)
}

func (c counted) Lstat(name string) (fs.FileInfo, error) {
	*c.calls++
	return c.MapFS.Lstat(name)
}

func folderOfPointers(n int) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := range n {
		fsys[fmt.Sprintf("m/%d/%d", i%10, i)] = &fstest.MapFile{Data: []byte(modeltest.Pointer(5))}
	}
	return fsys
}

func TestFolderWalkIsLinear(t *testing.T) {
	calls := func(files int) (calls int) {
		fsys := counted{MapFS: folderOfPointers(files), calls: &calls}
		equal(t, sized(t, only(t, extract(t, fsys, Options{}, "d.yaml", serving("m")))),
			fmt.Sprintf("%d by folder: folder m with %d files, %d of them git-lfs pointers", 5*files, files, files))
		return calls
	}
	if one, two := calls(500), calls(1000); two > 2*one {
		t.Errorf("500 files take %d calls, 1000 take %d", one, two)
	}
}

// Deployments that name the same files have them measured once.
func TestFilesAreMeasuredOnce(t *testing.T) {
	calls := func(deployments int) (calls int) {
		fsys := counted{MapFS: folderOfPointers(100), calls: &calls}
		extract(t, fsys, Options{}, "d.yaml", strings.Repeat("---\n"+serving("m")+"---\n"+serving("../m/x/../."), deployments))
		return calls
	}
	if one, ten := calls(1), calls(10); ten > one+10*20 {
		t.Errorf("one deployment takes %d calls, ten take %d", one, ten)
	}
}

// A folder of a hundred thousand files is given up, and says so.
func TestFolderWithTooManyFiles(t *testing.T) {
	for name, fsys := range map[string]fstest.MapFS{"flat": {}, "deep": {}, "links": {}} {
		for i := range 11_000 {
			switch name {
			case "flat":
				fsys[fmt.Sprintf("m/%d", i)] = &fstest.MapFile{}
			case "deep":
				fsys[fmt.Sprintf("m/%d/%d", i%3000, i)] = &fstest.MapFile{}
			}
		}
		if name == "links" {
			for i := range 20 {
				// Twice as many paths with each folder.
				fsys[fmt.Sprintf("m/%d/w", i)] = &fstest.MapFile{}
				fsys[fmt.Sprintf("m/%d/a", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "../%d", i+1), Mode: fs.ModeSymlink}
				fsys[fmt.Sprintf("m/%d/b", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "../%d", i+1), Mode: fs.ModeSymlink}
			}
			fsys["m/20/w"] = &fstest.MapFile{}
		}
		t.Run(name, func(t *testing.T) {
			calls := 0
			d := only(t, extract(t, counted{MapFS: fsys, calls: &calls}, Options{}, "d.yaml", serving("m")))
			equal(t, sized(t, d), "unknown: more than 10000 files and folders to measure")
		})
	}
	d := only(t, extract(t, folderOfPointers(9_980), Options{}, "d.yaml", serving("m")))
	if got := sized(t, d); !strings.HasPrefix(got, "49900 by folder") {
		t.Error(got)
	}
}

func TestMeasuringStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	calls := 0
	fsys := counted{folderOfPointers(5_000), &calls, cancel}
	file := source.Parse("d.yaml", []byte(serving("m")))
	if _, err := Extract(ctx, fsys, []*source.File{file}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if calls > 100 {
		t.Errorf("%d calls after the end", calls)
	}
}

func TestIndexWithoutASize(t *testing.T) {
	for _, text := range []string{
		"", "{", "[]", "1", "null", "{}", `{"metadata": {}}`, `{"metadata": null}`, `{"metadata": []}`, `{"metadata": {"total_size": null}}`,
		`{"metadata": {"total_size": "8"}}`, `{"metadata": {"total_size": 0}}`, `{"metadata": {"total_size": -8}}`, `{"metadata": {"total_size": 8.5}}`,
		`{"metadata": {"total_size": 1e300}}`, `{"metadata": {"total_size": [8]}}`, `{"weight_map": {"metadata": {"total_size": 8}}}`, `{"total_size": 8}`,
		`{"metadata": {"total_size" 8}}`, `{"a": [, "metadata": {"total_size": 8}}`, `{"metadata": {"total_size": `,
	} {
		d := only(t, extract(t, tree{"m/model.safetensors.index.json": text}.mapFS(), Options{}, "d.yaml", serving("m")))
		if text == "" { // a folder of nothing
			equal(t, sized(t, d), "unknown: m contains no model files")
			continue
		}
		if got := sized(t, d); !strings.HasPrefix(got, fmt.Sprintf("%d by folder", len(text))) || strings.Contains(got, "index") {
			t.Errorf("%s: %s", text, got)
		}
	}
}
