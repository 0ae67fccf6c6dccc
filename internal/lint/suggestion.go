package lint

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/edit"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Suggestion is a change with which a rule does not report.
type Suggestion struct {
	Change whatif.Change
	Value  string // the ID of the target or of the edition, or the text that replaces a value
	Name   string // of the target, that of its row in the table; empty for others
	// Edits make the change. They were applied and evaluated: the finding is gone, no other one is added, and nothing
	// else is described differently. They are empty for a change without such edits.
	Edits []SuggestedEdit
}

// SuggestedEdit replaces a stretch of the text of a file.
type SuggestedEdit struct {
	File *source.File
	edit.Edit
}

// The changes of values. Only SuggestEdits suggests them.
const (
	ChangeMemory      whatif.Change = "memory"              // request less memory
	ChangePriority    whatif.Change = "vm-priority"         // use dedicated VMs
	ChangeAutoscaling whatif.Change = "cluster-autoscaling" // do not scale the cluster
	ChangeNodes       whatif.Change = "nodes"               // limit the cluster to one node
)

// maxTrials limits how often all inputs are evaluated again for edits. One evaluation tries a suggestion for each
// deployment that shares nothing with another one.
const maxTrials = 20

// SuggestEdits adds edits to the suggestions of all findings, and suggestions that change values. If the context ends
// first, only some suggestions have edits. Waived findings and those in standard input without a name get none, and so do
// suggestions of another edition if the Linter uses Batches: they concern all inputs.
func (r *Result) SuggestEdits(ctx context.Context) {
	t := newTrials(r)
	for i := range r.Findings {
		t.propose(&r.Findings[i])
	}
	for range maxTrials {
		if !t.next(ctx) {
			return
		}
	}
}

// proposal is a suggestion whose edits may fix a finding.
type proposal struct {
	finding    *Finding
	index      int // of the suggestion in the finding; that of a new one is the number of those before
	suggestion Suggestion
	changes    []edit.Change
	deployment *facts.Deployment // that changes; nil for a compute
	compute    source.Position   // of the compute that changes
	part       *source.Node      // of the input that the proposal is in
	edition    bool              // it changes a configuration
}

// trials try proposals.
type trials struct {
	result  *Result
	all     subjects
	parts   parts
	alone   bool // rules compare deployments
	waiting []*proposal
}

// subjects are the deployments and computes of a run, in an order that stays the same if a value changes.
type subjects struct {
	deployments []*facts.Deployment
	computes    []*facts.Compute
}

func (r *Result) subjects() subjects {
	e := r.run.extraction
	return subjects{slices.Concat(e.Deployments, e.Dependents.Deployments), slices.Concat(e.Computes, e.Dependents.Computes)}
}

func newTrials(r *Result) *trials {
	t := &trials{result: r, all: r.subjects()}
	for i := range r.Findings {
		if e := r.Findings[i].evaluation; e != nil {
			t.alone = t.alone || e.whatIf.Policies.Extended()
		}
	}
	t.parts = partsOf(t.all)
	return t
}

// propose adds the proposals for a finding.
func (t *trials) propose(f *Finding) {
	if f.evaluation == nil || f.variant || f.deployment == nil && f.compute == nil {
		return
	}
	rule, _ := f.evaluation.whatIf.Policies.Rule(f.Rule)
	for i, suggestion := range f.Suggestions {
		switch suggestion.Change {
		case whatif.ChangeTarget:
			if rule.Severity != facts.Note { // a note is no reason to move a deployment
				t.add(f, i, suggestion, retarget(f.deployment, suggestion.Value))
			}
		case whatif.ChangeEdition:
			t.addEdition(f, i, suggestion)
		}
	}
	for _, change := range []whatif.Change{ChangeMemory, ChangePriority, ChangeAutoscaling, ChangeNodes} {
		if value, changes := f.revalue(change); len(changes) > 0 {
			t.add(f, len(f.Suggestions), Suggestion{Change: change, Value: value}, changes)
		}
	}
}

