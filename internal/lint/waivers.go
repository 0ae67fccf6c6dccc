package lint

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// soon is how many days before its last day, or fewer, a waiver is reported.
const soon = 14

// Waiver is a waiver that applies to inputs of a run.
type Waiver struct {
	*waiver.Waiver
	// Findings counts what it covers, whether or not it is still valid.
	Findings int
	// Expired reports whether its last day is over.
	Expired bool
	// Days counts those until the last day, of a waiver that has one; negative after it.
	Days int

	configured *config.Waiver // nil for one in a file
	settings   []*Setting     // of the inputs that it applies to; nil for one in a file that is not an input
	tooLong    bool           // the last day is later than the configuration allows
	used       map[string]bool
}

// valid reports whether the waiver has an effect.
func (w *Waiver) valid() bool { return !w.Expired && !w.tooLong }

// waivers are the waivers of a run.
type waivers struct {
	builder  *builder
	today    waiver.Day
	inFiles  bool // those in files count
	complete func(folder string) bool
	skipped  func() []string

	extraction *extract.Extraction
	objects    map[*source.File]map[source.Span]bool // of deployments and computes; see objectsIn
	files      map[*source.File]*fileWaivers
	configured map[*waiver.Waiver]*Waiver
	order      []*Waiver // all that apply to inputs
}

// fileWaivers are the waivers in a file by the rules that they waive.
type fileWaivers map[string][]*region

// region is what a waiver covers. Regions are nested in each other or apart.
type region struct {
	waiver.Scope
	waiver *Waiver
	outer  *region
}

// waive takes the waived findings out of those of a builder and adds the findings about waivers.
func (w *waivers) waive(ctx context.Context, read inputFiles, extraction *extract.Extraction, result *Result) {
	b := w.builder
	w.extraction = extraction
	w.files, w.configured = map[*source.File]*fileWaivers{}, map[*waiver.Waiver]*Waiver{}
	for _, name := range read.names {
		w.configuredFor(b.of(name))
	}
	if !w.inFiles && len(w.order) == 0 {
		return
	}
	found := b.sorted()
	b.findings = nil
	if w.inFiles {
		for _, file := range read.files {
			w.files[file] = w.read(file, true)
		}
	}
	for _, finding := range found {
		if by := w.covering(&finding); by != nil {
			finding.Waived = by.Waiver
			result.Waived = append(result.Waived, finding)
		} else {
			b.findings = append(b.findings, finding)
		}
	}
	for _, waived := range w.order {
		w.report(waived)
	}
	w.reportUnused(ctx, result.Errors)
	slices.SortFunc(w.order, func(a, b *Waiver) int {
		return cmp.Or(cmp.Compare(a.Text.File.Name, b.Text.File.Name), cmp.Compare(a.Text.Start, b.Text.Start))
	})
	result.Waivers = w.order
}

// covering returns a valid waiver that covers a finding, nil if there is none, and marks all that cover it as used.
func (w *waivers) covering(finding *Finding) *Waiver {
	if finding.setting == nil {
		return nil
	}
	var valid *Waiver
	var counted []*Waiver
	use := func(one *Waiver) {
		if slices.Contains(counted, one) {
			return
		}
		counted = append(counted, one)
		one.Findings++
		one.used[finding.Rule] = true
		if valid == nil && one.valid() {
			valid = one
		}
	}
	if w.inFiles {
		stretches := []stretch{{finding.File, finding.Span}, stretchOf(finding.anchor), stretchOf(finding.own)}
		for _, related := range finding.Related {
			if strings.HasPrefix(related.Message, facts.UsedHere) { // the value in question, whose text is elsewhere
				stretches = append(stretches, stretch{related.File, related.Span})
			}
		}
		for _, at := range stretches {
			if at.file == nil {
				continue
			}
			known, read := w.files[at.file]
			if !read {
				known = w.read(at.file, false)
				w.files[at.file] = known
			}
			for r := known.at(finding.Rule, at.span.Start.Offset); r != nil; r = r.outer {
				if at.span.End.Offset <= r.End && w.accepts(finding, r.waiver) {
					use(r.waiver)
				}
			}
		}
	}
	for _, entry := range finding.setting.waivers[finding.Rule] {
		if entry.Selects(finding.subject, finding.identifiedIn()) {
			use(w.configuration(entry, finding.setting))
		}
	}
	return valid
}

