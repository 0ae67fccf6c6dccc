// Package modelsize measures the files of models: single files, folders, ONNX with external data, safetensors indexes and git-lfs
// pointers.
package modelsize

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// follow resolves a path that must stay in the project. The error is a reason for messages.
func (s *Sizes) follow(root, name string) (resolve.File, error) {
	found, err := resolve.Path(s.fsys, name)
	switch {
	case err != nil:
		return resolve.File{}, cannotRead(path.Clean(name), err)
	case !resolve.Within(s.fsys, root, found.Name):
		return resolve.File{}, fmt.Errorf("%s points outside the project", path.Clean(name))
	}
	return found, nil
}

func cannotRead(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist", name)
	}
	return fmt.Errorf("%s cannot be read", name)
}

// bound returns the folder that a path from a folder must not leave, also by symbolic links. It is
// the root of the project or, without a root, the nearest folder that contains both folder and
// path.
func (s *Sizes) bound(root, folder, local string) (string, error) {
	if root != "" {
		found, err := resolve.Path(s.fsys, root)
		if err != nil {
			return "", cannotRead(root, err)
		}
		return found.Name, nil
	}
	for range resolve.MaxDepth {
		if resolve.Below(folder, path.Join(folder, local)) {
			break
		}
		folder = resolve.Above(folder)
	}
	return folder, nil
}

// maxModelFiles limits the files and folders of a model. Models have hundreds. A folder with more
// is a data set or a checkout, and takes long to walk.
const maxModelFiles = 10_000

// Sizes measures models whose files are in the project, each once. The sources of a model's size
// are, most trusted first: an MLmodel, a safetensors index, the files, a statement, the
// configuration's inventory. Sizes uses the first three.
type Sizes struct {
	fsys     fs.FS
	mlModel  MLModel
	root     func(file string) string // of a file's project, empty for a project without a root
	measured map[measuredPath]measured
}

// measuredPath identifies a measurement. root is the project that the path must not leave.
type measuredPath struct{ root, name, as string }

// measured is the size of a model's files, if known.
type measured struct {
	bytes  int64
	source string // as Model.SizeSource; empty if the size is not known
	why    string // the evidence, or the reason why the size is not known
	node   *source.Node
}

// MLModel returns the size that the MLmodel with a name declares, unknown where there is none.
type MLModel func(ctx context.Context, name string) facts.Fact[int64]

// New returns Sizes for models in fsys. root returns the root of a file's project, empty for a
// project without one.
func New(fsys fs.FS, mlModel MLModel, root func(file string) string) *Sizes {
	return &Sizes{fsys: fsys, mlModel: mlModel, root: root, measured: map[measuredPath]measured{}}
}

// Measure sets the size of a model whose path a file declares. If the size cannot be known, the
// reason is in its location.
func (s *Sizes) Measure(ctx context.Context, file string, model *facts.Model) {
	size := s.path(ctx, file, model.Path.Value)
	at := model.Path.Location
	at.Why = size.why
	if size.source == "" {
		model.SizeBytes = facts.Fact[int64]{Location: at}
		return
	}
	if size.node != nil {
		leads := facts.Because(facts.Location{Node: at.Node}, "path of the model")
		at = facts.Location{Node: size.node, Why: size.why, Related: append([]facts.Location{leads}, at.Related...)}
	}
	model.SizeBytes = facts.Know(size.bytes, at)
	model.SizeSource = facts.Know(size.source, facts.Location{Node: at.Node})
}

// path measures the model at a path, relative to the folder of a file.
func (s *Sizes) path(ctx context.Context, file, stated string) measured {
	local, err := localPath(stated)
	if err != nil {
		return measured{why: err.Error()}
	}
	folder := read.FolderOf(file)
	if s.fsys == nil {
		size, _ := s.stated(ctx, path.Join(folder, local, mlModelName))
		return size
	}
	base, err := resolve.Path(s.fsys, folder)
	if err != nil {
		return measured{why: cannotRead(folder, err).Error()}
	}
	root, err := s.bound(s.root(file), base.Name, local)
	if err != nil {
		return measured{why: err.Error()}
	}
	// path.Join would resolve .. before the symbolic links in front of it.
	found, err := s.follow(root, base.Name+"/"+strings.TrimRight(local, "/"))
	if err != nil {
		return measured{why: err.Error()}
	}
	at := measuredPath{root, found.Name, found.As}
	if _, known := s.measured[at]; !known {
		size, err := s.found(ctx, root, found)
		if err != nil {
			size = measured{why: err.Error()}
		}
		s.measured[at] = size
	}
	return s.measured[at]
}

