package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// query is an expression of Prometheus with what is written about its result.
type query struct {
	from       string
	expression string
	// mentioned are the labels that a legend or an annotation writes.
	mentioned []string
}

var (
	legendLabel     = regexp.MustCompile(`\{\{ ?([a-z_]+) ?\}\}`)
	annotationLabel = regexp.MustCompile(`\$labels\.([a-z_]+)`)
	// inlineQuery is an expression in the text of a page.
	inlineQuery = regexp.MustCompile("`([^`\n]*(?:mlpolicy|apiserver_admission)_webhook_[^`\n]*)`")
	// metricName is a query of nothing but a name.
	metricName = regexp.MustCompile(`^[a-z_]+$`)
	// metricRow is a row of a page's table of metrics.
	metricRow = regexp.MustCompile("(?m)^\\| `(mlpolicy_webhook_[a-z_]+)` \\|([^|]*)\\|")
	code      = regexp.MustCompile("`([^`]+)`")
)

func first(matches [][]string) (all []string) {
	for _, match := range matches {
		all = append(all, match[1])
	}
	return all
}

// alertsOf are the queries of the rule, and dashboardsOf those of the dashboard, that the chart
// renders.
func alertsOf(t *testing.T, objects []object) (all []query) {
	t.Helper()
	text, err := json.Marshal(ofKind(t, objects, "PrometheusRule")["spec"])
	if err != nil {
		t.Fatal(err)
	}
	var spec struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := json.Unmarshal(text, &spec); err != nil {
		t.Fatal(err)
	}
	for _, group := range spec.Groups {
		for _, rule := range group.Rules {
			said := strings.Join(slices.Sorted(maps.Values(rule.Annotations)), "\n")
			all = append(all, query{"alert " + rule.Alert, rule.Expr, first(annotationLabel.FindAllStringSubmatch(said, -1))})
		}
	}
	return all
}

func dashboardsOf(t *testing.T, objects []object) (all []query) {
	t.Helper()
	for _, of := range objects {
		text, ok := of.at("data", "mlpolicy.json").(string)
		if of.kind() != "ConfigMap" || !ok {
			continue
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr, LegendFormat string }
			}
		}
		if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
			t.Fatal(err)
		}
		for _, panel := range dashboard.Panels {
			for _, target := range panel.Targets {
				all = append(all, query{"panel " + panel.Title, target.Expr, first(legendLabel.FindAllStringSubmatch(target.LegendFormat, -1))})
			}
		}
	}
	return all
}

// page reads a page of the documentation.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var pages = []string{"runbook.md", "webhook.md"}

// exposed are the series that a running webhook and the API server expose once all has happened
// that they count.
func exposed(t *testing.T) []labels.Labels {
	t.Helper()
	warned, waived := namespace(t), namespace(t)
	r := install(t, values{
		"mode": "enforce", "webhook.timeoutSeconds": 1,
		"config": "webhook: {namespaces: [{names: [" + warned + "], mode: warn}]}\n" +
			`waivers: [{namespaces: [` + waived + `], waive: 'cpu-only reason="the queue is drained first"'}]`,
	})
	if got := apply(t, namespace(t), violating); got.code == 0 {
		t.Fatal("the webhook does not deny")
	}
	applied(t, warned, violating)
	applied(t, waived, violating)
	for _, review := range []string{
		// Of a version that nobody knows, and of a Pod that a LimitRange changed after its owner was reviewed.
		strings.Replace(reviewOf(`{"apiVersion": "ray.io/v9", "kind": "RayJob", "metadata": {"name": "scorer"}}`), `"kind": {"group": "", "version": "v1", "kind": "Pod"}`, `"kind": {"group": "ray.io", "version": "v9", "kind": "RayJob"}`, 1),
		strings.Replace(reviewOf(strings.Replace(podOf(1), `"metadata": {`, `"metadata": {"annotations": {"kubernetes.io/limit-ranger": "set: gpu"}, "ownerReferences": [
			{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "scorer", "uid": "1", "controller": true}], `, 1)),
			`"operation": "CREATE",`, `"operation": "CREATE", "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},`, 1),
	} {
		if code, answer, err := r.post(r.running()[0], strings.NewReader(review), len(review)); code != http.StatusOK {
			t.Fatalf("status %d: %v %s", code, err, answer)
		}
	}
	// A verdict is counted once its answer is sent.
	eventually(t, "a review that is counted", func() bool { return r.metrics(t).sum(exemptedTotal, `reason="changed-after-owner"`) > 0 })
	all := r.metrics(t)

	// Nobody answers from now on.
	r.killAll()
	if err := r.canary(); err != nil {
		t.Fatalf("under failurePolicy Ignore: %v", err)
	}
	r.upgrade(t, values{"webhook.failurePolicy": "Fail"})
	if err := r.canary(); err == nil {
		t.Fatal("what cannot be reviewed is admitted under failurePolicy Fail")
	}
	r.upgrade(t, values{"webhook.matchConditions": []map[string]any{{"name": "labelled", "expression": `object.metadata.labels["team"] != ""`}}})
	eventually(t, "a match condition that fails", func() bool {
		_ = r.canary() // refused in any case
		return serverMetrics(t).sum(conditionErrors) > 0
	})
	maps.Copy(all, serverMetrics(t))

	var parsed []labels.Labels
	for key := range all {
		each, err := promql.ParseMetric(key)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		// Whoever collects the metrics of several clusters adds where they are from.
		parsed = append(parsed, labels.NewBuilder(each).Set("cluster", "e2e").Labels())
	}
	return parsed
}

