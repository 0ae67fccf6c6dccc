package metrics

import (
	"math"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// read parses a page as Prometheus does.
func read(t *testing.T, s *Set) map[string]*dto.MetricFamily {
	t.Helper()
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, nil)
	if format := expfmt.ResponseFormat(recorder.Header()); format.FormatType() != expfmt.TypeTextPlain {
		t.Errorf("Content-Type %q", recorder.Header().Get("Content-Type"))
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func labelsOf(metric *dto.Metric) map[string]string {
	labels := map[string]string{}
	for _, label := range metric.GetLabel() {
		labels[label.GetName()] = label.GetValue()
	}
	return labels
}

func TestSet(t *testing.T) {
	var s Set
	reviews := s.Counter("reviews_total", "Reviews.\nBy \\ kind.", "kind", "verdict")
	inFlight := s.Gauge("in_flight", "Reviews that run.").With()
	reviews.With("Pod", "denied").Add(1)
	reviews.With("Pod", "denied").Add(2)
	reviews.With(hostile, "").Add(1)
	inFlight.Add(3)
	inFlight.Add(-1)

	families := read(t, &s)
	if family := families["reviews_total"]; family.GetType() != dto.MetricType_COUNTER || family.GetHelp() != "Reviews.\nBy \\ kind." || len(family.GetMetric()) != 2 {
		t.Fatalf("reviews: %v", family)
	}
	got := map[string]float64{}
	for _, metric := range families["reviews_total"].GetMetric() {
		labels := labelsOf(metric)
		got[labels["kind"]+" "+labels["verdict"]] = metric.GetCounter().GetValue()
	}
	if got["Pod denied"] != 3 || got[strings.ToValidUTF8(hostile, "\uFFFD")+" "] != 1 {
		t.Errorf("reviews: %v", got)
	}
	if family := families["in_flight"]; family.GetType() != dto.MetricType_GAUGE || family.GetMetric()[0].GetGauge().GetValue() != 2 {
		t.Errorf("in flight: %v", family)
	}
}

// hostile is everything that ends a label or a line, and what is no text.
const hostile = "a\"b\\c\nd{}=,é\xff"

func TestOnlyTakesTheOthersAway(t *testing.T) {
	var s Set
	info := s.Gauge("policy_info", "What is in force.", "edition")
	info.Only(1, "2020-06")
	info.Only(1, "2023-03")
	if metrics := read(t, &s)["policy_info"].GetMetric(); len(metrics) != 1 || labelsOf(metrics[0])["edition"] != "2023-03" {
		t.Errorf("in force: %v", metrics)
	}
}

func TestHistogram(t *testing.T) {
	var s Set
	durations := s.Histogram("duration_seconds", "How long.", .001, .5, 10)
	for _, seconds := range []float64{0, .001, .0011, .5, 9, 10, 11, math.Inf(1)} {
		durations.Observe(seconds)
	}
	h := read(t, &s)["duration_seconds"].GetMetric()[0].GetHistogram()
	var bounds, counts []float64
	for _, bucket := range h.GetBucket() {
		bounds, counts = append(bounds, bucket.GetUpperBound()), append(counts, float64(bucket.GetCumulativeCount()))
	}
	if !slices.Equal(bounds, []float64{.001, .5, 10, math.Inf(1)}) || !slices.Equal(counts, []float64{2, 4, 6, 8}) {
		t.Errorf("bounds %v, counts %v", bounds, counts)
	}
	if h.GetSampleCount() != 8 || !math.IsInf(h.GetSampleSum(), 1) {
		t.Errorf("%d observations, %v in all", h.GetSampleCount(), h.GetSampleSum())
	}
}

func TestNumbersAreExact(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 1e6: "1000000", 1 << 52: "4503599627370496", 1e300: "1e+300", .25: "0.25", -3: "-3",
		math.Inf(1): "+Inf", math.Inf(-1): "-Inf", 1795466666.25: "1.79546666625e+09",
	} {
		if got := number(value); got != want {
			t.Errorf("%v is written %s, want %s", value, got, want)
		}
	}
	if got := number(math.NaN()); got != "NaN" {
		t.Errorf("NaN is written %s", got)
	}
}

// TestRuntime holds what operators look at in every Go program.
func TestRuntime(t *testing.T) {
	var s Set
	s.Runtime()
	families := read(t, &s)
	between := map[string][2]float64{
		"go_goroutines":                 {2, 1000},
		"go_threads":                    {1, 1000},
		"go_info":                       {1, 1},
		"go_gc_gomemlimit_bytes":        {1 << 20, math.MaxInt64},
		"go_memstats_alloc_bytes":       {1 << 10, 1 << 30},
		"go_memstats_heap_inuse_bytes":  {1 << 10, 1 << 30},
		"go_memstats_alloc_bytes_total": {1 << 10, 1 << 40},
		"go_memstats_next_gc_bytes":     {1 << 20, 1 << 40},
		"go_memstats_sys_bytes":         {1 << 20, 1 << 40},
	}
	if runtime.GOOS == "linux" {
		now := float64(time.Now().Unix())
		between["process_start_time_seconds"] = [2]float64{now - 3600, now + 2}
		between["process_resident_memory_bytes"] = [2]float64{1 << 20, 1 << 32}
		between["process_virtual_memory_bytes"] = [2]float64{1 << 20, 1 << 50}
		between["process_cpu_seconds_total"] = [2]float64{0, 3600}
		between["process_open_fds"] = [2]float64{3, 1000}
		between["process_max_fds"] = [2]float64{16, math.Inf(1)}
	}
	for name, bounds := range between {
		family := families[name]
		if len(family.GetMetric()) != 1 {
			t.Errorf("%s: %v", name, family)
			continue
		}
		metric := family.GetMetric()[0]
		if value := metric.GetGauge().GetValue() + metric.GetCounter().GetValue(); value < bounds[0] || value > bounds[1] {
			t.Errorf("%s is %v, not within %v", name, value, bounds)
		}
	}
	if pauses := families["go_gc_duration_seconds"]; pauses.GetType() != dto.MetricType_SUMMARY || len(pauses.GetMetric()[0].GetSummary().GetQuantile()) != 5 {
		t.Errorf("pauses: %v", pauses)
	}
}

func TestCountingIsConcurrent(t *testing.T) {
	var s Set
	reviews, durations := s.Counter("reviews_total", "Reviews.", "kind"), s.Histogram("duration_seconds", "How long.", 1)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for range 500 {
				reviews.With("Pod").Add(1)
				durations.Observe(.5)
			}
			read(t, &s)
		})
	}
	workers.Wait()
	families := read(t, &s)
	if got := families["reviews_total"].GetMetric()[0].GetCounter().GetValue(); got != 4000 {
		t.Errorf("%v reviews", got)
	}
	if h := families["duration_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 4000 || h.GetSampleSum() != 2000 {
		t.Errorf("durations: %v", h)
	}
}

// TestCountingAllocatesNothing: it happens in each review.
func TestCountingAllocatesNothing(t *testing.T) {
	var s Set
	reviews, durations := s.Counter("reviews_total", "Reviews.", "kind", "verdict"), s.Histogram("duration_seconds", "How long.", .1, 1)
	kind := strings.Clone("Pod")
	if n := testing.AllocsPerRun(100, func() {
		reviews.With(kind, "denied").Add(1)
		durations.Observe(.5)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
