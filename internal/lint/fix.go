package lint

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/edit"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// redundant is what a finding reports that may have no effect, so that its removal fixes the finding and nothing else.
type redundant struct {
	keys   []*source.Node // of entries
	waiver *waiver.Waiver
	rule   string // the part of the waiver; empty for all of it
}

// run is what a result was made of.
type run struct {
	linter     *Linter
	fsys       fs.FS
	read       inputFiles
	extraction *extract.Extraction
}

// again evaluates the inputs with the data of some files replaced.
func (r *Result) again(ctx context.Context, data map[string][]byte) (*Result, error) {
	read, err := r.run.read.with(data)
	if err != nil {
		return nil, err
	}
	return r.run.linter.lint(ctx, r.run.fsys, read)
}

// with returns the inputs with the data of some files replaced.
func (i inputFiles) with(data map[string][]byte) (inputFiles, error) {
	i.unrecognized = maps.Clone(i.unrecognized)
	files := make([]*source.File, 0, len(i.files))
	for _, file := range i.files {
		if replaced, ok := data[file.Name]; ok {
			var err error
			again := worker{parser: textParser(func(_ string, data []byte) *source.File { return file.Again(data) })}
			if file, err = again.parse(Input{file.Name, func([]byte) ([]byte, error) { return replaced, nil }}); err != nil {
				return i, err
			}
		}
		if file != nil {
			files = append(files, file)
		}
	}
	for name := range data {
		if !slices.ContainsFunc(files, func(f *source.File) bool { return f.Name == name }) {
			i.unrecognized[name] = true
		}
	}
	i.files = files
	return i, nil
}

// FixedFile is a file of which changes fix findings.
type FixedFile struct {
	Name string
	// Before and After are the bytes of the file as it was read and as it should be.
	Before, After []byte
	// TextBefore and TextAfter are the same in UTF-8 without byte order mark.
	TextBefore, TextAfter []byte
	// Findings counts those that the changes fix.
	Findings int
}

const (
	// maxPasses limits how often fixed files are examined for what else can be fixed.
	maxPasses = 10
	// maxProofs limits how often Fix evaluates all inputs. About 2 log n of them find one of n changes that cannot
	// be made.
	maxProofs = 100
)

// Fix returns the files in which findings can be fixed by removing what has no effect: waivers that are unused or have
// expired, declarations that evidence contradicts, and the earlier of equal keys. Each change was applied and evaluated:
// all facts and all other findings are the same. The error is that of the context.
func (r *Result) Fix(ctx context.Context) ([]FixedFile, error) {
	fixed := map[string]*FixedFile{}
	now, tries := r, 0
	for range maxPasses {
		p := &proof{ctx: ctx, result: now, tries: tries}
		p.add(now.repairs())
		tries = p.tries
		if p.err != nil {
			return nil, p.err
		}
		if len(p.accepted) == 0 {
			break
		}
		for _, accepted := range p.accepted {
			file := accepted.file
			if fixed[file.Name] == nil {
				fixed[file.Name] = &FixedFile{Name: file.Name, Before: file.Data(), TextBefore: file.Text}
			}
			fixed[file.Name].Findings += len(accepted.findings)
		}
		for name, text := range p.texts {
			fixed[name].TextAfter, fixed[name].After = text, p.data[name]
		}
		now = p.proved
	}
	var files []FixedFile
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		files = append(files, *fixed[name])
	}
	return files, nil
}

// WithFixes returns the result for the fixed files and the other inputs. The error is that of the context.
func (r *Result) WithFixes(ctx context.Context, files []FixedFile) (*Result, error) {
	data := map[string][]byte{}
	for _, file := range files {
		data[file.Name] = file.After
	}
	return r.again(ctx, data)
}

// repair is a set of changes of a file that may fix findings.
type repair struct {
	file     *source.File
	findings []*Finding
	changes  []edit.Change
}

// repairs returns what may be removed, in the order of the findings.
func (r *Result) repairs() []*repair {
	var all []*repair
	whole := map[*waiver.Waiver]*repair{}
	for i := range r.Findings {
		finding := &r.Findings[i]
		what := finding.redundant
		if one := whole[what.waiver]; one != nil && what.rule == "" {
			one.findings = append(one.findings, finding)
			continue
		}
		changes, ok := what.removal()
		if !ok || len(changes) == 0 || !r.isInput(changes[0].File) || !edit.Editable(changes[0].File) {
			continue
		}
		one := &repair{changes[0].File, []*Finding{finding}, changes}
		all = append(all, one)
		if what.waiver != nil && what.rule == "" {
			whole[what.waiver] = one
		}
	}
	return slices.DeleteFunc(all, r.removesMore())
}

