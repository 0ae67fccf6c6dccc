package lint

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Subject identifies the deployment or compute of a finding, independently of its position in the object.
type Subject struct {
	Rule      string
	Component string // as Finding.Component
}

// Subject returns the subject of the finding.
func (f *Finding) Subject() Subject { return Subject{f.Rule, f.Component} }

// Statement is what a finding says, independently of its location.
type Statement struct {
	Subject
	Message string // as comparedMessage
}

// Statement returns what the finding says.
func (f *Finding) Statement() Statement { return Statement{f.Subject(), f.comparedMessage()} }

// SameAs reports whether a finding existed before, perhaps at another location: its statement is the same.
// Messages contain values, so a finding with a changed value is a different one.
func (f *Finding) SameAs(before *Finding) bool { return f.Statement() == before.Statement() }

// NoWorseThan reports whether a finding existed before and its number is known not to be worse now, for the same
// subject on the same target.
func (f *Finding) NoWorseThan(before *Finding) bool {
	return f.Subject() == before.Subject() && f.Target == before.Target && f.Amount.NotAbove(before.Amount)
}

// comparedMessage is the message of a finding without its field, which messages about the input itself contain, and
// without the words that the deployment need not run on the target.
func (f *Finding) comparedMessage() string {
	message := strings.TrimPrefix(f.Message, f.Possible)
	if f.Field == "" {
		return message
	}
	return strings.ReplaceAll(message, f.Field, "")
}

// Identity tells a finding from others across runs, in words that people can compare. It has no line and no message:
// it stays the same when other lines change, when items of a list move, under another edition and in another version.
type Identity struct {
	Subject
	File       string // from the root of the repository
	Deployment string
	Field      string // as source.Node.NamedPath
	// Value is the number by which NoWorseThan compares, else the text of the scalar that decides; empty for what
	// is neither, and for the text of a confidential file.
	Value string
}

// maxIdentityValue is in characters: a longer value has a name in its first ones.
const maxIdentityValue = 80

// Identity returns that of a finding of the result.
func (r *Result) Identity(f *Finding) Identity {
	id := f.identity()
	if name := f.identifiedIn(); name != "" {
		id.File = r.PathOf(name)
	}
	return id
}

// identity returns the Identity without a file.
func (f *Finding) identity() Identity {
	id := Identity{Subject: f.Subject(), Deployment: f.Deployment, Value: f.value()}
	if f.anchor != nil {
		id.Field = cmp.Or(f.anchor.NamedPath(), f.anchor.Path())
	}
	return id
}

// identifiedIn returns the name of the file of the Identity, empty if there is none.
func (f *Finding) identifiedIn() string {
	if f.anchor != nil {
		return f.anchor.File().Name
	}
	return f.fileName()
}

// value is the text of an Identity's value.
func (f *Finding) value() string {
	switch {
	case f.Amount.Known:
		return strconv.FormatFloat(f.Amount.Value, 'f', -1, 64)
	case f.scalar == "":
		return ""
	}
	value := f.scalar
	if utf8.RuneCountInString(value) > maxIdentityValue {
		value = string([]rune(value)[:maxIdentityValue])
	}
	return value
}

// Fingerprints returns a digest of each finding's Identity, in the order of Findings. Of findings with the same one
// each further has its ordinal in the digest, so that all are different. Waived, baselined and unchanged ones are counted
// too, whether or not they are among Findings: a finding keeps its fingerprint when another one is waived.
func (r *Result) Fingerprints() []string {
	all := make([]*Finding, 0, len(r.Findings)+len(r.Waived)+len(r.Baselined))
	withWaived, withBaselined := false, false
	for i := range r.Findings {
		all = append(all, &r.Findings[i])
		withWaived = withWaived || r.Findings[i].Waived != nil
		withBaselined = withBaselined || r.Findings[i].Baselined != nil
	}
	for i := range r.Waived {
		if !withWaived {
			all = append(all, &r.Waived[i])
		}
	}
	for _, unchanged := range [][]Finding{r.Unchanged, r.waivedUnchanged, r.baselinedUnchanged} {
		for i := range unchanged {
			all = append(all, &unchanged[i])
		}
	}
	for i := range r.Baselined {
		if !withBaselined {
			all = append(all, &r.Baselined[i])
		}
	}
	slices.SortStableFunc(all, func(a, b *Finding) int { return compare(*a, *b) })
	seen := map[Identity]int{}
	digests := map[*Finding]string{}
	for _, finding := range all {
		id := r.Identity(finding)
		seen[id]++
		digests[finding] = id.fingerprint(seen[id])
	}
	prints := make([]string, len(r.Findings))
	for i := range r.Findings {
		prints[i] = digests[&r.Findings[i]]
	}
	return prints
}

// fingerprint returns a digest of the identity of the nth finding that has it, from 1.
func (id Identity) fingerprint(n int) string {
	parts := []string{id.Rule, id.File, id.Deployment, id.Component, id.Field, id.Value}
	if n > 1 {
		parts = append(parts, strconv.Itoa(n))
	}
	digest := sha256.New()
	for _, part := range parts {
		digest.Write(strconv.AppendQuote(nil, part)) // so that parts cannot run into each other; a hash has no errors
	}
	return hex.EncodeToString(digest.Sum(nil)[:16])
}
