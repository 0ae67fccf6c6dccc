package extract

import (
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path"
	"reflect"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FuzzExtract holds what is understood of any bytes to the contract of Facts: every
// fact and every problem stands inside the file, and no quantity is negative.
func FuzzExtract(f *testing.F) {
	seeds := 0
	err := fs.WalkDir(os.DirFS("../../../testdata"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".facts" {
			return err
		}
		data, err := os.ReadFile(path.Join("../../../testdata", name))
		f.Add(path.Ext(name) == ".json", data)
		seeds++
		return err
	})
	if err != nil || seeds == 0 {
		f.Fatalf("%d seeds: %v", seeds, err)
	}
	for _, text := range []string{
		"a: &a {computeType: ACI, gpuCores: 1}\n---\n<<: *a\ncomputeType: AKS\n",
		"computeType: AKS\ntags: &t {mlpolicy.dev/stage: production}\nkvTags: *t\ncontainerResourceRequirements: {<<: *t, cpu: 1e308}\n",
		"computeType: ACI\nnumReplicas: 1e300\ngpuCores: .inf\ncontainerResourceRequirements: {cpu: .nan, memoryInGB: 0x1p-2}\n",
		"type: microsoft.containerinstance/containergroups\nproperties: {containers: [null, {properties: null}, x], initContainers: {a: b}}\n",
		"flavors: {a: b}\nmodel_size_bytes: 99999999999999999999\n",
		"entryScript: s\nenvironment: {docker: [], python: {condaDependencies: {dependencies: [null, {pip: x}]}}}\n",
		"$schema: azureml/managedOnlineDeployment\nmodel: [a]\nenvironment: [b]\ntags: c\nresources: d\n",
		"$schema: azureml/amlCompute\nname: [a]\ntype: {a: b}\nsize: [c]\n",
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {memory: 1e-99999999, cpu: 1e400}}}]}\n",
		"apiVersion: serving.kserve.io/\nkind: LLMInferenceService",
		"? {a: b}\n: {computeType: ACI}\n",
		"apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, spec: {containers: [{resources: {limits: {memory: 1e99}}}]}}]\n",
	} {
		f.Add(false, []byte(text))
	}
	f.Fuzz(func(t *testing.T, asJSON bool, data []byte) {
		name := "folder/fuzz.yaml"
		if asJSON {
			name = "folder/fuzz.json"
		}
		Recognize(data)
		file := source.Parse(name, data)
		extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(&extraction.Facts); err != nil {
			t.Error(err)
		}
		for _, document := range extraction.Documents {
			inside(t, file, facts.Location{Node: document.Root})
		}
		for _, problem := range extraction.Problems {
			inside(t, file, problem.Location)
			if problem.Message == "" || problem.Remedy == "" || problem.Rule == "" {
				t.Errorf("%+v leaves something unsaid", problem)
			}
		}
		sound(t, file, reflect.ValueOf(extraction.Facts))
	})
}

// sound checks every location and every number under value.
func sound(t *testing.T, file *source.File, value reflect.Value) {
	t.Helper()
	if fact, ok := value.Interface().(interface {
		Any() (any, bool)
		Origin() facts.Location
	}); ok {
		stated, known := fact.Any()
		if !known {
			return
		}
		inside(t, file, fact.Origin())
		switch number := stated.(type) {
		case int64:
			if number < 0 {
				t.Errorf("%d", number)
			}
		case float64:
			if number < 0 || math.IsInf(number, 0) || math.IsNaN(number) {
				t.Errorf("%v", number)
			}
		}
		return
	}
	if location, ok := value.Interface().(facts.Location); ok {
		inside(t, file, location)
		return
	}
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			sound(t, file, value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			sound(t, file, value.Index(i))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			sound(t, file, value.MapIndex(key))
		}
	case reflect.Struct:
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				sound(t, file, value.Field(i))
			}
		}
	}
}

func inside(t *testing.T, file *source.File, location facts.Location) {
	t.Helper()
	if location.Node == nil {
		t.Fatal("no place")
	}
	if location.Node.File() != file {
		t.Fatal("another file")
	}
	span := location.Node.Span()
	if span.Start.Offset < 0 || span.Start.Offset > span.End.Offset || span.End.Offset > len(file.Text) {
		t.Fatalf("%+v in a file of %d bytes", span, len(file.Text))
	}
	for _, related := range location.Related {
		inside(t, file, related)
	}
}