// removesMore returns a function that reports whether a repair removes the text that a finding is about which it does
// not fix: such a repair cannot be proved.
func (r *Result) removesMore() func(*repair) bool {
	byFile := map[*source.File][]*Finding{}
	for finding := range r.every() {
		byFile[finding.File] = append(byFile[finding.File], finding)
	}
	byOffset := func(f *Finding, offset int) int { return cmp.Compare(f.Span.Start.Offset, offset) }
	for _, findings := range byFile {
		slices.SortFunc(findings, func(a, b *Finding) int { return byOffset(a, b.Span.Start.Offset) })
	}
	return func(one *repair) bool {
		findings := byFile[one.file]
		for _, change := range one.changes {
			first, _ := slices.BinarySearchFunc(findings, change.Start, byOffset)
			for _, finding := range findings[first:] {
				if finding.Span.Start.Offset >= change.End {
					break
				}
				if !slices.Contains(one.findings, finding) {
					return true
				}
			}
		}
		return false
	}
}

func (r *Result) isInput(file *source.File) bool { return slices.Contains(r.run.read.files, file) }

// removal returns the changes that remove what is redundant.
func (r redundant) removal() ([]edit.Change, bool) {
	if r.waiver != nil {
		change, ok := r.removalOfWaiver()
		return []edit.Change{change}, ok
	}
	var changes []edit.Change
	for _, key := range r.keys {
		change, ok := edit.RemoveEntry(key)
		if !ok || change.File != r.keys[0].File() {
			return nil, false
		}
		changes = append(changes, change)
	}
	return changes, true
}

func (r redundant) removalOfWaiver() (edit.Change, bool) {
	text := r.waiver.Text
	comment, inComment := edit.CommentAt(text.File, text.Start, text.End)
	if r.rule == "" && inComment {
		return edit.RemoveComment(text.File, comment)
	}
	var value *source.Node
	if !inComment {
		if value = scalarAt(text.File, text.Start, text.End); value == nil {
			return edit.Change{}, false
		}
	}
	if r.rule == "" {
		entry, ok := value.Entry()
		if !ok {
			return edit.Change{}, false
		}
		return edit.RemoveEntry(entry.Key)
	}
	stretch, ok := removalOfRule(r.waiver, r.rule)
	change := edit.Change{Edit: stretch, File: text.File, Scalar: value}
	if inComment {
		change.Comment = &comment
	}
	return change, ok
}

// removalOfRule returns the edit that takes a rule out of the list of a waiver, with the comma behind or before it.
func removalOfRule(w *waiver.Waiver, id string) (edit.Edit, bool) {
	text := w.Text.File.Text
	at := func(i int) (start, end int, ok bool) {
		span := w.RuleSpan(w.Rules[i].ID)
		start, end = span.Start.Offset, span.End.Offset
		return start, end, string(text[start:end]) == w.Rules[i].ID
	}
	i := slices.Index(w.IDs(), id)
	start, end, ok := at(i)
	switch {
	case !ok || len(w.Rules) == 1:
		return edit.Edit{}, false
	case i+1 < len(w.Rules):
		next, _, ok := at(i + 1)
		return edit.Edit{Start: start, End: next}, ok && separatesRules(text, end, next)
	}
	_, before, ok := at(i - 1)
	return edit.Edit{Start: before, End: end}, ok && separatesRules(text, before, start)
}

func separatesRules(text []byte, from, to int) bool {
	return from < to && strings.Trim(string(text[from:to]), ", ") == ""
}

// scalarAt returns the scalar at a stretch of the text of a file.
func scalarAt(file *source.File, start, end int) *source.Node {
	var found *source.Node
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		at := n.Span()
		if found != nil || at.End.Offset < start || end < at.Start.Offset {
			return
		}
		if n.Kind < source.Sequence && at.Start.Offset == start && at.End.Offset == end {
			found = n
			return
		}
		for _, item := range n.Items() {
			if item.Parent() == n {
				walk(item)
			}
		}
		for _, member := range n.Members() {
			if member.Value.Parent() == n {
				walk(member.Value)
			}
		}
	}
	for _, document := range file.Documents {
		walk(document.Root)
	}
	return found
}

// proof finds which repairs of a result change nothing but the findings that they fix.
type proof struct {
	ctx      context.Context
	result   *Result
	accepted []*repair
	tries    int
	err      error // of the context

	proved *Result           // with what is accepted
	texts  map[string][]byte // of the files with accepted repairs
	data   map[string][]byte
}

// add accepts those of some repairs that change nothing else, together with those accepted before. It tries all at once
// and, if that fails, each half.
func (p *proof) add(some []*repair) {
	if len(some) == 0 || p.err != nil || p.tries == maxProofs {
		return
	}
	p.tries++
	if p.try(slices.Concat(p.accepted, some)) || len(some) == 1 {
		return
	}
	p.add(some[:len(some)/2])
	p.add(some[len(some)/2:])
}

