package lint

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Changes are the changes of a repository since one of its commits. Files and folders are named as inputs are.
type Changes struct {
	// File reports whether a file may have changed, or what decides whether and how it is evaluated.
	File func(name string) bool
	// Under reports whether a file at a path or below it changed, is new or was deleted.
	Under func(path string) bool
	// Configuration reports whether the files or the policies of a configuration changed.
	Configuration func(*config.Config) bool
	// Baseline reports whether the file of a baseline changed.
	Baseline func(*Baseline) bool
	// Any reports whether a file changed that can describe deployments.
	Any bool
	// Former are the files that changed or were deleted, as they were before. Their documents may have completed
	// deployments in other files.
	Former []Former
}

// Former is a file as it was before a change. An unknown text may have completed every deployment.
type Former struct {
	Path  string // as Result.PathOf
	Text  []byte
	Known bool
}

// Restrict moves the findings that do not depend on a change from Findings to Unchanged, and likewise drops those from
// Waived and Baselined. A finding depends on its own file, on that of its deployment, on all files with facts of the
// deployment, and on those that had some: it is kept unless it is known to be independent of all changes. What was not
// evaluated may have completed any deployment.
func (r *Result) Restrict(ctx context.Context, changes Changes) {
	c := &changed{Changes: changes, path: r.PathOf, files: map[string]bool{}, configs: map[*config.Config]bool{}, baselines: map[*Baseline]bool{}, facts: map[any]bool{}}
	if r.run.read.parser != nil {
		c.modules.readers = r.run.read.parser.readers
	}
	for _, former := range changes.Former {
		if !former.Known {
			c.unknown = true
			break
		}
		c.modules.add(former)
		if extract.RecognizeFile(former.Path, former.Text) == extract.Unrecognized {
			continue
		}
		c.former = append(c.former, formerParts{former.Path, extract.PartsOf(ctx, parseAlone(former.Path, former.Text))})
	}
	r.Findings, r.Unchanged = c.split(r.Findings)
	r.Waived, r.waivedUnchanged = c.split(r.Waived)
	r.Baselined, r.baselinedUnchanged = c.split(r.Baselined)
}

// split returns the findings that depend on changes, and the others.
func (c *changed) split(findings []Finding) (affected, others []Finding) {
	for i := range findings {
		if f := &findings[i]; c.affects(f) {
			affected = append(affected, *f)
		} else {
			others = append(others, *f)
		}
	}
	return affected, others
}

// changed decides which findings depend on changes.
type changed struct {
	Changes
	path      func(file string) string
	unknown   bool // something that changed may have been anything
	former    []formerParts
	modules   changedModules
	files     map[string]bool
	configs   map[*config.Config]bool
	baselines map[*Baseline]bool
	facts     map[any]bool // by deployment and compute
}

type formerParts struct {
	Path string
	extract.Parts
}

func (c *changed) affects(f *Finding) bool {
	switch {
	case c.unknown, f.File == nil, c.file(f.File), f.own != nil && c.file(f.own.File()):
		return true
	case (f.relates || f.Unevaluated && f.deployment == nil) && c.Any:
		return true
	case f.config != nil && c.configuration(f.config), f.listedIn != nil && c.baseline(f.listedIn):
		return true
	case slices.ContainsFunc(f.Related, func(related Related) bool { return related.File != nil && c.file(related.File) }):
		return true
	case f.deployment != nil:
		return c.once(f.deployment, func() bool { return c.deployment(f.deployment) })
	case f.compute != nil:
		return c.once(f.compute, func() bool {
			return slices.ContainsFunc(f.compute.Locations(), c.location) || c.module(f.compute.Subject.File)
		})
	}
	return false
}

// once returns the answer for a deployment or a compute, which it asks for once.
func (c *changed) once(of any, ask func() bool) bool {
	answer, known := c.facts[of]
	if !known {
		answer = ask()
		c.facts[of] = answer
	}
	return answer
}

func (c *changed) file(file *source.File) bool {
	answer, known := c.files[file.Name]
	if !known {
		answer = c.File(file.Name)
		c.files[file.Name] = answer
	}
	return answer
}

func (c *changed) configuration(configuration *config.Config) bool {
	answer, known := c.configs[configuration]
	if !known {
		answer = c.Configuration(configuration)
		c.configs[configuration] = answer
	}
	return answer
}

func (c *changed) baseline(of *Baseline) bool {
	answer, known := c.baselines[of]
	if !known {
		answer = c.Baseline(of)
		c.baselines[of] = answer
	}
	return answer
}

func (c *changed) location(location facts.Location) bool {
	return location.Node != nil && c.file(location.Node.File()) || slices.ContainsFunc(location.Related, c.location)
}

// deployment reports whether a deployment has facts in changed files, or may have had some.
func (c *changed) deployment(d *facts.Deployment) bool {
	if slices.ContainsFunc(d.Locations(), c.location) || c.module(d.Subject.File) {
		return true
	}
	for _, model := range d.Models {
		if from := model.Path.Location.Node; from != nil && c.Under(path.Join(path.Dir(from.File().Name), model.Path.Value)) {
			return true
		}
	}
	if extract.OfFolder(d) && c.Under(path.Dir(d.Subject.File)) {
		return true
	}
	folder := path.Dir(c.path(d.Subject.File)) + "/"
	return slices.ContainsFunc(c.former, func(former formerParts) bool {
		return former.MayComplete(d, folder == "./" || strings.HasPrefix(former.Path, folder))
	})
}
