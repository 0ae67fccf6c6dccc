package lint

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

const (
	// chunkSize is the number of deployments and computes of one evaluation. Its
	// fixed cost is that of several deployments; far beyond a hundred nothing is gained.
	chunkSize = 100
	// ruleLimit is what a rule that does not end may cost a run. A hundred deployments take
	// some milliseconds.
	ruleLimit = 5 * time.Second
	// chunkLimit bounds one evaluation and subjectLimit one of those that then look for the
	// subject at fault. Both together leave time for one more evaluation.
	chunkLimit, subjectLimit = 2 * time.Second, time.Second
)

// subject is a deployment or a compute with its index in the facts of a run.
type subject struct {
	kind  string // deployments or computes, as in a path
	index int
}

// patience knows the time that rules have cost a run without an answer. A rule that the run
// has no time left for is not asked again.
type patience struct {
	mutex sync.Mutex
	spent map[string]time.Duration // by rule; nil before the first
}

func (p *patience) spend(rules []string, cost time.Duration) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.spent == nil {
		p.spent = map[string]time.Duration{}
	}
	for _, rule := range rules {
		p.spent[rule] += cost
	}
}

// exhausted returns the rules that one more evaluation would have cost too much, sorted.
func (p *patience) exhausted() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var rules []string
	for rule, spent := range p.spent {
		if spent+chunkLimit > ruleLimit {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	return rules
}

// run returns a Linter for one run: rules that take too long are given up for all of it.
func (l *Linter) run() *Linter {
	run := *l
	run.patience = &patience{}
	return &run
}

// evaluation is one pass of the policies over all facts.
type evaluation struct {
	*Linter
	all *facts.Facts
}

// evaluate asks the policies about each deployment and compute, in chunks on all cores.
// What a rule fails on has an error of its own and hides no other denial.
func (l *Linter) evaluate(ctx context.Context, all *facts.Facts) ([]policy.Denial, []error) {
	var subjects []subject
	for i := range all.Deployments {
		subjects = append(subjects, subject{"deployments", i})
	}
	for i := range all.Computes {
		subjects = append(subjects, subject{"computes", i})
	}
	chunks := slices.Collect(slices.Chunk(subjects, chunkSize))
	denials := make([][]policy.Denial, len(chunks))
	errs := make([][]error, len(chunks))
	evaluation := &evaluation{Linter: l, all: all}
	if l.admission {
		for i, chunk := range chunks {
			denials[i], errs[i] = evaluation.chunk(ctx, chunk)
		}
		return slices.Concat(denials...), slices.Concat(errs...)
	}
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(chunks)) {
		workers.Go(func() {
			for i := range next {
				denials[i], errs[i] = evaluation.chunk(ctx, chunks[i])
			}
		})
	}
	for i := range chunks {
		next <- i
	}
	close(next)
	workers.Wait()
	return slices.Concat(denials...), slices.Concat(errs...)
}

// chunk asks about subjects at once and, where that fails, about each alone, so that
// an error names one. After the first that a rule times out on, the others are asked
// about at once: a rule that never ends would take as long for each of them.
func (e *evaluation) chunk(ctx context.Context, subjects []subject) ([]policy.Denial, []error) {
	if len(subjects) == 1 || len(e.patience.exhausted()) > 0 {
		return e.persist(ctx, subjects, chunkLimit)
	}
	limit := e.limit(chunkLimit)
	limited, cancel := context.WithTimeout(ctx, limit)
	denials, err := e.ask(limited, subjects, nil)
	cancel()
	if err == nil {
		return denials, nil
	}
	if timedOut(err) {
		culprits, _ := FailedRules(err)
		e.patience.spend(culprits, limit)
	}
	denials = nil
	var errs []error
	for i := range subjects {
		found, failures := e.persist(ctx, subjects[i:i+1], subjectLimit)
		denials, errs = append(denials, found...), append(errs, failures...)
		if slices.ContainsFunc(failures, timedOut) {
			found, failures := e.persist(ctx, subjects[i+1:], subjectLimit)
			return append(denials, found...), append(errs, failures...)
		}
	}
	return denials, errs
}

// limit returns the limit of one evaluation. A review has one of its own, which its
// context knows.
func (l *Linter) limit(limit time.Duration) time.Duration {
	if l.admission {
		return ruleLimit
	}
	return limit
}

