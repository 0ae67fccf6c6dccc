package lint

import (
	"path"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/language"
)

// changedModules are the changes in languages whose files include each other.
type changedModules struct {
	readers *language.Readers // nil for an object
	former  []Former          // files in such languages
	known   map[string]bool   // the answers of changed.module, by file
}

func (m *changedModules) add(former Former) {
	if of := language.Of(former.Path); of != nil && of.Modules {
		m.former = append(m.former, former)
	}
}

// module reports whether what a file describes together with those that it includes depends on a change: the file itself changed; one that
// decides changed, is new or was deleted in what is included; or a file that changed or was deleted included it before, so that
// it was not a module of its own.
func (c *changed) module(file string) bool {
	of := language.Of(file)
	if of == nil || !of.Modules || c.modules.readers == nil {
		return false
	}
	answer, known := c.modules.known[file]
	if !known {
		answer = c.File(file) || c.included(of, file) || c.wasIncluded(of, file)
		if c.modules.known == nil {
			c.modules.known = map[string]bool{}
		}
		c.modules.known[file] = answer
	}
	return answer
}

// included reports whether a file decided or decides in what a file includes, and changed.
func (c *changed) included(of *language.Language, file string) bool {
	units, files := c.modules.readers.Included(of, of.Unit(file))
	if slices.ContainsFunc(files, func(name string) bool { return c.modules.readers.Decides(of, name) && c.File(name) }) {
		return true
	}
	paths := map[string]bool{}
	for _, unit := range units {
		paths[c.unitPath(of, unit)] = true
	}
	return slices.ContainsFunc(c.modules.former, func(former Former) bool {
		return paths[of.Unit(former.Path)] && language.Of(former.Path) == of && of.Decides(former.Path, former.Text)
	})
}

// wasIncluded reports whether a former text included the module of a file. What it included by way of other files, one of these describes
// now, or it is gone and a former text too.
func (c *changed) wasIncluded(of *language.Language, file string) bool {
	own := c.unitPath(of, of.Unit(file))
	return slices.ContainsFunc(c.modules.former, func(former Former) bool {
		return language.Of(former.Path) == of && slices.ContainsFunc(of.Includes(former.Text), func(to string) bool {
			return path.Join(path.Dir(former.Path), to) == own
		})
	})
}

// unitPath returns the path of a unit in the repository.
func (c *changed) unitPath(of *language.Language, unit string) string {
	if of.Folders {
		return path.Dir(c.path(path.Join(unit, "any")))
	}
	return c.path(unit)
}
