// Package evaluate evaluates the policies over all facts of a run, in chunks, on several cores and within time
// limits. If a rule fails on a deployment, the error names both, and the denials of all other rules are kept.
package evaluate

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

const (
	// chunkSize is the number of deployments and computes in one evaluation. The fixed cost of an evaluation is that
	// of several deployments; more than a hundred gain nothing.
	chunkSize = 100
	// ruleLimit bounds the time that a rule without a result may cost a run. A hundred deployments take a few
	// milliseconds.
	ruleLimit = 5 * time.Second
)

// Options are the resources of a Run.
type Options struct {
	// Workers is the number of parallel evaluations. 1 evaluates in the goroutine of the caller, which then gets the
	// panics of rules.
	Workers int
	// Chunk limits the time of one evaluation. Subject limits that of a single deployment or compute after its chunk
	// failed.
	Chunk, Subject time.Duration
	// AllRules evaluates rules whose facts are not declared, too.
	AllRules bool
}

// ForFiles evaluates on all cores. The limits leave time for one more evaluation without a rule that does not
// terminate.
func ForFiles() Options {
	return Options{Workers: runtime.GOMAXPROCS(0), Chunk: 2 * time.Second, Subject: time.Second}
}

// ForObject evaluates in the goroutine of the caller, whose context has its own deadline.
func ForObject() Options {
	return Options{Workers: 1, Chunk: ruleLimit, Subject: ruleLimit}
}

// Run evaluates the policies for one run. A rule that took too long is not evaluated again in the same run. It is
// safe for concurrent use.
type Run struct {
	policies *policy.Policies
	options  Options
	budget   *budget
}

// NewRun returns a Run with an unused time budget.
func NewRun(policies *policy.Policies, options Options) *Run {
	if options.AllRules {
		policies = policies.AskingAll()
	}
	return &Run{policies, options, &budget{next: options.Chunk}}
}