// accepts reports whether the configuration that decides about a finding accepts a waiver in a file to which another
// one may apply.
func (w *waivers) accepts(finding *Finding, one *Waiver) bool {
	decides := finding.setting
	if w.builder.of(one.Text.File.Name) == decides {
		return true
	}
	again := *one.Waiver
	again.Rules = slices.Clone(again.Rules)
	again.Check(decides.waiving, decides.rules, true)
	return again.Covers(finding.Rule) && (decides.waiving.Longest == 0 || one.Days <= decides.waiving.Longest)
}

// stretch is a part of the text of a file.
type stretch struct {
	file *source.File
	span source.Span
}

func stretchOf(node *source.Node) stretch {
	if node == nil {
		return stretch{}
	}
	return stretch{node.File(), node.Span()}
}

// at returns the innermost region of a rule that may have an offset; those around it follow.
func (f fileWaivers) at(rule string, offset int) *region {
	regions := f[rule]
	i, _ := slices.BinarySearchFunc(regions, offset, func(r *region, at int) int {
		if r.Start <= at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return regions[i-1]
}

// objectsIn returns where the objects in a file are that describe deployments and computes.
func (w *waivers) objectsIn(file *source.File) map[source.Span]bool {
	if w.objects != nil {
		return w.objects[file]
	}
	w.objects = map[*source.File]map[source.Span]bool{}
	add := func(node *source.Node) {
		if node == nil {
			return
		}
		if w.objects[node.File()] == nil {
			w.objects[node.File()] = map[source.Span]bool{}
		}
		w.objects[node.File()][node.Span()] = true
	}
	for _, all := range []*facts.Facts{&w.extraction.Facts, &w.extraction.Dependents} {
		for _, d := range all.Deployments {
			add(d.Location.Node)
		}
		for _, c := range all.Computes {
			add(c.Location.Node)
		}
	}
	return w.objects[file]
}

// read reads the waivers in a file. The mistakes in an input are findings.
func (w *waivers) read(file *source.File, isInput bool) *fileWaivers {
	setting := w.builder.of(file.Name)
	found, mistakes := waiver.Comments(file)
	for _, annotation := range waiver.Annotations(file, isAbsent) {
		object := w.objectAround(annotation.Key)
		if object == nil || object.File() != file {
			continue // nothing is read from it, or it is read with its own file
		}
		mistakes = append(mistakes, annotation.Mistakes...)
		if annotation.Waiver != nil {
			at := object.Span()
			annotation.Scope = &waiver.Scope{Start: at.Start.Offset, End: at.End.Offset}
			found = append(found, annotation.Waiver)
		}
	}
	of := fileWaivers{}
	shared := map[int]*Waiver{} // by where they stand: the tags of several resources may be those of one variable
	for _, one := range found {
		if known := shared[one.Text.Start]; known != nil {
			of.add(one.Scope, known)
			continue
		}
		mistakes = append(mistakes, one.Check(setting.waiving, setting.rules, true)...)
		if len(one.Rules) == 0 {
			continue
		}
		inForce := w.add(one, isInput, setting.waiving)
		if isInput {
			inForce.settings = []*Setting{setting}
		}
		shared[one.Text.Start] = inForce
		of.add(one.Scope, inForce)
	}
	for _, regions := range of {
		nest(regions)
	}
	if isInput {
		for _, mistake := range mistakes {
			w.builder.mistake(mistake, Error, setting)
		}
	}
	return &of
}

// add adds a region that a waiver covers.
func (f fileWaivers) add(scope *waiver.Scope, one *Waiver) {
	for _, id := range one.IDs() {
		f[id] = append(f[id], &region{Scope: *scope, waiver: one})
	}
}

// nest sorts regions by where they begin and links each to the one around it.
func nest(regions []*region) {
	slices.SortStableFunc(regions, func(a, b *region) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.End, a.End))
	})
	var open *region
	for _, r := range regions {
		for open != nil && open.End <= r.Start {
			open = open.outer
		}
		r.outer, open = open, r
	}
}

