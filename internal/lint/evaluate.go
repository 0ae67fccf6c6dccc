package lint

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

const (
	// chunkSize is the number of deployments and computes of one evaluation. Its
	// fixed cost is that of several deployments; far beyond a hundred nothing is gained.
	chunkSize = 100
	// evaluationTimeout bounds one evaluation. A hundred deployments take some milliseconds.
	evaluationTimeout = 5 * time.Second
)

// subject is a deployment or a compute with its index in the facts of a run.
type subject struct {
	kind  string // deployments or computes, as in a path
	index int
}

// evaluate asks the policies about all facts, in chunks on all cores. Where they
// fail on a chunk, each of its subjects is asked about alone, so that the error
// names one and hides no other's denials.
func (l *Linter) evaluate(ctx context.Context, all *facts.Facts) ([]policy.Denial, []error) {
	var subjects []subject
	for i := range all.Deployments {
		subjects = append(subjects, subject{"deployments", i})
	}
	for i := range all.Computes {
		subjects = append(subjects, subject{"computes", i})
	}
	chunks := (len(subjects) + chunkSize - 1) / chunkSize
	denials := make([][]policy.Denial, chunks)
	errs := make([][]error, chunks)
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), chunks) {
		workers.Go(func() {
			for chunk := range next {
				end := min((chunk+1)*chunkSize, len(subjects))
				denials[chunk], errs[chunk] = l.chunk(ctx, all, subjects[chunk*chunkSize:end])
			}
		})
	}
	for chunk := range chunks {
		next <- chunk
	}
	close(next)
	workers.Wait()
	return concat(denials), concat(errs)
}

func (l *Linter) chunk(ctx context.Context, all *facts.Facts, subjects []subject) ([]policy.Denial, []error) {
	denials, err := l.ask(ctx, all, subjects)
	if err == nil || ctx.Err() != nil {
		return denials, nil
	}
	var errs []error
	for _, one := range subjects {
		alone, err := l.ask(ctx, all, []subject{one})
		denials = append(denials, alone...)
		if err == nil {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: judge %s: %w", one.file(all), one.name(all), err))
		if isTimeout(err) || ctx.Err() != nil {
			// A rule that never ends would take as long for each of the rest.
			break
		}
	}
	if errs == nil {
		errs = []error{err}
	}
	return denials, errs
}

// ask evaluates some subjects and returns denials with paths into all facts.
func (l *Linter) ask(ctx context.Context, all *facts.Facts, subjects []subject) ([]policy.Denial, error) {
	ctx, cancel := context.WithTimeout(ctx, evaluationTimeout)
	defer cancel()
	some := facts.Facts{Edition: l.config.Edition.Value}
	var deployments, computes []int
	for _, subject := range subjects {
		if subject.kind == "deployments" {
			some.Deployments = append(some.Deployments, all.Deployments[subject.index])
			deployments = append(deployments, subject.index)
		} else {
			some.Computes = append(some.Computes, all.Computes[subject.index])
			computes = append(computes, subject.index)
		}
	}
	denials, err := l.policies.Evaluate(ctx, &some)
	if err != nil {
		return nil, err
	}
	for _, denial := range denials {
		index, _ := denial.Path[1].(int)
		switch denial.Path[0] {
		case "deployments":
			denial.Path[1] = deployments[index]
		case "computes":
			denial.Path[1] = computes[index]
		}
	}
	return denials, nil
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

func concat[T any](lists [][]T) []T {
	var all []T
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}
