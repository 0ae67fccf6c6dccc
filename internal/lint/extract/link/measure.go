package link

import (
	"context"
	"fmt"
	"math"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// sizeOfMLModel returns the size that the MLmodel with a name declares, unknown where there is
// none.
func (l *Linker) sizeOfMLModel(ctx context.Context, name string) facts.Fact[int64] {
	parts := l.file(ctx, l.direct(name)).Parts[read.MLModelPart]
	if len(parts) != 1 {
		return facts.Fact[int64]{}
	}
	return parts[0].Facts.Models[0].SizeBytes
}

// measure sets the sizes of models whose files are in the project: those with a path relative to
// the folder of their document. A measured size overrides a declared one. It contradicts one that
// is not about equal.
func (l *Linker) measure(ctx context.Context, d *read.Draft) []facts.Problem {
	if l.options.Alone {
		return nil
	}
	m := read.Merger{Name: d.Name.Value, File: d.Subject.File}
	for _, model := range d.Models {
		declared := model.SizeBytes
		if declared.Known && model.SizeSource.Value != read.DeclaredSource || !model.Path.Known {
			continue
		}
		file := model.Path.Location.Node.File().Name
		if file == read.StandardInput {
			continue
		}
		source := model.SizeSource
		l.sizes.Measure(ctx, file, model)
		switch size := model.SizeBytes; {
		case !declared.Known:
		case !size.Known:
			model.SizeBytes, model.SizeSource = declared, source
		case !aboutEqual(declared.Value, size.Value):
			m.Contradiction("model size", size.Location, declared.Location,
				fmt.Sprintf("%d bytes", size.Value), fmt.Sprintf("%d bytes", declared.Value))
		}
	}
	return m.Problems
}

// aboutEqual reports whether a declared size differs from the measured one by at most 5 %.
func aboutEqual(declared, size int64) bool {
	return math.Abs(float64(declared)-float64(size)) <= 0.05*float64(size)
}