// Deployments evaluates the rules about single deployments and computes for each of all. The paths of the denials are
// paths into all. Each error is an *Error.
func (r *Run) Deployments(ctx context.Context, all *facts.Facts) ([]policy.Denial, []error) {
	chunks := slices.Collect(slices.Chunk(subjectsOf(all), chunkSize))
	denials := make([][]policy.Denial, len(chunks))
	errs := make([][]error, len(chunks))
	evaluateChunk := func(i int) {
		denials[i], errs[i] = (&evaluation{r, all}).chunk(ctx, chunks[i])
	}
	if r.options.Workers == 1 {
		for i := range chunks {
			evaluateChunk(i)
		}
		return slices.Concat(denials...), slices.Concat(errs...)
	}
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(r.options.Workers, len(chunks)) {
		workers.Go(func() {
			for i := range next {
				evaluateChunk(i)
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

// Project evaluates the rules that compare deployments, once for all facts.
func (r *Run) Project(ctx context.Context, all *facts.Facts) ([]policy.Denial, []error) {
	unspent := &budget{next: r.options.Chunk}
	return withoutFailing(ctx, unspent, r.options.Chunk, func(ctx context.Context, except []string) ([]policy.Denial, error) {
		return r.policies.EvaluateProject(ctx, all, except...)
	})
}

// evaluation evaluates subjects among all facts of a run.
type evaluation struct {
	*Run
	all *facts.Facts
}

// chunk evaluates subjects together. If this fails, it evaluates each on its own, so that an error names one subject.
// After the first timeout of a rule, the remaining subjects are evaluated together, because a rule that does not
// terminate would take as long for each.
func (e *evaluation) chunk(ctx context.Context, subjects []Subject) ([]policy.Denial, []error) {
	if len(subjects) == 1 || len(e.budget.exhausted()) > 0 {
		return e.subjects(ctx, subjects, e.options.Chunk)
	}
	limited, cancel := context.WithTimeout(ctx, e.options.Chunk)
	denials, err := e.once(limited, subjects, nil)
	cancel()
	if err == nil {
		return denials, nil
	}
	if TimedOut(err) {
		rules, _ := FailedRules(err)
		e.budget.spend(rules, e.options.Chunk)
	}
	denials = nil
	var errs []error
	for i := range subjects {
		found, failures := e.subjects(ctx, subjects[i:i+1], e.options.Subject)
		denials, errs = append(denials, found...), append(errs, failures...)
		if slices.ContainsFunc(failures, TimedOut) {
			found, failures := e.subjects(ctx, subjects[i+1:], e.options.Subject)
			return append(denials, found...), append(errs, failures...)
		}
	}
	return denials, errs
}

// subjects evaluates subjects with all rules that do not fail on them.
func (e *evaluation) subjects(ctx context.Context, subjects []Subject, limit time.Duration) ([]policy.Denial, []error) {
	denials, failures := withoutFailing(ctx, e.budget, limit, func(ctx context.Context, except []string) ([]policy.Denial, error) {
		return e.once(ctx, subjects, except)
	})
	var errs []error
	for _, err := range failures {
		for _, subject := range subjects {
			errs = append(errs, &Error{subject, subject.file(e.all), subject.name(e.all), err})
		}
	}
	return denials, errs
}

// once evaluates subjects with all rules except some and returns denials with paths into all facts. If there is an
// error, the denials of each rule that did not fail are complete.
func (e *evaluation) once(ctx context.Context, subjects []Subject, except []string) ([]policy.Denial, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	some := facts.Facts{Edition: e.all.Edition}
	var deployments, computes []int
	for _, subject := range subjects {
		if subject.Kind == "deployments" {
			some.Deployments = append(some.Deployments, e.all.Deployments[subject.Index])
			deployments = append(deployments, subject.Index)
		} else {
			some.Computes = append(some.Computes, e.all.Computes[subject.Index])
			computes = append(computes, subject.Index)
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

// withoutFailing evaluates the rules, and evaluates again without each rule that fails. It returns the denials of all
// rules that do not fail, the denials that rules returned in evaluations that failed, and an error for each failure.
func withoutFailing(
	ctx context.Context, budget *budget, limit time.Duration, evaluate func(ctx context.Context, except []string) ([]policy.Denial, error),
) ([]policy.Denial, []error) {
	var errs []error
	except := budget.exhausted()
	for _, rule := range except {
		errs = append(errs, &policy.Error{Rule: rule, Message: "not evaluated, because it took too long before"})
	}
	var kept []policy.Denial // denials of rules that failed later
	for {
		limited, cancel := context.WithTimeout(ctx, limit)
		denials, err := evaluate(limited, except)
		cancel()
		if err == nil || ctx.Err() != nil {
			return append(kept, denials...), errs
		}
		errs = append(errs, err)
		failed, _ := FailedRules(err)
		failed = slices.DeleteFunc(failed, func(rule string) bool { return slices.Contains(except, rule) })
		if len(failed) == 0 {
			return append(kept, denials...), errs
		}
		for _, denial := range denials {
			if slices.Contains(failed, denial.Rule) {
				kept = append(kept, denial)
			}
		}
		if TimedOut(err) {
			budget.spend(failed, limit)
		}
		except = append(except, failed...)
	}
}

// budget is the time that rules without a result have cost a run.
type budget struct {
	next  time.Duration // limit of the next evaluation
	mutex sync.Mutex
	spent map[string]time.Duration // by rule; nil until the first
}

func (b *budget) spend(rules []string, cost time.Duration) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if b.spent == nil {
		b.spent = map[string]time.Duration{}
	}
	for _, rule := range rules {
		b.spent[rule] += cost
	}
}

// exhausted returns the rules whose budget is too small for one more evaluation, sorted.
func (b *budget) exhausted() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var rules []string
	for rule, spent := range b.spent {
		if spent+b.next > ruleLimit {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	return rules
}
