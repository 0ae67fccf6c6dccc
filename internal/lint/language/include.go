package language

import (
	"path"
	"slices"
)

// Unit returns the name of what other files include with a file: its folder in a language whose modules are folders, else the file.
func (l *Language) Unit(file string) string {
	if l.Folders {
		return path.Dir(file)
	}
	return file
}

// Included returns a unit of a language with modules and those that it includes in any number of steps, and the files in them.
func (r *Readers) Included(of *Language, unit string) (units, files []string) {
	units = []string{unit}
	for i := 0; i < len(units) && len(units) <= maxUnits; i++ {
		inside := r.filesOf(of, units[i])
		files = append(files, inside...)
		for _, name := range inside {
			data, ok := r.read(name)
			if !ok {
				continue
			}
			for _, to := range of.Includes(data) {
				if unit, ok := r.files.Resolve(name, to); ok && !slices.Contains(units, unit) {
					units = append(units, unit)
				}
			}
		}
	}
	return units, files
}

// maxUnits limits the units of a file.
const maxUnits = 1000

// filesOf returns the files of a unit.
func (r *Readers) filesOf(of *Language, unit string) []string {
	if !of.Folders || r.files == nil {
		return []string{unit}
	}
	return slices.DeleteFunc(r.files.List(unit), func(name string) bool { return Of(name) != of })
}

func (r *Readers) read(name string) (data []byte, ok bool) {
	if r.files == nil {
		return nil, false
	}
	return r.files.Read(name)
}

// Decides is Language.Decides for an included file as it is now. One of another language, such as data that it loads, decides too.
func (r *Readers) Decides(of *Language, name string) bool {
	if Of(name) != of {
		return true
	}
	data, ok := r.read(name)
	return ok && of.Decides(name, data)
}
