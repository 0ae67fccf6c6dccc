// Package metrics counts, and writes what it has counted in the text format of Prometheus.
//
// It stands in for github.com/prometheus/client_golang, whose packages take more than a
// millisecond to initialize: a third of what is allowed for the start of the linter, which
// is the same program and counts nothing.
package metrics

import (
	"cmp"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// ContentType is of the text format: https://prometheus.io/docs/instrumenting/exposition_formats/
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// Kind is the type of a metric.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
	summary   kind = "summary"
)

// Set is what is written as one page. The zero value is empty. Metrics are added to it before
// it is written for the first time; it is safe for concurrent use from then on.
type Set struct {
	metrics []metric
}

// metric is something with a name of its own on the page.
type metric interface {
	name() string
	write(*page)
}

// described is what stands on a page before the values of a metric.
type described struct {
	called, help string
	kind         kind
}

func (d described) name() string { return d.called }

// Counter adds a metric that only rises, with a value for each of the values of its labels.
func (s *Set) Counter(name, help string, labels ...string) *Family {
	return s.family(name, help, counter, labels)
}

// Gauge adds a metric that rises and falls, with a value for each of the values of its labels.
func (s *Set) Gauge(name, help string, labels ...string) *Family {
	return s.family(name, help, gauge, labels)
}

func (s *Set) family(name, help string, kind kind, labels []string) *Family {
	if len(labels) > maxLabels {
		panic("metrics: " + name + " has too many labels")
	}
	f := &Family{described: described{name, help, kind}, labels: labels, values: map[key]*Value{}}
	s.metrics = append(s.metrics, f)
	return f
}

// Histogram adds a metric that counts observations by the least bound, of those that are
// given in their order, which they do not exceed.
func (s *Set) Histogram(name, help string, bounds ...float64) *Histogram {
	h := &Histogram{described: described{name, help, histogram}, bounds: bounds, buckets: make([]atomic.Uint64, len(bounds)+1)}
	s.metrics = append(s.metrics, h)
	return h
}

// WriteTo writes all metrics by name.
func (s *Set) WriteTo(w io.Writer) (int64, error) {
	metrics := slices.SortedFunc(slices.Values(s.metrics), func(a, b metric) int { return cmp.Compare(a.name(), b.name()) })
	var page page
	for _, metric := range metrics {
		metric.write(&page)
	}
	n, err := w.Write(page.text)
	return int64(n), err
}

// ServeHTTP writes all metrics.
func (s *Set) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", ContentType)
	// A reader that went away is no concern of ours.
	_, _ = s.WriteTo(w)
}

// maxLabels is of one metric; none has more.
const maxLabels = 2

// key is the values of labels.
type key [maxLabels]string

// Family is a metric with a value for each of the values of its labels.
type Family struct {
	described
	labels []string

	mutex  sync.RWMutex
	values map[key]*Value
}

// With returns the value for these values of the labels, in their order. It makes one of
// zero where there is none.
func (f *Family) With(labels ...string) *Value {
	key := f.key(labels)
	f.mutex.RLock()
	value := f.values[key]
	f.mutex.RUnlock()
	if value != nil {
		return value
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.values[key] == nil {
		f.values[key] = new(Value)
	}
	return f.values[key]
}

// Only sets the value for these values of the labels and takes away all others.
func (f *Family) Only(value float64, labels ...string) {
	only := new(Value)
	only.Set(value)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.values = map[key]*Value{f.key(labels): only}
}

func (f *Family) key(labels []string) (of key) {
	if len(labels) != len(f.labels) {
		panic("metrics: " + f.called + " has other labels")
	}
	copy(of[:], labels)
	return of
}

func (f *Family) write(p *page) {
	f.mutex.RLock()
	defer f.mutex.RUnlock()
	p.describe(f.described)
	keys := make([]key, 0, len(f.values))
	for key := range f.values {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b key) int { return slices.Compare(a[:], b[:]) })
	for _, key := range keys {
		var labels []string
		for i, name := range f.labels {
			labels = append(labels, name, key[i])
		}
		p.sample(f.called, f.values[key].get(), labels...)
	}
}

// Value is a number that many change at once.
type Value struct{ bits atomic.Uint64 }

// Add adds to the value, which is a counter's only if it is not negative.
func (v *Value) Add(n float64) {
	for {
		old := v.bits.Load()
		if v.bits.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+n)) {
			return
		}
	}
}

// Set sets the value, which is a gauge's.
func (v *Value) Set(n float64) { v.bits.Store(math.Float64bits(n)) }

func (v *Value) get() float64 { return math.Float64frombits(v.bits.Load()) }

// Histogram counts observations by size.
type Histogram struct {
	described
	bounds  []float64
	buckets []atomic.Uint64 // one more than bounds, of what exceeds all
	sum     Value
}

// Observe counts an observation.
func (h *Histogram) Observe(value float64) {
	bucket, _ := slices.BinarySearch(h.bounds, value)
	h.buckets[bucket].Add(1)
	h.sum.Add(value)
}

func (h *Histogram) write(p *page) {
	p.describe(h.described)
	count := 0.0
	for i, bound := range append(slices.Clip(h.bounds), math.Inf(1)) {
		count += float64(h.buckets[i].Load())
		p.sample(h.called+"_bucket", count, "le", number(bound))
	}
	p.sample(h.called+"_sum", h.sum.get())
	p.sample(h.called+"_count", count)
}

// page is text in the making.
type page struct{ text []byte }

func (p *page) describe(of described) {
	p.text = append(p.text, "# HELP "+of.called+" "+escapeHelp.Replace(of.help)+"\n# TYPE "+of.called+" "+string(of.kind)+"\n"...)
}

// sample writes a value; labels are names, each before its value.
func (p *page) sample(name string, value float64, labels ...string) {
	p.text = append(p.text, name...)
	for i := 0; i < len(labels); i += 2 {
		separator := ","
		if i == 0 {
			separator = "{"
		}
		p.text = append(p.text, separator+labels[i]+`="`+escapeLabel.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD"))+`"`...)
	}
	if len(labels) > 0 {
		p.text = append(p.text, '}')
	}
	p.text = append(p.text, " "+number(value)+"\n"...)
}

// one writes a metric of one value without labels.
func (p *page) one(kind kind, name, help string, value float64) {
	p.describe(described{name, help, kind})
	p.sample(name, value)
}

// number writes whole numbers without an exponent as long as they are exact, all others as
// short as they can be.
func number(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return strconv.FormatInt(int64(value), 10)
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)
