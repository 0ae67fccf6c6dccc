package waiver

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// Settings say which waivers an organisation accepts: waiving: in the configuration. The zero value accepts all.
type Settings struct {
	// Require are the keys of the grammar that each waiver must have, beside reason.
	Require []string
	// Longest is how many days ahead until may lie; 0 for any.
	Longest int
	// Reason is the least length of a reason in characters.
	Reason int
	// DenyInFiles rejects waivers outside the configuration.
	DenyInFiles bool
	// Rules has the rules that cannot be waived everywhere.
	Rules map[string]Grant
}

// Grant says where a rule can be waived.
type Grant string

// The grants.
const (
	Never         Grant = "never"
	Configuration Grant = "configuration" // and nowhere else
)

// Grants are the words for grants.
func Grants() []string { return []string{string(Never), string(Configuration)} }

// Requirable are the keys that settings may require.
func Requirable() []string { return []string{"until", "owner", "ticket"} }

// Check removes the rules that the waiver has no effect on and says why: those that are not among the known ones, and
// those that the settings do not let it waive. inFile is true for a waiver outside the configuration.
func (w *Waiver) Check(settings Settings, known []string, inFile bool) []Mistake {
	c := &check{w, nil}
	switch missing := w.missing(settings.Require); {
	case inFile && settings.DenyInFiles:
		c.add(w.whole(), "State it under waivers: in the configuration.", "the configuration does not allow waivers in files (waiving: in_files: deny)")
	case len(missing) > 0:
		c.add(w.whole(), fmt.Sprintf("Add %s=….", strings.Join(missing, "=… and ")), "a waiver needs %s here (waiving: require)", strings.Join(missing, " and "))
	case utf8.RuneCountInString(w.Reason) < settings.Reason:
		c.add(w.keys["reason"], "Say in more words why the rule does not apply.", "the reason %q has fewer than %d characters (waiving: reason)", w.Reason, settings.Reason)
	case settings.Longest > 0 && w.Until.IsZero():
		c.add(w.whole(), fmt.Sprintf("Add until=…, at most %d days ahead.", settings.Longest), "a waiver needs until here (waiving: longest)")
	}
	if len(c.mistakes) > 0 {
		w.Rules = nil
		return c.mistakes
	}
	w.Rules = slices.DeleteFunc(w.Rules, func(rule Rule) bool {
		grant := settings.Rules[rule.ID]
		switch {
		case rule.ID == ID:
			c.add(rule.at, "Correct or remove the waiver that it is about.", "findings of rule %s cannot be waived", ID)
		case !slices.Contains(known, rule.ID):
			c.add(rule.at, "mlpolicy rules lists the rules.", "unknown rule %q: %s", rule.ID, suggest.Phrase(rule.ID, known))
		case grant == Never:
			c.add(rule.at, "Fix the finding.", "the configuration does not allow waivers of %s", rule.ID)
		case grant == Configuration && inFile:
			c.add(rule.at, "State it under waivers: in the configuration.", "the configuration does not allow waivers of %s in files", rule.ID)
		default:
			return false
		}
		return true
	})
	return c.mistakes
}

// ID is that of the findings about waivers.
const ID = facts.WaiverRule

type check struct {
	waiver   *Waiver
	mistakes []Mistake
}

func (c *check) add(at span, remedy, format string, args ...any) {
	text := c.waiver.Text
	c.mistakes = append(c.mistakes, Mistake{File: text.File, Span: text.locate(at), Message: fmt.Sprintf(format, args...), Remedy: remedy})
}

func (w *Waiver) whole() span { return span{0, len(w.Text.Content)} }

// missing returns the keys among some that the waiver does not have.
func (w *Waiver) missing(keys []string) []string {
	var missing []string
	for _, key := range keys {
		if _, has := w.keys[key]; !has && !slices.Contains(missing, key) {
			missing = append(missing, key)
		}
	}
	return missing
}

// UntilSpan returns where the last day stands, or the whole text.
func (w *Waiver) UntilSpan() source.Span {
	if at, has := w.keys["until"]; has {
		return w.Text.locate(at)
	}
	return w.Text.Span()
}

// RuleSpan returns where a rule of the waiver stands.
func (w *Waiver) RuleSpan(id string) source.Span {
	for _, rule := range w.Rules {
		if rule.ID == id {
			return w.Text.locate(rule.at)
		}
	}
	return w.Text.Span()
}
