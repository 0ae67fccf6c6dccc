package baseline

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// version is of the form of a baseline. What an older program would misread raises it.
const version = 1

const (
	versionKey  = "version"
	findingsKey = "findings"

	fileKey       = "file"
	deploymentKey = "deployment"
	ruleKey       = "rule"
	componentKey  = "component"
	targetKey     = "target"
	mayRunKey     = "may_run_on"
	fieldKey      = "field"
	valueKey      = "value"
	atLeastKey    = "at_least"
	countKey      = "count"
)

const (
	// maxMistakes is how many mistakes are reported.
	maxMistakes = 10
	// maxCount bounds the count of an entry, so that sums are numbers.
	maxCount = 1_000_000
)

// Parse reads the text of a baseline. The order of entries has no meaning. An error is config.Errors with the position
// of each mistake.
func Parse(name string, data []byte) (*Baseline, error) {
	file := source.Parse(name, data)
	r := &reader{}
	if line := conflict(file); line > 0 {
		r.mistakes = append(r.mistakes, &config.Error{File: name, Line: line, Column: 1, Message: "unresolved merge conflict", Source: file})
		return nil, r.mistakes
	}
	for _, problem := range file.Problems {
		start := problem.Span.Start
		r.mistakes = append(r.mistakes, &config.Error{
			File: name, Line: start.Line, Column: start.Column, Message: problem.Message, Source: file, Span: problem.Span,
		})
	}
	b := &Baseline{Name: name}
	switch {
	case len(r.mistakes) > 0:
	case len(file.Documents) != 1:
		r.mistakes = append(r.mistakes, &config.Error{File: name, Message: `a baseline must be one document: {"version": 1, "findings": []}`, Source: file})
	default:
		b.Entries = r.document(file.Documents[0].Root)
	}
	if len(r.mistakes) > 0 {
		return nil, r.mistakes
	}
	return b, nil
}

var conflictMarker = regexp.MustCompile(`(?m)^(<{7}|={7}|>{7}|\|{7})( |\r?$)`)

// conflict returns the line of the first conflict marker of git, 0 if there is none.
func conflict(file *source.File) int {
	at := conflictMarker.FindIndex(file.Text)
	if at == nil {
		return 0
	}
	return 1 + strings.Count(string(file.Text[:at[0]]), "\n")
}

type reader struct{ mistakes config.Errors }

func (r *reader) mistake(node *source.Node, format string, args ...any) {
	if len(r.mistakes) < maxMistakes {
		r.mistakes = append(r.mistakes, config.At(node, fmt.Sprintf(format, args...)))
	}
}

func (r *reader) document(root *source.Node) []Entry {
	if root.Kind != source.Mapping {
		r.mistake(root, `a baseline must be a mapping: {"version": 1, "findings": []}`)
		return nil
	}
	members := r.members(root, versionKey, findingsKey)
	switch stated := members[versionKey]; {
	case stated == nil:
		r.mistake(root, "a baseline needs a version: %d", version)
		return nil
	case stated.Kind != source.Number || stated.Text() != strconv.Itoa(version):
		r.mistake(stated, "unknown version %s of a baseline: this program reads version %d", stated.Text(), version)
		return nil
	}
	list := members[findingsKey]
	if list == nil || list.Kind != source.Sequence {
		at := root
		if list != nil {
			at = list
		}
		r.mistake(at, "findings must be a list of entries")
		return nil
	}
	var entries []Entry
	for i, item := range list.Items() {
		if item.IsNull() && i == len(list.Items())-1 {
			break
		}
		if entry, ok := r.entry(item); ok {
			entries = append(entries, entry)
		}
	}
	return entries
}

// members returns the values of a mapping by its keys, which must be among the known ones.
func (r *reader) members(mapping *source.Node, known ...string) map[string]*source.Node {
	values := map[string]*source.Node{}
	for _, member := range mapping.Members() {
		key := member.Key.Text()
		switch {
		case !slices.Contains(known, key):
			r.mistake(member.Key, "unknown key %q: %s", key, suggest.Phrase(key, known))
		case values[key] != nil:
			r.mistake(member.Key, "duplicate key %q", key)
		default:
			values[key] = member.Value
		}
	}
	return values
}

// drive begins an absolute path of Windows. Elsewhere names may have a colon: a baseline that lists such a file must be
// valid.
var drive = regexp.MustCompile(`^[A-Za-z]:[/\\]`)

func (r *reader) entry(item *source.Node) (Entry, bool) {
	if item.Kind != source.Mapping {
		r.mistake(item, "an entry must be a mapping")
		return Entry{}, false
	}
	before := len(r.mistakes)
	members := r.members(item, fileKey, deploymentKey, ruleKey, componentKey, targetKey, mayRunKey, fieldKey, valueKey, atLeastKey, countKey)
	entry := Entry{Count: 1, At: item}
	entry.File, entry.Deployment, entry.Rule = r.text(fileKey, members), r.text(deploymentKey, members), r.text(ruleKey, members)
	entry.Component, entry.Target, entry.Field = r.text(componentKey, members), r.text(targetKey, members), r.text(fieldKey, members)
	if at := members[fileKey]; entry.File != "" && (!fs.ValidPath(entry.File) || entry.File == "." || drive.MatchString(entry.File)) {
		r.mistake(at, "invalid path %q: paths count from the folder of the project, with slashes and without .. or . as a part", entry.File)
	}
	for _, key := range []string{fileKey, ruleKey} {
		if members[key] == nil {
			r.mistake(item, "an entry needs a %s", key)
		}
	}
	if may := members[mayRunKey]; may != nil {
		if members[targetKey] != nil {
			r.mistake(may, "an entry has either %s or %s", targetKey, mayRunKey)
		}
		entry.Target, entry.MayRun = r.text(mayRunKey, members), true
	}
	r.value(&entry, members)
	if count := members[countKey]; count != nil {
		n, err := strconv.Atoi(count.Text())
		if count.Kind != source.Number || err != nil || n < 1 || n > maxCount {
			r.mistake(count, "count must be a number from 1 to %d", maxCount)
		}
		entry.Count = n
	}
	return entry, len(r.mistakes) == before
}

// text returns the text of a key, which may be missing.
func (r *reader) text(key string, members map[string]*source.Node) string {
	value := members[key]
	if value == nil {
		return ""
	}
	if value.Kind != source.String || value.Text() == "" {
		r.mistake(value, "%s must be a text that is not empty", key)
	}
	return value.Text()
}

func (r *reader) value(entry *Entry, members map[string]*source.Node) {
	value, least := members[valueKey], members[atLeastKey]
	switch {
	case least != nil && value != nil:
		r.mistake(least, "an entry has either %s or %s", valueKey, atLeastKey)
	case least != nil && least.Kind != source.Number:
		r.mistake(least, "%s must be a number", atLeastKey)
	case least != nil:
		entry.Value.Number = r.number(least)
		entry.Value.Number.AtLeast = true
	case value != nil && value.Kind == source.Number:
		entry.Value.Number = r.number(value)
	case value != nil && (value.Kind != source.String || value.Text() == ""):
		r.mistake(value, "%s must be a number or a text that is not empty", valueKey)
	case value != nil:
		entry.Value.Text = value.Text()
	}
}

func (r *reader) number(node *source.Node) facts.Number {
	number, err := strconv.ParseFloat(node.Text(), 64)
	if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
		r.mistake(node, "invalid number %s", node.Text())
	}
	return facts.Number{Value: number, Known: true}
}
