// Load measures mlpolicy webhook over TLS beside a handler that decodes the same reviews and
// always allows, both on the same two processors and in turn, so that the figures can be
// compared on any machine. It prints a table and ends with 1 where a bound is not kept.
//
// Everything listens on loopback and ends after six minutes at the latest.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sys/unix"
)

const (
	// processors that the servers and the load share.
	processors = 2
	// rounds of each measurement. Each bound is for the median of their ratios.
	rounds = 7
	// connections that are kept open under full load.
	connections = 32
	// perSecond is the rate at which latencies are measured.
	perSecond = 500
	// limit ends the run whatever happens.
	limit = 6 * time.Minute

	maxLatency      = 3.0 // times the reference's, 99th percentile
	minWithFacts    = .3  // of the reference's throughput
	minWithoutFacts = .6
	maxResident     = 64.0 // MiB
)

var (
	binary  = flag.String("mlpolicy", "bin/mlpolicy", "measure the `FILE`")
	objects = flag.String("objects", "internal/webhook/testdata", "send the objects of the `FOLDER`")
	each    = flag.Duration("each", 3*time.Second, "measure for a `DURATION` each time")
	full    = flag.Duration("full", time.Minute, "look at the memory after a `DURATION` of full load")
)

func main() {
	flag.Parse()
	if flag.Arg(0) == referenceCommand {
		fmt.Fprintln(os.Stderr, serveReference(flag.Arg(1), flag.Arg(2), flag.Arg(3)))
		os.Exit(3)
	}
	// What is started ends with the thread that started it, which so must be the last one.
	runtime.LockOSThread()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	kept, err := run(ctx)
	cancel()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(3)
	case !kept:
		os.Exit(1)
	}
}