// objectAround returns the nearest object around a node that describes a deployment or a compute, else a Kubernetes
// object.
func (w *waivers) objectAround(node *source.Node) *source.Node {
	var object *source.Node
	for n := node.Parent(); n != nil; n = n.Parent() {
		if w.objectsIn(n.File())[n.Span()] {
			return n
		}
		if object == nil && n.Has("metadata") && kindOf(n) != "" {
			object = n
		}
	}
	return object
}

// isAbsent reports whether the text of an annotation or a tag is not known. Unlike elsewhere, <x> and __x__ are text.
func isAbsent(value *source.Node) bool {
	text, _ := value.Scalar()
	return placeholder.InScalar(value, strings.NewReplacer("<", "", "__", "").Replace(text))
}

// configuredFor adds the waivers of a configuration.
func (w *waivers) configuredFor(setting *Setting) {
	for _, entries := range setting.waivers {
		for _, entry := range entries {
			one := w.configuration(entry, setting)
			if !slices.Contains(one.settings, setting) {
				one.settings = append(one.settings, setting)
			}
		}
	}
}

func (w *waivers) configuration(entry *config.Waiver, setting *Setting) *Waiver {
	one := w.configured[entry.Waiver]
	if one == nil {
		one = w.add(entry.Waiver, true, setting.waiving)
		one.configured = entry
		w.configured[entry.Waiver] = one
	}
	return one
}

func (w *waivers) add(one *waiver.Waiver, applies bool, settings waiver.Settings) *Waiver {
	added := &Waiver{Waiver: one, used: map[string]bool{}}
	if !one.Until.IsZero() {
		added.Days = w.today.DaysUntil(one.Until)
		added.Expired = added.Days < 0
		added.tooLong = settings.Longest > 0 && added.Days > settings.Longest
	}
	if applies {
		w.order = append(w.order, added)
	}
	return added
}

// concerns reports whether a run is about a waiver: it covers a finding, or is in an input, or all that it can cover
// was read.
func (w *waivers) concerns(one *Waiver) bool {
	return len(one.used) > 0 || one.configured == nil || w.wholly(one)
}

// wholly reports whether all that a waiver can cover was read.
func (w *waivers) wholly(one *Waiver) bool {
	folder := folderOf(one.Text.File.Name)
	if one.configured != nil {
		folder = one.configured.Folder()
	}
	if folder == "" || w.complete == nil || !w.complete(folder) {
		return false
	}
	return w.skipped == nil || !slices.ContainsFunc(w.skipped(), one.mayCover)
}

func folderOf(name string) string {
	if end := strings.LastIndexByte(name, '/'); end >= 0 {
		return name[:end+1]
	}
	return "."
}

// report adds the findings about a waiver that depend on the day.
func (w *waivers) report(one *Waiver) {
	if len(one.settings) == 0 || !w.concerns(one) {
		return
	}
	of, at := strings.Join(one.IDs(), ", "), one.UntilSpan()
	add := func(severity Severity, remedy, format string, args ...any) {
		mistake := waiver.Mistake{File: one.Text.File, Span: at, Message: fmt.Sprintf(format, args...), Remedy: remedy}
		w.builder.redundantWaiver(mistake, severity, one.settings[0], one.ifExpired())
	}
	switch longest := one.settings[0].waiving.Longest; {
	case one.Expired && len(one.used) > 0:
		add(Warning, "Fix what it covers, or extend the waiver.", "the waiver of %s has expired: its last day was %s", of, one.Until)
	case one.Expired:
		add(Warning, "Remove the waiver.", "the waiver of %s has expired: its last day was %s", of, one.Until)
	case one.tooLong:
		add(Error, fmt.Sprintf("Write until=%s or an earlier day.", w.today.Add(longest)), "%s is %d days ahead and the configuration allows %d (waiving: longest)", one.Until, one.Days, longest)
	case !one.Until.IsZero() && one.Days <= soon && len(one.used) > 0:
		when := fmt.Sprintf("in %d days", one.Days)
		switch one.Days {
		case 0:
			when = "today"
		case 1:
			when = "in 1 day"
		}
		add(Note, "Fix what it covers, or extend the waiver.", "the waiver of %s expires %s: its last day is %s", of, when, one.Until)
	}
}

