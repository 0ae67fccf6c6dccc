// Package suggest finds the name that somebody probably meant.
package suggest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Phrase ends the message about a name that is not one of names: with the one that was
// probably meant, else with all of them.
func Phrase(name string, names []string) string {
	if nearest := Nearest(name, names); nearest != "" {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	if len(names) == 0 {
		return "there is none"
	}
	return "use one of " + strings.Join(names, ", ")
}

// Nearest returns the one of names that name was probably meant to be, empty where none
// is near: other programs use name for it, at most two letters or a third of them differ, or name
// begins just one.
func Nearest(name string, names []string) string {
	if synonym := synonymOf(name, names); synonym != "" {
		return synonym
	}
	best, distance := "", max(2, len(name)/3)+1
	var begun []string
	for _, candidate := range names {
		lower, wanted := strings.ToLower(candidate), strings.ToLower(name)
		if len(wanted) > 2 && strings.HasPrefix(lower, wanted) {
			begun = append(begun, candidate)
		}
		if d := levenshtein.ComputeDistance(wanted, lower); d < distance && 2*d <= max(len(lower), len(wanted)) {
			best, distance = candidate, d
		}
	}
	if best == "" && len(begun) == 1 {
		return begun[0]
	}
	return best
}

// synonymOf returns the one of names that other programs call name, empty where there is none.
func synonymOf(name string, names []string) string {
	var meant []string
	switch strings.ToLower(name) {
	case "none", "off", "no", "nothing", "false", "disable", "disabled", "ignore":
		meant = []string{"never", "off"}
	case "info", "information", "notice", "hint":
		meant = []string{"note"}
	case "fatal", "critical":
		meant = []string{"error"}
	}
	for _, word := range meant {
		if slices.Contains(names, word) {
			return word
		}
	}
	return ""
}