func (t *trials) add(f *Finding, index int, suggestion Suggestion, changes []edit.Change) {
	if len(changes) == 0 {
		return
	}
	p := &proposal{finding: f, index: index, suggestion: suggestion, changes: changes}
	for _, change := range changes {
		if !t.result.isInput(change.File) || !edit.Editable(change.File) || change.File.Name == StandardInput || !change.File.IsUTF8() {
			return
		}
	}
	switch suggestion.Change {
	case whatif.ChangeTarget, ChangeMemory:
		p.deployment = f.deployment
	default:
		c := f.compute
		if c == nil {
			c = f.deployment.Compute
		}
		if c.Location.Node == nil {
			return
		}
		p.compute = c.Location.Node.Span().Start
	}
	p.part = t.parts.of(f.own)
	t.waiting = append(t.waiting, p)
}

// StandardInput is the name of an input that is not a file.
const StandardInput = "<stdin>"

// retarget returns the change of the scalar that spells the target of a deployment.
func retarget(d *facts.Deployment, target string) []edit.Change {
	node := d.Target.Location.Node
	if node == nil || !strings.EqualFold(node.Text(), string(d.Target.Value)) {
		return nil
	}
	if node.Text() == strings.ToUpper(node.Text()) {
		target = strings.ToUpper(target)
	}
	return replacing(node, target)
}

func replacing(node *source.Node, text string) []edit.Change {
	if node == nil {
		return nil
	}
	if change, ok := edit.ReplaceScalar(node, text); ok {
		return []edit.Change{change}
	}
	return nil
}

// revalue returns the value, and the changes that set it, with which the fact that a finding is about may be allowed.
func (f *Finding) revalue(change whatif.Change) (string, []edit.Change) {
	node := f.decides
	if node == nil || len(f.path) == 0 {
		return "", nil
	}
	fact := f.path[len(f.path)-1]
	switch {
	case change == ChangeMemory && fact == "memory_gib" && f.Amount.Known && f.deployment != nil:
		return lessMemory(f.deployment, f.evaluation.whatIf.Edition)
	case change == ChangePriority && fact == "vm_priority":
		if word := dedicated(node.Text()); word != "" {
			return word, replacing(node, word)
		}
	case change == ChangeAutoscaling && fact == "cluster_autoscaling" && node.Kind == source.Bool:
		no := "false"
		if node.Text() == "True" {
			no = "False"
		}
		return no, replacing(node, no)
	case change == ChangeNodes && (fact == "nodes" || fact == "max_nodes") && f.path[0] == "deployments" && node.Kind == source.Number:
		if least := f.deployment.Compute.MinNodes; !least.Known || least.Value <= 1 {
			return "1", replacing(node, "1")
		}
	}
	return "", nil
}

// dedicated returns the word for dedicated VMs beside a word for low-priority ones.
func dedicated(word string) string {
	other := ""
	switch strings.ToLower(strings.ReplaceAll(word, "_", "")) {
	case "low", "lowpriority":
		other = "dedicated"
	case "spot":
		other = "regular"
	default:
		return ""
	}
	if word[:1] == strings.ToUpper(word[:1]) {
		return strings.ToUpper(other[:1]) + other[1:]
	}
	return other
}