func (p *proof) try(repairs []*repair) bool {
	byFile := map[*source.File][]edit.Change{}
	fixed := map[*Finding]bool{}
	for _, one := range repairs {
		byFile[one.file] = append(byFile[one.file], one.changes...)
		for _, finding := range one.findings {
			fixed[finding] = true
		}
	}
	texts, data := map[string][]byte{}, map[string][]byte{}
	for file, changes := range byFile {
		text, ok := applied(file, changes)
		if !ok {
			return false
		}
		texts[file.Name], data[file.Name] = text, file.Encode(text)
	}
	after, err := p.result.again(p.ctx, data)
	if err != nil {
		p.err = err
		return false
	}
	if !p.result.isSame(after, fixed) {
		return false
	}
	p.accepted, p.proved, p.texts, p.data = repairs, after, texts, data
	return true
}

// applied returns the text of a file with changes; false if something else would change.
func applied(file *source.File, changes []edit.Change) ([]byte, bool) {
	edits := make([]edit.Edit, len(changes))
	for i, change := range changes {
		edits[i] = change.Edit
	}
	text, err := edit.Apply(file.Text, edits)
	if err != nil {
		return nil, false
	}
	return text, edit.IsOnly(file, file.Again(file.Encode(text)), changes)
}

// isSame reports whether another result of the same inputs has the same facts, and all findings but the fixed ones.
func (r *Result) isSame(other *Result, fixed map[*Finding]bool) bool {
	if r.Unreported != other.Unreported || len(r.Errors) != len(other.Errors) || factsKey(r.run.extraction) != factsKey(other.run.extraction) {
		return false
	}
	left := map[string]int{}
	parsed := false
	for finding := range r.every() {
		if !fixed[finding] {
			left[finding.key()]++
		} else if finding.Rule == facts.SyntaxRule {
			parsed = true
		}
	}
	for finding := range other.every() {
		key := finding.key()
		switch {
		case left[key] > 0:
			left[key]--
		case parsed && finding.redundant.waiver != nil:
			// What a file without syntax errors reports in addition: it could not be known before that a waiver is unused.
		default:
			return false
		}
	}
	for _, missing := range left {
		if missing > 0 {
			return false
		}
	}
	return true
}

// every yields all findings of the run, also those that are not reported.
func (r *Result) every() iter.Seq[*Finding] {
	return func(yield func(*Finding) bool) {
		for _, list := range [][]Finding{r.Findings, r.Unchanged, r.Waived, r.waivedUnchanged, r.Baselined, r.baselinedUnchanged} {
			for i := range list {
				if !yield(&list[i]) {
					return
				}
			}
		}
	}
}

// key identifies a finding in a result, whatever line it is on.
func (f *Finding) key() string {
	waived := ""
	if f.Waived != nil {
		waived = f.Waived.Reason // a rule that it does not need can be removed from it
	}
	return fmt.Sprintf("%q", []string{
		f.fileName(), f.Rule, string(f.Severity), f.Edition, f.Deployment, f.Component, f.Parameters, f.Field, lineNumbers.ReplaceAllString(f.Message, ""), waived,
		strconv.FormatBool(f.Baselined != nil),
	})
}

// lineNumbers matches line numbers in messages.
var lineNumbers = regexp.MustCompile(`\bline \d+`)

// factsKey is equal for extractions with the same facts, wherever they were read. Labels and tags of mlpolicy count only
// as what they declare.
func factsKey(e *extract.Extraction) string {
	formats := make([]string, len(e.Documents))
	for i, document := range e.Documents {
		formats[i] = document.Format
	}
	variants := make([]*facts.Deployment, len(e.Variants))
	for i, variant := range e.Variants {
		variants[i] = variant.Deployment
	}
	key, err := json.Marshal([]any{
		unlabelled(e.Deployments), e.Computes, unlabelled(e.Dependents.Deployments), e.Dependents.Computes, unlabelled(variants), formats,
	})
	if err != nil { // facts are texts and finite numbers
		panic(err)
	}
	return string(key)
}

// unlabelled returns deployments without the labels and tags of mlpolicy.
func unlabelled(deployments []*facts.Deployment) []*facts.Deployment {
	all := make([]*facts.Deployment, len(deployments))
	for i, d := range deployments {
		without := *d
		without.Labels = maps.Clone(d.Labels)
		maps.DeleteFunc(without.Labels, func(key string, _ facts.Fact[string]) bool {
			return strings.HasPrefix(key, "mlpolicy.dev/") || strings.HasPrefix(key, "mlpolicy.dev:")
		})
		all[i] = &without
	}
	return all
}
