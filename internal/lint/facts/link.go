package facts

import (
	"context"
	"io/fs"
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// part is what a document that is no deployment adds to deployments of others.
type part struct {
	kind            partKind
	name, namespace string // by which others refer to it; empty where a folder brings them together
	facts           *Deployment
}

type partKind uint8

const (
	// inferenceConfig adds to the v1 deployment configurations of its folder.
	inferenceConfig partKind = iota
	// mlModel adds the size to the models whose path leads to its folder.
	mlModel
	// armParameters adds values to the ARM templates of its folder.
	armParameters
	// instanceType adds what a pod asks for and where it runs to the Azure ML
	// deployments on Kubernetes that name it.
	instanceType
)

// maxLinkedFile is in bytes: what completes a deployment is written by hand.
const maxLinkedFile = 1 << 20

// standardInput is the name of the source.File that no folder holds.
const standardInput = "<stdin>"

// folderOf returns the folder of a file. Standard input is alone in one of its own.
func folderOf(file string) string {
	if file == standardInput {
		return standardInput
	}
	return path.Dir(file)
}

// linker looks up the parts that other files hold.
type linker struct {
	fsys    fs.FS
	read    map[string]*reading // by file name
	folders map[string][]string // names of a folder's files
	walked  map[string]bool     // folders whose files in the file system are among them
	onlys   map[partOf]*part    // what only found
}

// partOf is what a part can be looked up by.
type partOf struct {
	kind   partKind
	folder string
}

func newLinker(fsys fs.FS, readings []*reading) *linker {
	l := &linker{
		fsys: fsys, read: make(map[string]*reading, len(readings)),
		folders: map[string][]string{}, walked: map[string]bool{standardInput: true}, onlys: map[partOf]*part{},
	}
	for _, reading := range readings {
		l.read[reading.file.Name] = reading
		folder := folderOf(reading.file.Name)
		l.folders[folder] = append(l.folders[folder], reading.file.Name)
	}
	return l
}

// complete adds to a deployment what documents beside its own say.
func (l *linker) complete(ctx context.Context, d *Deployment) {
	if d.Format == azureFunctionsProject.name {
		l.completeFunctions(ctx, d)
	}
	if d.Format != azureMLv1DeploymentConfig.name {
		return
	}
	if only := l.only(ctx, partOf{inferenceConfig, folderOf(d.Subject.File)}); only != nil {
		(&merger{silent: true}).deployment(d, only.facts)
	}
}

// measure looks up the sizes of models whose files are at hand: those whose path is
// relative to the folder of the deployment's file.
func (l *linker) measure(ctx context.Context, d *Deployment) {
	folder := folderOf(d.Subject.File)
	if folder == standardInput {
		return
	}
	for _, model := range d.Models {
		if model.SizeBytes.Known || !model.Path.Known || path.IsAbs(model.Path.Value) || strings.Contains(model.Path.Value, ":") {
			continue
		}
		if parts := l.file(ctx, path.Join(folder, model.Path.Value, "MLmodel")).parts[mlModel]; len(parts) == 1 {
			model.SizeBytes, model.SizeSource = parts[0].facts.Models[0].SizeBytes, parts[0].facts.Models[0].SizeSource
		}
	}
}

// only returns the one part of a kind in a folder, nil when there is none or more.
func (l *linker) only(ctx context.Context, of partOf) *part {
	if only, known := l.onlys[of]; known {
		return only
	}
	var all []*part
	for _, name := range l.siblings(of.folder) {
		all = append(all, l.file(ctx, name).parts[of.kind]...)
	}
	l.onlys[of] = nil
	if len(all) == 1 {
		l.onlys[of] = all[0]
	}
	return l.onlys[of]
}

// file reads a file that was not named for linking; a file that cannot be read
// completes nothing.
func (l *linker) file(ctx context.Context, name string) *reading {
	if known := l.read[name]; known != nil {
		return known
	}
	read := &reading{}
	l.read[name] = read
	if l.fsys == nil {
		return read
	}
	if info, err := fs.Stat(l.fsys, name); err != nil || !info.Mode().IsRegular() || info.Size() > maxLinkedFile {
		return read
	}
	data, err := fs.ReadFile(l.fsys, name)
	if err == nil && Recognize(data) != Unrecognized {
		*read = *readFile(ctx, source.Parse(name, data))
	}
	return read
}

// siblings lists the files of a folder, those of the run and those in the file
// system, each once.
func (l *linker) siblings(folder string) []string {
	names := l.folders[folder]
	if l.fsys == nil || l.walked[folder] {
		return names
	}
	l.walked[folder] = true
	entries, err := fs.ReadDir(l.fsys, folder)
	if err != nil {
		return names
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		switch path.Ext(name) {
		case ".json", ".yml", ".yaml":
			if !known[name] && !entry.IsDir() {
				names = append(names, name)
			}
		}
	}
	l.folders[folder] = names
	return names
}
