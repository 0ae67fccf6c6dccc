package lint

import (
	"cmp"
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Baseline is the baseline of a project.
type Baseline struct {
	*baseline.Baseline
	// Folder is the absolute path of the project's folder, which the paths of entries count from.
	Folder string
	// Named reports whether the root configuration or the command line names the baseline. Otherwise it covers only
	// what a waiver in a file could cover.
	Named bool
	// Exists reports whether there is a file with a path of an entry.
	Exists func(path string) bool
}

// BaselineOutcome is what a run says about a baseline.
type BaselineOutcome struct {
	*Baseline
	// Unneeded are the entries that no finding needs any more, each with how many there are too many. Only entries are
	// among them of which the run could report a finding.
	Unneeded []baseline.Entry
	// Unseen are the other entries without a finding, counted likewise: nothing is known about them.
	Unseen []baseline.Entry
	// Recorded are the findings of the run in the project, whether or not the baseline has them.
	Recorded []baseline.Entry
	// Refused are those that it cannot have.
	Refused []Refused
}

// Refused is a finding that a baseline cannot have.
type Refused struct {
	Finding
	Reason string // why, as the end of a sentence
}

// baselines are the baselines of a run.
type baselines struct {
	of       func(file string) (*Baseline, string)
	complete func(folder string) bool
	builder  *builder

	order       []*BaselineOutcome
	inputs      map[*Baseline]map[string]string // names of inputs by their paths
	unevaluated map[string]bool                 // names of files of which findings may be missing
	broken      bool                            // what completes any file may be missing
}

// newBaselines notes the findings that say that others may be missing. Waivers must not have taken them out.
func (l *Linter) newBaselines(b *builder, read inputFiles) *baselines {
	s := &baselines{
		of: l.options.Baseline, complete: l.options.Complete, builder: b,
		inputs: map[*Baseline]map[string]string{}, unevaluated: map[string]bool{},
	}
	for _, finding := range slices.Concat(b.findings, b.unreported) {
		if finding.hides() {
			s.unevaluated[finding.fileName()] = true
			s.broken = s.broken || finding.Severity == Error
		}
	}
	for _, of := range l.options.Baselines {
		s.inputs[of] = map[string]string{}
	}
	for _, name := range read.names {
		of, path := s.of(name)
		if of == nil {
			continue
		}
		if s.inputs[of] == nil {
			s.inputs[of] = map[string]string{}
		}
		s.inputs[of][path] = name
	}
	for of := range s.inputs {
		s.order = append(s.order, &BaselineOutcome{Baseline: of})
	}
	slices.SortFunc(s.order, func(a, b *BaselineOutcome) int { return cmp.Compare(a.Folder, b.Folder) })
	return s
}

// apply takes the findings out of those of the builder that baselines have.
func (s *baselines) apply(ctx context.Context, result *Result) {
	found := s.builder.sorted()
	s.builder.findings = nil
	byBaseline, refused := map[*Baseline][]int{}, map[*Baseline][]Refused{}
	for i := range found {
		finding := &found[i]
		of, _ := s.ofFinding(finding)
		if of == nil {
			continue
		}
		finding.listedIn = of
		if reason := finding.unlisted(of.Named); reason != "" {
			refused[of] = append(refused[of], Refused{*finding, reason})
			continue
		}
		byBaseline[of] = append(byBaseline[of], i)
	}
	for _, of := range s.order {
		indexes := byBaseline[of.Baseline]
		of.Refused = refused[of.Baseline]
		compared := make([]baseline.Finding, len(indexes))
		for i, index := range indexes {
			_, path := s.ofFinding(&found[index])
			compared[i] = found[index].inBaseline(path)
			of.Recorded = append(of.Recorded, baseline.Entry{Key: compared[i].Key, Value: compared[i].Value, Count: 1})
		}
		matched := baseline.Match(of.Entries, compared, of.Exists)
		for i, index := range indexes {
			found[index].Baselined = matched.Of[i]
			if note := matched.Notes[i]; note != "" {
				found[index].Message += " (" + note + ")"
			}
			if found[index].Rule == facts.SyntaxRule && matched.Of[i] == nil {
				s.unevaluated[found[index].fileName()] = true
			}
		}
		s.sortOut(ctx, of, matched.Left, s.broken || len(result.Errors) > 0)
	}
	for _, finding := range found {
		if finding.Baselined != nil {
			result.Baselined = append(result.Baselined, finding)
		} else {
			s.builder.findings = append(s.builder.findings, finding)
		}
	}
	result.Baselines = s.order
}

func (s *baselines) ofFinding(f *Finding) (*Baseline, string) {
	if f.File == nil {
		return nil, ""
	}
	return s.of(f.identifiedIn())
}

// sortOut sorts the entries that have no finding into those that are not needed any more and those about which nothing
// is known.
func (s *baselines) sortOut(ctx context.Context, of *BaselineOutcome, left map[*baseline.Entry]int, incomplete bool) {
	off := map[string][]string{}
	for entry, n := range left {
		if n == 0 {
			continue
		}
		rest := *entry
		rest.Count = n
		if !incomplete && s.looked(ctx, of, rest, off) {
			of.Unneeded = append(of.Unneeded, rest)
		} else {
			of.Unseen = append(of.Unseen, rest)
		}
	}
	of.Unneeded, of.Unseen = baseline.Merge(of.Unneeded), baseline.Merge(of.Unseen)
}

// looked reports whether the run would have reported a finding of an entry: its rule runs and its file was evaluated, or
// does not exist any more although its folder was read.
func (s *baselines) looked(ctx context.Context, of *BaselineOutcome, entry baseline.Entry, off map[string][]string) bool {
	name, isInput := s.inputs[of.Baseline][entry.File]
	if !isInput {
		folder := filepath.Join(of.Folder, filepath.FromSlash(path.Dir(entry.File)))
		return s.complete != nil && s.complete(folder) && !of.Exists(entry.File)
	}
	setting := s.builder.of(name)
	switch {
	case setting.config.Broken, s.unevaluated[name], s.builder.faulty[name] && setting.severity(facts.SyntaxRule, Error) == Off:
		return false
	case !slices.Contains(setting.rules, entry.Rule), !of.Named && setting.reserves(entry.Rule) != "":
		return false
	}
	return setting.runs(ctx, entry.Rule, off)
}

// unlisted returns why a baseline cannot have a finding, empty if it can. One that is not named cannot have what the
// configuration keeps waivers in files from covering: nobody who approves the configuration would see it.
func (f *Finding) unlisted(named bool) string {
	switch {
	case f.Rule == facts.WaiverRule:
		return "it is about a waiver"
	case f.setting == nil:
		return "it is about the configuration"
	case f.hides():
		return "it hides what could not be evaluated"
	case named:
		return ""
	}
	return f.setting.reserves(f.Rule)
}

// reserves returns why a baseline that is not named cannot have findings of a rule, empty if it can.
func (s *Setting) reserves(rule string) string {
	switch grant := s.waiving.Rules[rule]; {
	case s.waiving.DenyInFiles:
		return "the configuration denies exceptions in files (waiving: in_files), and does not name the baseline"
	case grant == waiver.Never:
		return "the configuration allows no exceptions to the rule (waiving: rules), and does not name the baseline"
	case grant != "":
		return "the configuration locks the rule, or reserves its exceptions (waiving: rules), and does not name the baseline"
	}
	return ""
}

// hides reports whether more could be found where a finding is, without that its Identity changed: something was not
// evaluated, and its text is not the whole value of the Identity.
func (f *Finding) hides() bool {
	return f.Unevaluated || f.Rule == facts.SyntaxRule && (f.value() == "" || f.value() != f.scalar)
}

// inBaseline returns what of a finding is compared with a baseline: its Identity with the path of its file, and what
// NoWorseThan compares besides.
func (f *Finding) inBaseline(path string) baseline.Finding {
	id := f.identity()
	valid := func(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
	compared := baseline.Finding{Key: baseline.Key{
		File: valid(path), Deployment: valid(id.Deployment), Rule: id.Rule, Component: valid(id.Component),
		Target: valid(f.Target), MayRun: f.Possible != "", Field: valid(id.Field),
	}}
	if f.Amount.Known {
		compared.Value.Number = f.Amount
	} else {
		compared.Value.Text = valid(id.Value)
	}
	return compared
}