// persist asks about subjects and, as long as a rule fails, again without that rule.
func (e *evaluation) persist(ctx context.Context, subjects []subject, limit time.Duration) ([]policy.Denial, []error) {
	var errs []error
	denials, failures := persist(ctx, e.patience, e.limit(limit), func(ctx context.Context, except []string) ([]policy.Denial, error) {
		return e.ask(ctx, subjects, except)
	})
	for _, err := range failures {
		errs = append(errs, e.failed(subjects, err)...)
	}
	return denials, errs
}

// persist asks and, as long as a rule fails, asks again without that rule. It returns the
// denials of all rules that do not fail and an error for each failure.
func persist(
	ctx context.Context, patience *patience, limit time.Duration, ask func(ctx context.Context, except []string) ([]policy.Denial, error),
) ([]policy.Denial, []error) {
	var errs []error
	except := patience.exhausted()
	for _, rule := range except {
		errs = append(errs, &policy.Error{Rule: rule, Message: "not asked, since it took too long before"})
	}
	var sound []policy.Denial // of rules that failed beside them
	for {
		limited, cancel := context.WithTimeout(ctx, limit)
		denials, err := ask(limited, except)
		cancel()
		if err == nil || ctx.Err() != nil {
			return append(sound, denials...), errs
		}
		errs = append(errs, err)
		culprits, _ := FailedRules(err)
		culprits = slices.DeleteFunc(culprits, func(rule string) bool { return slices.Contains(except, rule) })
		if len(culprits) == 0 {
			return append(sound, denials...), errs
		}
		for _, denial := range denials {
			if slices.Contains(culprits, denial.Rule) {
				sound = append(sound, denial)
			}
		}
		if timedOut(err) {
			patience.spend(culprits, limit)
		}
		except = append(except, culprits...)
	}
}

// evaluateProject asks the rules that relate deployments, once about all facts.
func (l *Linter) evaluateProject(ctx context.Context, all *facts.Facts) ([]policy.Denial, []error) {
	together := *all
	together.Edition = l.config.Edition.Value
	return persist(ctx, &patience{}, chunkLimit, func(ctx context.Context, except []string) ([]policy.Denial, error) {
		return l.policies.EvaluateProject(ctx, &together, except...)
	})
}

// FailedRules returns the rules that failed by an error of a Result. It is incomplete where
// the error has another cause too, and then findings of any rule may be missing.
func FailedRules(err error) (rules []string, complete bool) {
	switch err := err.(type) {
	case interface{ Unwrap() []error }:
		complete = true
		for _, each := range err.Unwrap() {
			failed, ok := FailedRules(each)
			rules, complete = append(rules, failed...), complete && ok
		}
		return rules, complete
	case *failure:
		return FailedRules(err.err)
	case *policy.Error:
		if err.Rule != "" {
			return []string{err.Rule}, true
		}
	}
	return nil, false
}

func timedOut(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

// failure is an error of the policies on one subject.
type failure struct {
	subject
	file, name string
	err        error
}

func (f *failure) Error() string { return fmt.Sprintf("%s: judge %s: %v", f.file, f.name, f.err) }
func (f *failure) Unwrap() error { return f.err }

// failed makes the errors of subjects that the policies fail on.
func (e *evaluation) failed(subjects []subject, err error) []error {
	errs := make([]error, len(subjects))
	for i, subject := range subjects {
		errs[i] = &failure{subject, subject.file(e.all), subject.name(e.all), err}
	}
	return errs
}

// ask evaluates some subjects by all rules but some and returns denials with paths
// into all facts. Those beside an error are sound.
func (e *evaluation) ask(ctx context.Context, subjects []subject, except []string) ([]policy.Denial, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	some := facts.Facts{Edition: e.all.Edition}
	var deployments, computes []int
	for _, subject := range subjects {
		if subject.kind == "deployments" {
			some.Deployments = append(some.Deployments, e.all.Deployments[subject.index])
			deployments = append(deployments, subject.index)
		} else {
			some.Computes = append(some.Computes, e.all.Computes[subject.index])
			computes = append(computes, subject.index)
		}
	}
	denials, err := e.policies.Evaluate(ctx, &some, except...)
	for _, denial := range denials {
		index, _ := denial.Path[1].(int)
		switch denial.Path[0] {
		case "deployments":
			denial.Path[1] = deployments[index]
		case "computes":
			denial.Path[1] = computes[index]
		}
	}
	return denials, err
}

func (s subject) file(all *facts.Facts) string {
	if s.kind == "deployments" {
		return all.Deployments[s.index].Subject.File
	}
	return all.Computes[s.index].Subject.File
}

func (s subject) name(all *facts.Facts) string {
	if s.kind == "deployments" {
		return all.Deployments[s.index].Name.Value
	}
	return all.Computes[s.index].Name.Value
}