// metricLabel holds the name of a metric.
const metricLabel = "__name__"

var promql = parser.NewParser(parser.Options{})

// Each metric that alerts, dashboard, runbook and page ask for is there, with the labels that they
// ask for.
func TestQueriesFindTheirMetrics(t *testing.T) {
	text, err := render(t, "mlpolicy-system", everything)
	if err != nil {
		t.Fatal(err)
	}
	alerts, panels := alertsOf(t, objectsOf(t, text)), dashboardsOf(t, objectsOf(t, text))
	if len(alerts) < 9 || len(panels) < 14 {
		t.Fatalf("there are %d alerts and %d queries of panels", len(alerts), len(panels))
	}
	all := slices.Concat(alerts, panels)
	for _, name := range pages {
		for _, expression := range first(inlineQuery.FindAllStringSubmatch(page(t, name), -1)) {
			if metricName.MatchString(expression) {
				expression = `{__name__=~"` + expression + `(_bucket)?"}` // a histogram has parts
			}
			all = append(all, query{from: name, expression: expression})
		}
	}
	there := exposed(t)
	for _, each := range all {
		if err := each.check(there); err != nil {
			t.Errorf("%s: %s: %v", each.from, each.expression, err)
		}
	}
	checkRows(t, "webhook.md", there)
}

// check holds that an expression can be parsed and that what it selects is there.
func (q query) check(there []labels.Labels) error {
	expression, err := promql.ParseExpr(strings.NewReplacer("$__rate_interval", "5m", "$cluster", ".*").Replace(q.expression))
	if err != nil {
		return err
	}
	var problem error
	var grouped []string
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.AggregateExpr:
			grouped = append(grouped, node.Grouping...)
			for _, label := range node.Grouping {
				if !carries(node.Expr, label, there) {
					problem = fmt.Errorf("no series with the label %s", label)
				}
			}
		case *parser.VectorSelector:
			if len(selected(node, there)) == 0 {
				problem = fmt.Errorf("no series %s", node)
			}
		}
		return nil
	})
	for _, label := range q.mentioned {
		if problem == nil && !slices.Contains(grouped, label) {
			problem = fmt.Errorf("the result has no label %s, which is written", label)
		}
	}
	return problem
}

// selected are the series that a selector matches.
func selected(selector *parser.VectorSelector, there []labels.Labels) (all []labels.Labels) {
	for _, series := range there {
		matches := true
		for _, matcher := range selector.LabelMatchers {
			matches = matches && matcher.Matches(series.Get(matcher.Name))
		}
		if matches {
			all = append(all, series)
		}
	}
	return all
}

// carries reports whether all that is selected within an expression has a label.
func carries(expression parser.Expr, label string, there []labels.Labels) bool {
	has := true
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			for _, series := range selected(selector, there) {
				has = has && series.Get(label) != ""
			}
		}
		return nil
	})
	return has
}

// checkRows holds that the metrics of a page's table are there with the labels that the table has
// for them, and that no metric of ours is left out.
func checkRows(t *testing.T, name string, there []labels.Labels) {
	t.Helper()
	want := map[string][]string{}
	for _, series := range there {
		metric := series.Get(metricLabel)
		if !strings.HasPrefix(metric, "mlpolicy_webhook_") {
			continue
		}
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			metric = strings.TrimSuffix(metric, part)
		}
		var of []string
		series.Range(func(label labels.Label) {
			if label.Name != metricLabel && label.Name != "le" && label.Name != "cluster" {
				of = append(of, label.Name)
			}
		})
		slices.Sort(of)
		want[metric] = of
	}
	listed := map[string][]string{}
	for _, row := range metricRow.FindAllStringSubmatch(page(t, name), -1) {
		// In brackets are the values of a label.
		labels := first(code.FindAllStringSubmatch(bracketed.ReplaceAllString(row[2], ""), -1))
		slices.Sort(labels)
		listed[row[1]] = labels
	}
	if len(want) < 11 || !maps.EqualFunc(listed, want, slices.Equal) {
		t.Errorf("%s lists the metrics\n%v\nand there are\n%v", name, listed, want)
	}
}

var bracketed = regexp.MustCompile(`\([^)]*\)`)
