package bicep

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// publicRegistry is the registry of Microsoft's modules, for which each configuration has the alias public.
const publicRegistry = "mcr.microsoft.com/bicep"

// maxFolders limits the folders in which a configuration is looked for.
const maxFolders = 32

// expand returns the full path of a module with an alias: br:mcr.microsoft.com/bicep/avm/res/web/site:0.1.0 for
// br/public:avm/res/web/site:0.1.0. It is empty if the alias is not known.
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-config-modules
func (r *Reader) expand(module string, from *unit) string {
	aliased, ok := strings.CutPrefix(module, "br/")
	if !ok {
		return module
	}
	alias, below, ok := strings.Cut(aliased, ":")
	if !ok {
		return ""
	}
	declared := r.configuration(from.file.Name).At("moduleAliases", "br", alias)
	registry, declares := declared.Get("registry").Scalar()
	switch {
	case declares:
		if folder, ok := declared.Get("modulePath").Scalar(); ok {
			registry += "/" + strings.Trim(folder, "/")
		}
	case declared == nil && alias == "public":
		registry = publicRegistry
	default:
		return ""
	}
	return "br:" + registry + "/" + below
}

// configuration returns the root of the configuration that applies to a file, the nearest bicepconfig.json in its folder or one above within
// the project; nil if there is none.
func (r *Reader) configuration(file string) *source.Node {
	if r.files == nil {
		return nil
	}
	folder := path.Dir(file)
	if root, known := r.configurations[folder]; known {
		return root
	}
	r.configurations[folder] = nil
	at := "bicepconfig.json"
	for range maxFolders {
		name, ok := r.files.Resolve(file, at)
		if !ok {
			break
		}
		if data, ok := r.files.Read(name); ok {
			if parsed := source.Parse(name, data); len(parsed.Documents) == 1 {
				r.configurations[folder] = parsed.Documents[0].Root
			}
			break
		}
		at = "../" + at
	}
	return r.configurations[folder]
}
