package python

import (
	"path"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestValues checks which instance types of programs are known. The programs in testdata/values.txtar assign to names and objects in all
// ways that Python has.
func TestValues(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/values.txtar")
	if err != nil || len(archive.Files) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, file := range archive.Files {
		known := false
		for _, call := range Calls(nil, "a.py", file.Data) {
			for _, argument := range call.Arguments {
				if argument.Name == "instance_type" && argument.Why == "" {
					known = true
					if argument.Text != "Standard_NC6s_v3" {
						t.Errorf("%s: %q", file.Name, argument.Text)
					}
				}
			}
		}
		if want := strings.HasPrefix(file.Name, "known/"); known != want {
			t.Errorf("%s: known %v", file.Name, known)
		}
	}
}

// disk has the files of a project.
type disk map[string]string

func (d disk) Resolve(from, to string) (string, bool) { return path.Join(path.Dir(from), to), true }

func (d disk) Read(name string) ([]byte, bool) {
	text, ok := d[name]
	return []byte(text), ok
}

func (d disk) Reads(_, name string) bool {
	_, ok := d[name]
	return ok
}

// TestOtherCode checks that what other code may assign is not known.
func TestOtherCode(t *testing.T) {
	files := disk{
		"p/run/args.py": "import argparse\nargs = 1\n", "p/run/size.py": "def f():\n  global size\n  size = 'c'\n",
		"p/run/star.py": "from x import *\n", "p/run/two.py": "print 'x'\n", "p/run/exec.py": "exec(x)\n",
		"p/run/local.py": "def f(size): size = 1\n", "p/run/a.ipynb": `{"cells": [{"cell_type": "code", "source": "!ls\\nother = 1"}]}`,
		"p/run/size.ipynb": `{"cells": [{"cell_type": "code", "source": "size = 1"}]}`, "p/run/nested.ipynb": `{"cells": [{"cell_type": "code", "source": "%run args.py"}]}`,
		"p/run/broken.ipynb": `{"cells": [`,
	}
	for cell, known := range map[string]bool{
		"%run other.ipynb": false, "%run ./other": false, "%store -r": false, "%matplotlib inline": true, "!python other.py": true,
		"exec(open('other.py').read())": false, "%run run/args.py --size 1": true, "%run ./run/size.py": false, "%run run/star.py": false,
		"%run run/two.py": false, "%run run/none.py": false, "%run -i run/args.py": false, "%run run/exec.py": false,
		"%run run/local.py": true, "%run run/a.ipynb": true, "%run run/size.ipynb": false, "%run run/nested.ipynb": false, "%run run/broken.ipynb": false,
	} {
		notebook := `{"cells": [
			{"cell_type": "code", "source": "from azure.ai.ml.entities import AmlCompute\nsize = 'a'\n"},
			{"cell_type": "code", "source": "` + cell + `"},
			{"cell_type": "code", "source": "after = 'b'\nAmlCompute(size=size, tier=after)"}]}`
		calls := Calls(files, "p/a.ipynb", []byte(notebook))
		if len(calls) != 1 || len(calls[0].Arguments) != 2 {
			t.Fatalf("%s: %+v", cell, calls)
		}
		if size, after := calls[0].Arguments[0], calls[0].Arguments[1]; (size.Why == "") != known || after.Text != "b" {
			t.Errorf("%s: %+v, %+v", cell, size, after)
		}
	}
}
