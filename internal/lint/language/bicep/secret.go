package bicep

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
)

// isSecret reports whether the value of a parameter, or a part of it, may be a secret.
func (r *Reader) isSecret(d *syntax.Declaration, u *unit) bool {
	if d.Secure || d.Declared != nil && d.Declared.Secure {
		return true
	}
	return d.Declared != nil && slices.ContainsFunc(d.Declared.Names, func(name string) bool { return !r.isOpen(name, u) })
}

// isOpen reports whether a type is known to have no secret.
func (r *Reader) isOpen(name string, u *unit) bool {
	if !u.looked {
		u.looked = true // a type that needs itself is secret until then
		u.open = r.openTypes(u)
	}
	return u.open[name] || r.isOpenImport(name, u)
}

// isOpenImport is isOpen for a type of another file.
func (r *Reader) isOpenImport(name string, u *unit) bool {
	space, inside, dotted := strings.Cut(name, ".")
	d := u.symbols[space]
	if d == nil || d.Word != "import" {
		return false
	}
	there := d.Symbols[space]
	switch {
	case there == "*" && dotted:
		there = inside
	case there == "*" || dotted:
		return false
	}
	other := r.fileOf(u, d.Head)
	return other != nil && other != u && r.isOpen(there, other)
}

// openTypes returns the types that a file declares and that have no secret.
func (r *Reader) openTypes(u *unit) map[string]bool {
	open := map[string]bool{}
	for _, d := range u.declarations {
		if d.Word == "type" {
			open[d.Name] = true
		}
	}
	users := map[string][]string{} // of a type, by its name
	var secret []string
	drop := func(name string) {
		if open[name] {
			delete(open, name)
			secret = append(secret, name)
		}
	}
	for _, d := range u.declarations {
		if d.Word != "type" {
			continue
		}
		for _, name := range d.Declared.Names {
			users[name] = append(users[name], d.Name)
		}
		if d.Secure || d.Declared.Secure {
			drop(d.Name)
		}
	}
	for name, of := range users {
		if !open[name] && !r.isOpenImport(name, u) {
			for _, user := range of {
				drop(user)
			}
		}
	}
	for len(secret) > 0 {
		name := secret[len(secret)-1]
		secret = secret[:len(secret)-1]
		for _, user := range users[name] {
			drop(user)
		}
	}
	return open
}