// reportUnused adds a warning for each rule of a waiver that covers no finding, if the rule could have reported one.
func (w *waivers) reportUnused(ctx context.Context, failed []error) {
	if w.complete == nil || len(failed) > 0 {
		return
	}
	faulty := slices.Collect(maps.Keys(w.builder.faulty))
	off := map[string][]string{}
	for _, one := range w.order {
		if !one.valid() || len(one.settings) == 0 || !w.wholly(one) {
			continue
		}
		if one.configured == nil && len(w.objectsIn(one.Text.File)) == 0 || slices.ContainsFunc(faulty, one.mayCover) {
			continue
		}
		unused := slices.DeleteFunc(one.IDs(), func(id string) bool {
			return one.used[id] || id == facts.BindingRule || !slices.ContainsFunc(one.settings, func(s *Setting) bool { return s.runs(ctx, id, off) })
		})
		for _, id := range unused {
			remedy := "Remove the waiver."
			if len(unused) < len(one.Rules) {
				remedy = "Remove " + id + " from the waiver."
			}
			w.builder.redundantWaiver(waiver.Mistake{
				File: one.Text.File, Span: one.RuleSpan(id), Remedy: remedy, Message: fmt.Sprintf("the waiver of %s covers no finding", id),
			}, Warning, one.settings[0], one.without(unused, id))
		}
	}
}

// mayCover reports whether the waiver may cover something in a file, or in a folder, whose name ends with a slash.
func (w *Waiver) mayCover(path string) bool {
	if w.configured == nil {
		return path == w.Text.File.Name
	}
	return w.configured.MayCover(path)
}

// runs reports whether a rule reports what violates it. off keeps the rules that an edition switches off, by policies and
// edition; all of them, if that is not known.
func (s *Setting) runs(ctx context.Context, id string, off map[string][]string) bool {
	rule, own := s.policies.Rule(id)
	if !own { // of Go
		return s.severity(id, Error) != Off
	}
	if s.severity(id, rule.Severity) == Off {
		return false
	}
	key := s.policies.Digest() + " " + s.edition.ID
	if _, known := off[key]; !known {
		ids, err := s.policies.OffIn(ctx, s.edition.ID)
		if err != nil {
			ids = s.policies.RuleIDs()
		}
		off[key] = ids
	}
	return !slices.Contains(off[key], id)
}

// ifExpired returns the waiver as redundant if its last day is over and it is in a file.
func (w *Waiver) ifExpired() redundant {
	if w.configured != nil || !w.Expired {
		return redundant{}
	}
	return redundant{waiver: w.Waiver}
}

// without returns what is redundant of a waiver in a file of which some rules, one of them id, cover no finding.
func (w *Waiver) without(unused []string, id string) redundant {
	switch {
	case w.configured != nil:
		return redundant{}
	case len(unused) == len(w.Rules):
		return redundant{waiver: w.Waiver}
	}
	return redundant{waiver: w.Waiver, rule: id}
}

// mistake adds a finding about a waiver.
func (b *builder) mistake(mistake waiver.Mistake, severity Severity, setting *Setting) {
	b.redundantWaiver(mistake, severity, setting, redundant{})
}

// redundantWaiver adds a finding about a waiver, all or a part of which may have no effect.
func (b *builder) redundantWaiver(mistake waiver.Mistake, severity Severity, setting *Setting, what redundant) {
	b.addTo(Finding{
		Rule: facts.WaiverRule, Severity: severity, Message: mistake.Message, Remedy: mistake.Remedy,
		File: mistake.File, Span: mistake.Span, redundant: what,
	}, setting)
}

// waivable are the rules that a waiver may name.
func waivable(policies *policy.Policies) []string {
	return append(policies.RuleIDs(), facts.SyntaxRule, facts.ContradictionRule, facts.BindingRule)
}

// waiversByRule returns the waivers of a configuration by the rules that they waive.
func waiversByRule(configuration *config.Config) map[string][]*config.Waiver {
	byRule := map[string][]*config.Waiver{}
	for _, entry := range configuration.Waivers() {
		for _, id := range entry.IDs() {
			byRule[id] = append(byRule[id], entry)
		}
	}
	return byRule
}

// now returns the moment of a clock, which is that of the system if it is nil.
func now(clock func() time.Time) time.Time {
	if clock == nil {
		return time.Now()
	}
	return clock()
}
