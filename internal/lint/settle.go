package lint

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Settling keeps the memory of a run from growing with the number of its files. After each batch of text, what stands
// alone (extract.Unit) is evaluated. Where no rule reports anything, only what a result counts and names remains: the
// facts are released, and so are the text and the tree of a file in which nothing else is. The rest is evaluated at the
// end as if there were no other inputs, so that no finding depends on batches.

const (
	// usualBatch is in bytes of text. With trees and facts a batch takes about ten times as much memory. Smaller runs, in
	// which nothing is settled, are the most frequent ones.
	usualBatch = 1 << 20
	// objectsAtOnce is the number of objects whose facts are in memory together.
	objectsAtOnce = 1000
)

// batch returns the number of bytes of text after which a run settles what it can.
func (l *Linter) batch() int64 {
	switch {
	case !l.options.Without.Uses(Batches):
		return math.MaxInt64
	case l.options.Batch > 0:
		return int64(l.options.Batch)
	}
	return usualBatch
}

// settle settles what it can of the files from an index on.
func (l *Linter) settle(ctx context.Context, all *inputFiles, from int) {
	s := &all.settled
	left := map[*source.File]int{} // objects that are not settled
	var objects []extract.Object
	for _, file := range all.files[from:] {
		if some, ok := l.objects(file); ok {
			objects, left[file] = append(objects, some...), len(some)
		}
	}
	positions := all.positions(from)
	for some := range slices.Chunk(objects, int(min(objectsAtOnce, l.batch()))) {
		if !s.isWorthwhile() {
			continue
		}
		units := extract.Units(ctx, some, l.extractOptions(*all))
		reported, ok := l.reported(ctx, units)
		if !ok || ctx.Err() != nil {
			s.failed = true
			continue
		}
		count := 0
		for i, unit := range units {
			if !reported[i] {
				left[unit.File]--
				count++
				s.add(unit, positions[unit.File], l.of(unit.File.Name))
			}
		}
		s.learn(count, len(some))
	}
	kept := all.files[:from]
	for _, file := range all.files[from:] {
		if objects, ok := left[file]; ok && objects == 0 {
			s.files++
			delete(s.units, file.Name)
			all.unrecognized[file.Name] = true
		} else {
			kept = append(kept, file)
		}
	}
	clear(all.files[len(kept):]) // so that they are released
	all.files = kept
}

// objects returns the objects in a file if they can be settled.
func (l *Linter) objects(file *source.File) ([]extract.Object, bool) {
	setting := l.of(file.Name)
	if of := language.Of(file.Name); of != nil && of.Modules {
		return nil, false // other files may include it
	}
	if setting.config.Broken || setting.relates || !l.options.NoWaivers && waiver.In(file, isAbsent) {
		return nil, false
	}
	return extract.Objects(file)
}

// reported returns of which units a rule reports something. It is false if a rule fails.
func (l *Linter) reported(ctx context.Context, units []extract.Unit) (reported []bool, ok bool) {
	reported = make([]bool, len(units))
	unitOf := map[any]int{} // by deployment and compute
	all := &extract.Extraction{}
	for i, unit := range units {
		for _, d := range unit.Deployments {
			unitOf[d] = i
		}
		for _, c := range unit.Computes {
			unitOf[c] = i
		}
		all.Deployments, all.Computes = append(all.Deployments, unit.Deployments...), append(all.Computes, unit.Computes...)
	}
	if len(unitOf) == 0 {
		return reported, true
	}
	for _, group := range l.groups(all) {
		evaluation := group.engine.evaluate(ctx, group.extraction, l.options.Without.evaluation(evaluate.ForFiles()))
		if len(evaluation.errs) > 0 {
			return nil, false
		}
		for _, denial := range evaluation.denials {
			index, _ := denial.Path[1].(int)
			if denial.Path[0] == "computes" {
				reported[unitOf[evaluation.facts.Computes[index]]] = true
			} else {
				reported[unitOf[cmp.Or(denial.VariantOf, evaluation.facts.Deployments[index])]] = true
			}
		}
	}
	return reported, true
}

// settled is what remains of what was evaluated before the end.
type settled struct {
	summary
	files    int                // in which nothing else is
	units    map[string]indexes // of the other files
	settings map[*Setting]bool  // of deployments and computes
	// failed is set if a rule failed. It would fail again, after its time limit, in each batch; its error is reported at
	// the end.
	failed bool
	skip   int // the next objects to keep, in chunks
	gap    int // how many were kept the last time
}

// isWorthwhile reports whether to settle the next chunk of objects. What cannot be settled is evaluated twice: after a
// chunk of which little was settled, one is kept, and twice as many each further time.
func (s *settled) isWorthwhile() bool {
	if s.skip > 0 {
		s.skip--
		return false
	}
	return !s.failed
}

// learn notes how many objects of a chunk were settled.
func (s *settled) learn(settled, of int) {
	if settled >= of/2 {
		s.gap = 0
		return
	}
	s.gap = max(1, 2*s.gap)
	s.skip = s.gap
}

// add adds a unit of the file with a setting and at a position in the inputs.
func (s *settled) add(unit extract.Unit, file int, setting *Setting) {
	if s.units == nil {
		s.units, s.settings = map[string]indexes{}, map[*Setting]bool{}
	}
	units := s.units[unit.File.Name]
	units.add(unit.Unit)
	s.units[unit.File.Name] = units
	at := place{file, unit.Unit}
	for _, d := range unit.Deployments {
		s.settings[setting] = true
		s.addDeployment(d, at)
	}
	for _, c := range unit.Computes {
		s.settings[setting] = true
		s.addCompute(c, at)
	}
}

// has reports whether a unit of a file is settled.
func (s *settled) has(file string, unit int) bool { return s.units[file].has(unit) }

// isEmpty reports whether nothing is settled.
func (s *settled) isEmpty() bool { return s.files+len(s.units) == 0 }

// indexes is a set of small numbers.
type indexes []uint64

func (x indexes) has(i int) bool { return i/64 < len(x) && x[i/64]&(1<<(i%64)) != 0 }

func (x *indexes) add(i int) {
	for i/64 >= len(*x) {
		*x = append(*x, 0)
	}
	(*x)[i/64] |= 1 << (i % 64)
}