// localPath returns the relative path of a model. It is an error if the path is a reference, a URL
// or an absolute path.
func localPath(stated string) (string, error) {
	local := strings.ReplaceAll(stated, `\`, "/")
	if rest, ok := strings.CutPrefix(local, "file:"); ok && !strings.HasPrefix(rest, "//") {
		local = rest
	}
	first, _, _ := strings.Cut(local, "/")
	switch {
	case strings.Contains(first, ":"):
		return "", errors.New("its path is not a local path")
	case path.IsAbs(local):
		return "", errors.New("its path is absolute; only relative paths are followed")
	}
	return local, nil
}

// found measures a file or a folder of the project.
func (s *Sizes) found(ctx context.Context, root string, found resolve.File) (measured, error) {
	if found.Info.IsDir() {
		if manifest, err := s.follow(root, path.Join(found.Name, mlModelName)); err == nil {
			if size, ok := s.stated(ctx, manifest.Name); ok {
				return size, nil
			}
		}
		return s.folder(ctx, root, found)
	}
	switch base := path.Base(found.As); {
	case base == mlModelName:
		if size, ok := s.stated(ctx, found.Name); ok {
			return size, nil
		}
		return measured{}, fmt.Errorf("%s does not declare the size of the model", found.As)
	case strings.HasSuffix(base, indexSuffix):
		if total, ok := s.index(found); ok {
			return indexed(total, found.As), nil
		}
	case strings.EqualFold(path.Ext(base), ".onnx"):
		return s.onnx(ctx, root, found)
	}
	return s.single(found)
}

// single measures a model of one file.
func (s *Sizes) single(found resolve.File) (measured, error) {
	bytes, pointer, err := s.file(found)
	switch {
	case err != nil:
		return measured{}, err
	case bytes == 0:
		return measured{}, fmt.Errorf("%s is empty", found.As)
	case pointer:
		return measured{bytes: bytes, source: pointerSource, why: "size in the git-lfs pointer " + found.As}, nil
	}
	return measured{bytes: bytes, source: "file", why: "size of the file " + found.As}, nil
}

// pointerSource is the source of a size from a git-lfs pointer.
const pointerSource = "git-lfs pointer"

// mlModelName is the name of the file that MLflow writes beside a model's files.
const mlModelName = "MLmodel"

// stated returns the size that an MLmodel declares.
func (s *Sizes) stated(ctx context.Context, name string) (measured, bool) {
	bytes := s.mlModel(ctx, name)
	if bytes.Value == 0 {
		return measured{}, false
	}
	return measured{bytes: bytes.Value, source: "MLmodel", why: "size that MLflow measured", node: bytes.Location.Node}, true
}

// file measures one file.
func (s *Sizes) file(found resolve.File) (bytes int64, pointer bool, err error) {
	switch size := found.Info.Size(); {
	case !found.Info.Mode().IsRegular():
		return 0, false, fmt.Errorf("%s is not a regular file", found.As)
	case size < minPointer || size > maxPointer:
		return size, false, nil
	}
	data, err := fs.ReadFile(s.fsys, found.Name)
	if err != nil {
		return 0, false, cannotRead(found.As, err)
	}
	if bytes, ok := readPointer(data); ok {
		return bytes, true, nil
	}
	return int64(len(data)), false, nil
}

// folder measures the files in a folder of the project.
func (s *Sizes) folder(ctx context.Context, root string, found resolve.File) (measured, error) {
	w := &modelWalk{Sizes: s, ctx: ctx, root: root}
	entries, err := w.list(found.Name)
	if err != nil {
		return measured{}, err
	}
	differ := ""
	totals, absent := w.indexes(found.Name, entries)
	switch {
	case absent != "":
		return measured{}, fmt.Errorf("%s is a git-lfs pointer, which does not declare the size of the model", absent)
	case len(totals) > 0 && allEqual(totals):
		return totals[0], nil
	case len(totals) > 0:
		// No file declares which variant is served, and the whole folder is deployed.
		differ = fmt.Sprintf("; its %d safetensors indexes declare different sizes", len(totals))
	}
	if ignore, ok := s.leavesOut(found.Name); ok {
		return measured{}, fmt.Errorf("%s excludes files from %s, so its size is unknown", ignore, found.As)
	}
	if err := w.entries(found.Name, entries); err != nil {
		return measured{}, err
	}
	if w.bytes == 0 || w.files == w.placeholders {
		return measured{}, fmt.Errorf("%s contains no model files", found.As)
	}
	for _, total := range totals {
		if total.bytes > w.bytes {
			return measured{}, fmt.Errorf("%s is smaller than one of its %d safetensors indexes declares", found.As, len(totals))
		}
	}
	return measured{bytes: w.bytes, source: "folder", why: w.why(found.As) + differ}, nil
}

// modelWalk adds up the files of a folder.
type modelWalk struct {
	*Sizes
	ctx     context.Context
	root    string
	around  []string // the parent folders, without symbolic links
	listed  int
	bytes   int64
	files   int
	lfs     int      // the number of git-lfs pointers among them
	skipped []string // folders whose names begin with a dot

	placeholders int // the number of files that only keep or describe the folder
}

// list returns the entries of a folder, sorted by name. Exceeding maxModelFiles is an error.
func (w *modelWalk) list(name string) ([]fs.DirEntry, error) {
	file, err := w.fsys.Open(name)
	if err != nil {
		return nil, cannotRead(name, err)
	}
	defer file.Close()
	folder, ok := file.(fs.ReadDirFile)
	if !ok {
		return nil, cannotRead(name, fs.ErrInvalid)
	}
	var all []fs.DirEntry
	for {
		if err := w.ctx.Err(); err != nil {
			return nil, err
		}
		entries, err := folder.ReadDir(1000)
		all = append(all, entries...)
		if w.listed += len(entries); w.listed > maxModelFiles {
			return nil, fmt.Errorf("more than %d files and folders to measure", maxModelFiles)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, cannotRead(name, err)
		}
	}
	slices.SortFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

// entries adds the entries of a folder. A file that cannot be measured is an error, since a sum
// without it could hide that the model is too large.
func (w *modelWalk) entries(folder string, entries []fs.DirEntry) error {
	w.around = append(w.around, folder)
	defer func() { w.around = w.around[:len(w.around)-1] }()
	for _, entry := range entries {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if err := w.entry(path.Join(folder, entry.Name()), entry); err != nil {
			return err
		}
	}
	return nil
}

func (w *modelWalk) entry(name string, entry fs.DirEntry) error {
	found := resolve.File{Name: name, As: name}
	var err error
	if entry.Type()&fs.ModeSymlink != 0 {
		found, err = w.follow(w.root, name)
	} else if found.Info, err = entry.Info(); err != nil {
		err = cannotRead(name, err)
	}
	switch {
	case err != nil:
		return err
	case !found.Info.IsDir() && path.Ext(found.As) == ".dvc":
		return fmt.Errorf("%s is a DVC pointer to a file outside the project", found.As)
	case !found.Info.IsDir():
		bytes, pointer, err := w.file(found)
		if err != nil {
			return err
		}
		w.bytes = addSize(w.bytes, bytes)
		w.files++
		if keepsFolder(entry.Name()) {
			w.placeholders++
		}
		if pointer {
			w.lfs++
		}
		return nil
	case strings.HasPrefix(entry.Name(), "."):
		// Caches and version control, such as .git and .cache.
		w.skipped = append(w.skipped, entry.Name())
		return nil
	case slices.Contains(w.around, found.Name):
		return nil // a symbolic link to a parent folder
	}
	inside, err := w.list(found.Name)
	if err != nil {
		return err
	}
	return w.entries(found.Name, inside)
}

// keepsFolder reports whether a file is not part of a model, by its name: .gitkeep,
// placeholder.txt, README.md.
func keepsFolder(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch stem {
	case "", "placeholder", "readme", "license":
		return true
	}
	return false
}

// addSize adds sizes that are not negative, without overflow. git-lfs pointers may declare any
// size.
func addSize(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// why returns what was counted, for messages.
func (w *modelWalk) why(name string) string {
	text := fmt.Sprintf("folder %s with %d files", name, w.files)
	if w.files == 1 {
		text = fmt.Sprintf("folder %s with 1 file", name)
	}
	if w.lfs > 0 {
		text += fmt.Sprintf(", %d of them git-lfs pointers", w.lfs)
	}
	if len(w.skipped) > 0 {
		slices.Sort(w.skipped)
		text += ", without " + strings.Join(slices.Compact(w.skipped), ", ")
	}
	return text
}

// leavesOut returns the name of the file that excludes files of a folder from upload, if it has a
// pattern. Azure ML reads it in the folder itself, and .gitignore only without .amlignore.
// https://learn.microsoft.com/azure/machine-learning/how-to-save-write-experiment-files#storage-limits-of-experiment-snapshots
func (s *Sizes) leavesOut(folder string) (string, bool) {
	for _, base := range []string{".amlignore", ".gitignore"} {
		name := path.Join(folder, base)
		info, err := fs.Lstat(s.fsys, name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil, !info.Mode().IsRegular(), info.Size() > read.MaxLinkedFile:
			return name, true
		}
		data, err := fs.ReadFile(s.fsys, name)
		return name, err != nil || slices.ContainsFunc(strings.Split(string(data), "\n"), func(line string) bool {
			line = strings.TrimSpace(line)
			return line != "" && !strings.HasPrefix(line, "#")
		})
	}
	return "", false
}

func allEqual(sizes []measured) bool {
	return !slices.ContainsFunc(sizes, func(size measured) bool { return size.bytes != sizes[0].bytes })
}