func run(ctx context.Context) (kept bool, err error) {
	if err := restrict(processors); err != nil {
		return false, err
	}
	folder, err := os.MkdirTemp("", "mlpolicy-load-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(folder)
	certificate, roots, err := newCertificate(folder)
	if err != nil {
		return false, err
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	reference, err := start(ctx, certificate, roots, func(address string) []string {
		return []string{self, referenceCommand, address, certificate.file, certificate.key}
	})
	if err != nil {
		return false, fmt.Errorf("the reference: %w", err)
	}
	defer reference.stop()
	webhook, err := start(ctx, certificate, roots, func(address string) []string {
		return []string{*binary, "webhook", "--tls-cert", certificate.file, "--tls-key", certificate.key, "--listen", address, "--metrics", "", "--shutdown-delay", "0s"}
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", *binary, err)
	}
	defer webhook.stop()

	facts, err := reviewOf("deployment.json", "apps", "Deployment")
	if err != nil {
		return false, err
	}
	plain, err := reviewOf("configmap.json", "", "ConfigMap")
	if err != nil {
		return false, err
	}
	l := load{reference: reference, webhook: webhook}
	fmt.Printf("%-44s %14s %14s   %s\n", fmt.Sprintf("medians of %d rounds of %s", rounds, *each), "reference", "webhook", "ratio, of each round, bound")
	l.compare(ctx, fmt.Sprintf("99th percentile at %d/s, with facts, ms", perSecond), facts, latency, atMost(maxLatency))
	l.compare(ctx, fmt.Sprintf("99th percentile at %d/s, without facts, ms", perSecond), plain, latency, atMost(maxLatency))
	l.compare(ctx, "reviews per second, with facts", facts, throughput, atLeast(minWithFacts))
	l.compare(ctx, "reviews per second, without facts", plain, throughput, atLeast(minWithoutFacts))
	l.memory(ctx, facts)
	return !l.missed, errors.Join(append(l.errs, ctx.Err())...)
}

// restrict lets this process and those that it starts run on so many processors.
func restrict(processors int) error {
	var all, some unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	for i := 0; i < len(all)*64 && some.Count() < processors; i++ {
		if all.IsSet(i) {
			some.Set(i)
		}
	}
	// Of every thread that there is already.
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, &some); err != nil {
			return err
		}
	}
	return nil
}

// review is the body of a request and what the webhook's answer to it holds.
type review struct {
	body []byte
	want string
}

func reviewOf(name, group, kind string) (review, error) {
	text, err := os.ReadFile(filepath.Join(*objects, name))
	if err != nil {
		return review{}, err
	}
	var object bytes.Buffer
	if err := json.Compact(&object, text); err != nil {
		return review{}, err
	}
	body := fmt.Sprintf(`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002",`+
		`"kind":{"group":%q,"version":"v1","kind":%q},"resource":{"group":%[1]q,"version":"v1","resource":%[3]q},`+
		`"name":"churn","namespace":"scoring","operation":"CREATE","userInfo":{"username":"jane","groups":["system:authenticated"]},`+
		`"object":%[4]s,"oldObject":null,"dryRun":false,"options":{"kind":"CreateOptions","apiVersion":"meta.k8s.io/v1"}}}`,
		group, kind, strings.ToLower(kind)+"s", object.String())
	want := `"allowed":true`
	if kind == "Deployment" {
		want = `"allowed":false`
	}
	return review{[]byte(body), want}, nil
}

// load is a run with what it has found.
type load struct {
	reference, webhook *server
	missed             bool
	errs               []error
}

// compare measures reference and webhook in turn.
func (l *load) compare(ctx context.Context, what string, review review, measure measure, bound bound) {
	var of, against, ratios []float64
	for i := range rounds {
		pair := [2]*server{l.reference, l.webhook}
		var figures [2]float64
		for _, j := range []int{i % 2, 1 - i%2} { // neither is always the second
			figures[j] = l.attack(ctx, pair[j], review, measure)
		}
		against, of, ratios = append(against, figures[0]), append(of, figures[1]), append(ratios, figures[1]/figures[0])
	}
	ratio := median(ratios)
	l.row(what, median(against), median(of), fmt.Sprintf("%.2f, %.2f to %.2f", ratio, slices.Min(ratios), slices.Max(ratios)), bound, ratio)
}

func (l *load) row(what string, reference, webhook float64, of string, bound bound, figure float64) {
	verdict := "kept"
	if !bound.holds(figure) {
		verdict, l.missed = "MISSED", true
	}
	fmt.Printf("%-44s %14.2f %14.2f   %s, %s: %s\n", what, reference, webhook, of, bound.text, verdict)
}

// memory is what is resident after a time of full load.
func (l *load) memory(ctx context.Context, review review) {
	*each = *full
	reviews := l.attack(ctx, l.webhook, review, throughput)
	resident, err := l.webhook.resident()
	l.errs = append(l.errs, err)
	reference, err := l.reference.resident()
	l.errs = append(l.errs, err)
	l.row(fmt.Sprintf("resident after %s of full load, MiB", *full), reference, resident,
		fmt.Sprintf("at %.0f reviews per second", reviews), bound{"at most 64 MiB", func(mib float64) bool { return mib <= maxResident }}, resident)
}

// measure is a way to attack, and the figure of it.
type measure struct {
	pace    vegeta.Pacer
	workers uint64 // at the start
	most    uint64
	figure  func(*vegeta.Metrics) float64
}

var (
	latency = measure{
		vegeta.Rate{Freq: perSecond, Per: time.Second}, 10, vegeta.DefaultMaxWorkers,
		func(m *vegeta.Metrics) float64 { return float64(m.Latencies.P99) / float64(time.Millisecond) },
	}
	throughput = measure{
		vegeta.Rate{}, connections, connections, // as many as can be
		func(m *vegeta.Metrics) float64 { return m.Throughput },
	}
)

// attack sends the review again and again and returns the figure. Each answer must be
// the one that is due.
func (l *load) attack(ctx context.Context, s *server, review review, measure measure) float64 {
	want := review.want
	if s == l.reference {
		want = `"allowed":true`
	}
	transport := &http.Transport{TLSClientConfig: s.tls(), MaxIdleConnsPerHost: connections}
	defer transport.CloseIdleConnections() // or the server would have those of every attack
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: transport, Timeout: 10 * time.Second}),
		vegeta.Workers(measure.workers), vegeta.MaxWorkers(measure.most),
	)
	target := vegeta.NewStaticTargeter(vegeta.Target{
		Method: http.MethodPost, URL: "https://" + s.address + "/validate?timeout=3s", Body: review.body,
		Header: http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, */*"}},
	})
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	var metrics vegeta.Metrics
	wrong := 0
	for result := range attacker.Attack(target, measure.pace, *each, s.name) {
		if result.Code != http.StatusOK || !bytes.Contains(result.Body, []byte(want)) {
			if wrong++; wrong == 1 {
				l.errs = append(l.errs, fmt.Errorf("%s: status %d, error %q, answer %.200q", s.name, result.Code, result.Error, result.Body))
			}
		}
		metrics.Add(result)
	}
	metrics.Close()
	if wrong > 0 {
		l.errs = append(l.errs, fmt.Errorf("%s: %d of %d answers were wrong", s.name, wrong, metrics.Requests))
	}
	return measure.figure(&metrics)
}

// bound is what a figure has to keep.
type bound struct {
	text  string
	holds func(float64) bool
}

func atMost(most float64) bound {
	return bound{fmt.Sprintf("at most %.2g", most), func(ratio float64) bool { return ratio <= most }}
}

func atLeast(least float64) bound {
	return bound{fmt.Sprintf("at least %.2g", least), func(ratio float64) bool { return ratio >= least }}
}

func median(figures []float64) float64 {
	sorted := slices.SortedFunc(slices.Values(figures), cmp.Compare[float64])
	return sorted[len(sorted)/2]
}