// amount matches a number with a unit, which may be empty.
var amount = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)( ?[A-Za-z]*)$`)

const bytesPerGiB = 1 << 30

// lessMemory returns the changes with which a deployment requests the most whole GiB that its target allows, in the
// unit of the value. A limit beside a request changes too, and the other way round.
func lessMemory(d *facts.Deployment, edition policy.Edition) (string, []edit.Change) {
	node, limit := d.MemoryGiB.Location.Node, memoryLimit(edition, string(d.Target.Value))
	if node == nil || limit <= 1 || d.MemoryGiB.AtLeast {
		return "", nil
	}
	match := amount.FindStringSubmatch(node.Text())
	if match == nil {
		return "", nil
	}
	number, err := strconv.ParseFloat(match[1], 64)
	if err != nil || number <= 0 {
		return "", nil
	}
	unit := d.MemoryGiB.Value * bytesPerGiB / number // in bytes
	most := math.Floor((math.Ceil(limit) - 1) * bytesPerGiB / unit)
	if most < 1 || most >= number {
		return "", nil
	}
	value := strconv.FormatFloat(most, 'f', -1, 64) + match[2]
	changes := replacing(node, value)
	if other := counterpart(node); other != nil && len(changes) > 0 {
		more := replacing(other, value)
		if len(more) == 0 || amount.FindString(other.Text()) == "" || amount.FindStringSubmatch(other.Text())[2] != match[2] {
			return "", nil
		}
		changes = append(changes, more...)
	}
	return value, changes
}

// counterpart returns the limit beside a request of the same resource, or the request beside a limit.
func counterpart(n *source.Node) *source.Node {
	entry, ok := n.Entry()
	if !ok {
		return nil
	}
	around, ok := n.Parent().Entry()
	if !ok {
		return nil
	}
	switch resources := n.Parent().Parent(); around.Key.Text() {
	case "requests":
		return resources.At("limits", entry.Key.Text())
	case "limits":
		return resources.At("requests", entry.Key.Text())
	}
	return nil
}

// memoryLimit returns the limit of a target in GiB, 0 for none.
func memoryLimit(edition policy.Edition, target string) float64 {
	row, _ := edition.Row(target)
	cell, _ := row.Cells["memory"].(map[string]any)
	switch below := cell["below_gib"].(type) {
	case int64:
		return float64(below)
	case float64:
		return below
	}
	return 0
}

// parts are the parts of the inputs that share nothing: objects that describe deployments and computes, joined where
// facts of one were read in another, and the rest of documents.
type parts struct {
	objects map[*source.Node]bool
	parent  map[*source.Node]*source.Node
}

func partsOf(all subjects) parts {
	p := parts{map[*source.Node]bool{}, map[*source.Node]*source.Node{}}
	for _, d := range all.deployments {
		p.objects[d.Location.Node] = true
	}
	for _, c := range all.computes {
		p.objects[c.Location.Node] = true
	}
	for _, d := range all.deployments {
		own := d.Location.Node
		d.Copy().Relocate(func(l facts.Location) facts.Location { p.join(own, l); return l })
	}
	for _, c := range all.computes {
		copied := *c
		copied.Relocate(func(l facts.Location) facts.Location { p.join(c.Location.Node, l); return l })
	}
	return p
}

func (p parts) join(own *source.Node, location facts.Location) {
	for _, other := range append([]facts.Location{location}, location.Related...) {
		if own != nil && other.Node != nil {
			if a, b := p.of(own), p.of(other.Node); a != b {
				p.parent[a] = b
			}
		}
	}
}

// of returns what stands for the part of a node.
func (p parts) of(n *source.Node) *source.Node {
	if n == nil {
		return nil
	}
	for !p.objects[n] && n.Parent() != nil {
		n = n.Parent()
	}
	for p.parent[n] != nil {
		n = p.parent[n]
	}
	return n
}

// next tries some of the proposals that wait, at most one of each part. It returns false if none is left.
func (t *trials) next(ctx context.Context) bool {
	if len(t.waiting) == 0 || ctx.Err() != nil {
		return false
	}
	if t.waiting[0].edition {
		t.tryEdition(ctx)
		return true
	}
	var some, later []*proposal
	busy, named := map[*source.Node]bool{}, map[string]bool{}
	for _, p := range t.waiting {
		if p.edition || busy[p.part] || named[p.finding.subjectKey()] || t.alone && len(some) > 0 {
			later = append(later, p)
			continue
		}
		busy[p.part], named[p.finding.subjectKey()] = true, true
		some = append(some, p)
	}
	t.waiting = later
	byFile := map[*source.File][]edit.Change{}
	for _, p := range some {
		for _, change := range p.changes {
			byFile[change.File] = append(byFile[change.File], change)
		}
	}
	data := map[string][]byte{}
	for file, changes := range byFile {
		text, ok := applied(file, changes)
		if !ok {
			some = slices.DeleteFunc(some, func(p *proposal) bool { return p.changes[0].File == file })
			continue
		}
		data[file.Name] = file.Encode(text)
	}
	if len(some) == 0 {
		return true
	}
	after, err := t.result.again(ctx, data)
	if err != nil {
		return false
	}
	for _, p := range t.proved(some, after) {
		p.accept()
	}
	return true
}

// accept gives the suggestion its edits.
func (p *proposal) accept() {
	for _, change := range p.changes {
		p.suggestion.Edits = append(p.suggestion.Edits, SuggestedEdit{change.File, change.Edit})
	}
	if p.index < len(p.finding.Suggestions) {
		p.finding.Suggestions[p.index] = p.suggestion
	} else {
		p.finding.Suggestions = append(p.finding.Suggestions, p.suggestion)
	}
}

// proved returns the proposals that fix their findings in another result, add none, and change nothing else. If
// something else has changed in a part, or nowhere in particular, those of the part, or all, are left out.
func (t *trials) proved(some []*proposal, after *Result) []*proposal {
	now := after.subjects()
	if len(now.deployments) != len(t.all.deployments) || len(now.computes) != len(t.all.computes) ||
		len(after.Errors) != len(t.result.Errors) || after.Unreported != t.result.Unreported {
		return nil
	}
	byPart := map[*source.Node]*proposal{}
	for _, p := range some {
		byPart[p.part] = p
	}
	bad := map[*proposal]bool{}
	doubt := func(part *source.Node) bool {
		p := byPart[part]
		bad[p] = true
		return p != nil
	}
	for i, d := range t.all.deployments {
		p := byPart[t.parts.of(d.Location.Node)]
		if same(d, now.deployments[i]) || p != nil && p.explains(d, now.deployments[i]) {
			continue
		}
		if !doubt(t.parts.of(d.Location.Node)) {
			return nil
		}
	}
	for i, c := range t.all.computes {
		p := byPart[t.parts.of(c.Location.Node)]
		if same(c, now.computes[i]) || p != nil && p.deployment == nil && c.Location.Node != nil && c.Location.Node.Span().Start == p.compute {
			continue
		}
		if !doubt(t.parts.of(c.Location.Node)) {
			return nil
		}
	}
	counts := map[string]int{}
	partOf := map[string]*source.Node{}
	for finding := range t.result.every() {
		counts[finding.about()]++
	}
	for finding := range after.every() {
		counts[finding.about()]--
	}
	for _, p := range some {
		partOf[p.finding.subjectKey()] = p.part
		if counts[p.finding.about()] <= 0 {
			bad[p] = true
		}
	}
	for finding := range after.every() {
		if counts[finding.about()] < 0 && !doubt(partOf[finding.subjectKey()]) {
			return nil
		}
	}
	return slices.DeleteFunc(some, func(p *proposal) bool { return bad[p] })
}

// explains reports whether a proposal is what makes a deployment of its part another one.
func (p *proposal) explains(before, after *facts.Deployment) bool {
	if before.Workload.Value != after.Workload.Value || before.Stage.Value != after.Stage.Value {
		return false
	}
	switch p.suggestion.Change {
	case whatif.ChangeTarget:
		return before == p.deployment && string(after.Target.Value) == p.suggestion.Value
	case ChangeMemory:
		return before == p.deployment && before.Target.Value == after.Target.Value && after.MemoryGiB.Known
	}
	c := before.Compute
	return before.Target.Value == after.Target.Value && c != nil && c.Location.Node != nil && c.Location.Node.Span().Start == p.compute
}

// same reports whether two objects have the same facts.
func same(a, b any) bool {
	texts := make([]string, 2)
	for i, object := range []any{a, b} {
		text, err := json.Marshal(object)
		if err != nil { // facts are texts and finite numbers
			panic(err)
		}
		texts[i] = string(text)
	}
	return texts[0] == texts[1]
}

// about identifies what a finding is about, whatever values it names.
func (f *Finding) about() string {
	return f.subjectKey() + fmt.Sprintf("%q", []string{f.Rule, string(f.Severity)})
}

func (f *Finding) subjectKey() string {
	object := ""
	if f.Object != nil {
		object = fmt.Sprint(*f.Object)
	}
	file := f.subject.File
	if file == "" {
		file = f.fileName()
	}
	return fmt.Sprintf("%q", []string{file, f.Deployment, f.Component, f.Parameters, object})
}

// addEdition adds the proposal to select another edition in the configuration of a finding. Findings with the same
// one share it.
func (t *trials) addEdition(f *Finding, index int, suggestion Suggestion) {
	if !t.result.run.read.settled.isEmpty() {
		return
	}
	stated := f.setting.config.Edition.Location
	var changes []edit.Change
	switch {
	case stated.Node != nil:
		changes = replacing(stated.Node, suggestion.Value)
	case stated.Why == config.ByDefault:
		changes = addingEdition(f.setting.config, suggestion.Value)
	}
	if len(changes) == 0 || !edit.Editable(changes[0].File) || !changes[0].File.IsUTF8() {
		return
	}
	file := changes[0].File
	text, err := edit.Apply(file.Text, []edit.Edit{changes[0].Edit})
	if err != nil {
		return
	}
	after := source.Parse(file.Name, file.Encode(text))
	if len(after.Problems) == 0 && len(after.Documents) == 1 && after.Documents[0].Root.Get("edition").Is(suggestion.Value) {
		t.waiting = append(t.waiting, &proposal{finding: f, index: index, suggestion: suggestion, changes: changes, edition: true})
	}
}

// addingEdition returns the change that adds the edition to the only file of a configuration, before its first key.
func addingEdition(configuration *config.Config, edition string) []edit.Change {
	members := configuration.Members()
	if len(members) == 0 {
		return nil
	}
	root := members[0].Key.Parent()
	at := root.Span().Start
	for _, member := range members {
		if member.Key.Parent() != root || root.Parent() != nil {
			return nil
		}
	}
	file := root.File()
	if file.Text[at.Offset] == '{' || at.Column != 1 || len(file.Documents) != 1 {
		return nil
	}
	ending := "\n"
	if strings.Contains(string(file.Text), "\r\n") {
		ending = "\r\n"
	}
	return []edit.Change{{Edit: edit.Edit{Start: at.Offset, End: at.Offset, Text: "edition: " + edition + ending}, File: file}}
}

// selects reports whether a change of a configuration selects the edition of a setting.
func selects(change edit.Change, s *Setting) bool {
	switch stated := s.config.Edition.Location; {
	case s.config.Broken:
		return false
	case change.Scalar != nil:
		return stated.Node == change.Scalar
	case stated.Why != config.ByDefault:
		return false
	}
	return slices.ContainsFunc(s.config.Members(), func(m source.Member) bool { return m.Key.File() == change.File })
}

// tryEdition tries the first proposal, which changes an edition, and all with the same change.
func (t *trials) tryEdition(ctx context.Context) {
	first := t.waiting[0]
	var some, later []*proposal
	for _, p := range t.waiting {
		if p.edition && p.changes[0] == first.changes[0] {
			some = append(some, p)
		} else {
			later = append(later, p)
		}
	}
	t.waiting = later
	run := t.result.run
	linter := run.linter.withEdition(first.changes[0], first.suggestion.Value)
	after, err := linter.lint(ctx, run.fsys, run.read)
	if err != nil || len(after.Errors) != len(t.result.Errors) || after.Unreported != t.result.Unreported {
		return
	}
	counts := map[string]int{}
	for finding := range t.result.every() {
		counts[finding.about()]++
	}
	for finding := range after.every() {
		if counts[finding.about()]--; counts[finding.about()] < 0 {
			return
		}
	}
	expected := map[string]int{}
	for _, p := range some {
		expected[p.finding.about()]++
	}
	for _, p := range some {
		if about := p.finding.about(); counts[about] >= expected[about] {
			p.accept()
		}
	}
}

// withEdition returns the linter with another edition where a change of a configuration selects it.
func (l *Linter) withEdition(change edit.Change, edition string) *Linter {
	var mutex sync.Mutex
	known := map[*Setting]*Setting{}
	of := func(s *Setting) *Setting {
		if !selects(change, s) {
			return s
		}
		mutex.Lock()
		defer mutex.Unlock()
		if known[s] == nil {
			configuration := *s.config
			configuration.Edition = facts.Know(edition, s.config.Edition.Location)
			other, err := NewSetting(s.policies, &configuration)
			if err != nil {
				other = s // which fixes nothing
			}
			known[s] = other
		}
		return known[s]
	}
	return &Linter{of: func(file string) *Setting { return of(l.of(file)) }, usual: of(l.usual), options: l.options}
}
