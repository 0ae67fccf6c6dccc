package webhook

import (
	"bytes"
	"context"
	"crypto/rand"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// handlerOf makes a handler and the buffer that it logs into.
func handlerOf(policy *Policy) (*handler, *bytes.Buffer) {
	var log bytes.Buffer
	return newHandler(func() *Policy { return policy }, newMetrics(kube.IsKind, kube.IsVersion), newDecisionLog(slog.New(slog.NewJSONHandler(&log, nil)), false), DefaultMaxInFlight), &log
}

func post(body io.Reader) *http.Request {
	request := httptest.NewRequest(http.MethodPost, "/validate?timeout=30s", body)
	request.Header.Set("Content-Type", "application/json")
	return request
}

func serve(handler http.Handler, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// reviewOf wraps an object, as JSON, into the review of its creation.
func reviewOf(object string) string {
	return `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "7", "operation": "CREATE",
		"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "namespace": "scoring", "name": "churn",
		"userInfo": {"username": "alice"}, "object": ` + object + `}}`
}

const gpuOnVirtualNode = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn"}, "spec": {"template": {"spec":
	{"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"image": "secret/image", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}}`

func TestHandlerAnswersEveryExample(t *testing.T) {
	handler, _ := handlerOf(policyOf(t, ""))
	for _, file := range examples(t) {
		body := reviewIn(t, file)
		request, err := decode(body)
		if err != nil {
			t.Fatal(err)
		}
		response := serve(handler, post(bytes.NewReader(body)))
		var review admissionv1.AdmissionReview
		if err := stdjson.Unmarshal(response.Body.Bytes(), &review); err != nil || response.Code != http.StatusOK {
			t.Fatalf("%s: status %d: %v", file, response.Code, err)
		}
		if review.APIVersion != "admission.k8s.io/v1" || review.Kind != "AdmissionReview" || review.Response.UID != request.UID || request.UID == "" {
			t.Errorf("%s: %+v", file, review.TypeMeta)
		}
	}
}

// TestHandlerRefuses: what is no review is an HTTP error and no verdict, without Retry-After.
func TestHandlerRefuses(t *testing.T) {
	handler, _ := handlerOf(policyOf(t, ""))
	for _, test := range []struct {
		name string
		edit func(*http.Request)
		body string
		code int
	}{
		{name: "GET", edit: func(r *http.Request) { r.Method = http.MethodGet }, code: 405},
		{name: "no content type", edit: func(r *http.Request) { r.Header.Del("Content-Type") }, body: "{}", code: 415},
		{name: "YAML", edit: func(r *http.Request) { r.Header.Set("Content-Type", "application/yaml") }, body: "{}", code: 415},
		{name: "a content type that is none", edit: func(r *http.Request) { r.Header.Set("Content-Type", ";;") }, body: "{}", code: 415},
		{name: "timeout that is none", edit: func(r *http.Request) { r.URL.RawQuery = "timeout=soon" }, body: "{}", code: 400},
		{name: "no timeout", edit: func(r *http.Request) { r.URL.RawQuery = "timeout=0s" }, body: "{}", code: 400},
		{name: "empty", body: "", code: 400},
		{name: "no JSON", body: "review", code: 400},
		{name: "truncated", body: reviewOf(gpuOnVirtualNode)[:200], code: 400},
		{name: "two", body: reviewOf(gpuOnVirtualNode) + "{}", code: 400},
		{name: "a list", body: "[]", code: 400},
		{name: "null", body: "null", code: 400},
		{name: "without request", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}`, code: 400},
		{name: "another version", body: `{"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "request": {}}`, code: 400},
		{name: "another kind", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "Pod", "request": {}}`, code: 400},
		{name: "a uid that is none", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": 7}}`, code: 400},
		{name: "a request that is none", body: `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": "x"}`, code: 400},
		{name: "without object", body: reviewOf("null"), code: 400},
		{name: "a uid that commands a CI host", body: strings.Replace(reviewOf("null"), `"hostile"`, `"::a::b ##vso[a.b]c\n::d::e"`, 1), code: 400},
		{name: "deep", body: reviewOf(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), code: 400},
		{name: "a body of nested lists up to the limit", body: strings.Repeat("[", maxBody), code: 400},
		{name: "a body over the limit", body: strings.Repeat(" ", maxBody+1), code: 413},
		{name: "a body over the limit that does not say so", edit: func(r *http.Request) { r.ContentLength = -1 }, body: strings.Repeat(" ", maxBody+1), code: 413},
	} {
		request := post(strings.NewReader(test.body))
		if test.edit != nil {
			test.edit(request)
		}
		response := serve(handler, request)
		if response.Code != test.code {
			t.Errorf("%s: status %d, want %d: %s", test.name, response.Code, test.code, response.Body)
		}
		if response.Header().Get("Retry-After") != "" {
			t.Errorf("%s: Retry-After", test.name)
		}
		if !slices.Contains(failureCodes(), response.Code) {
			t.Errorf("%s: the series with code %d is not there from the start", test.name, response.Code)
		}
		for _, found := range hosttest.Commands(response.Body.String()) {
			t.Errorf("%s: %s", test.name, found)
		}
	}
	if response := serve(handler, httptest.NewRequest(http.MethodGet, "/validate", nil)); response.Header().Get("Allow") != http.MethodPost {
		t.Errorf("Allow is %q", response.Header().Get("Allow"))
	}
	request := post(endless{})
	request.ContentLength = -1
	if response := serve(handler, request); response.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("endless: status %d", response.Code)
	}
	if left := handler.capacity.bodies; left != 0 {
		t.Errorf("%d bytes of bodies are still counted", left)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return rand.Read(p) }

// TestHandlerJudgesHugeObjects: the most that fits into a body is judged or refused, and nothing else.
func TestHandlerJudgesHugeObjects(t *testing.T) {
	handler, _ := handlerOf(policyOf(t, ""))
	var containers []string
	for i := range 10_000 {
		containers = append(containers, fmt.Sprintf(`{"name": "c%d", "image": "a", "resources": {"limits": {"nvidia.com/gpu": 1}}}`, i))
	}
	object := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [` + strings.Join(containers, ",") + `]}}`
	response := serve(handler, post(strings.NewReader(reviewOf(object))))
	if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), "10000 GPUs") {
		t.Errorf("status %d: %.200s", response.Code, response.Body)
	}
	// The API server writes < as six characters: 1.5 MiB of them, which etcd keeps, are 9 MiB.
	text := strings.Repeat(`\u003c`, 1_500_000)
	object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"name": "c", "args": ["` +
		text + `"], "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}`
	response = serve(handler, post(strings.NewReader(reviewOf(object))))
	if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), "1 GPU ") {
		t.Errorf("escaped: status %d: %.200s", response.Code, response.Body)
	}
	deep := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"containers": ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`
	response = serve(handler, post(strings.NewReader(reviewOf(deep))))
	if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), `"allowed":false`) {
		t.Errorf("deep: status %d: %.200s", response.Code, response.Body)
	}
}

// TestHandlerAnswersWrongTypes: with another type in any place a review is judged, or
// refused as none; it never fails inside but for an object that is not there.
func TestHandlerAnswersWrongTypes(t *testing.T) {
	step := sweep.Step(t, 15)
	handler, log := handlerOf(policyOf(t, ""))
	wrong := []any{nil, true, -7.5, "x", []any{}, []any{[]any{"x"}}, map[string]any{}, map[string]any{"x": []any{7}}}
	codes, seen := map[int]int{}, map[string]bool{}
	for _, file := range examples(t) {
		var review map[string]any
		if err := stdjson.Unmarshal(reviewIn(t, file), &review); err != nil {
			t.Fatal(err)
		}
		replaced(review, "", wrong, func(path string) {
			if seen[path] {
				return // as in an example before
			}
			seen[path] = true
			if len(seen)%step > 0 {
				return
			}
			body, err := stdjson.Marshal(review)
			if err != nil {
				t.Fatal(err)
			}
			response := serve(handler, post(bytes.NewReader(body)))
			codes[response.Code]++
			withoutObject := response.Code == http.StatusInternalServerError && strings.Contains(path, "bject")
			if response.Code != http.StatusOK && response.Code != http.StatusBadRequest && !withoutObject {
				t.Errorf("%s: %s: status %d: %s", file, path, response.Code, response.Body)
			}
		})
	}
	if codes[http.StatusOK] < 500/step || codes[http.StatusBadRequest] < 100/step {
		t.Errorf("status codes %v", codes)
	}
	if strings.Contains(log.String(), `"msg":"panic"`) {
		t.Errorf("log %s", log)
	}
}

// replaced puts each of the values in the place of each node below one, one at a time.
func replaced(node any, path string, values []any, look func(path string)) {
	each := func(key any, value any, set func(any)) {
		for _, wrong := range values {
			set(wrong)
			look(fmt.Sprintf("%s/%v: %v", path, key, wrong))
		}
		set(value)
		replaced(value, fmt.Sprintf("%s/%v", path, key), values, look)
	}
	switch node := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			each(key, node[key], func(to any) { node[key] = to })
		}
	case []any:
		for i, value := range node {
			each(i, value, func(to any) { node[i] = to })
		}
	}
}

// harmless has facts, and nothing is wrong with it.
const harmless = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn"}, "spec": {"template": {"spec":
	{"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"image": "secret/image"}]}}}}`

const failingRule = `# METADATA
# title: It fails
# description: Always.
# custom:
#   severity: error
#   remediation: None.
package mlpolicy.rules.failing

deny contains {"path": ["deployments", i, "nme"], "message": "no"} if some i, _ in input.deployments
`

// An inside failure is a status 500 and a line in the log, and no verdict.
func TestHandlerFailsWithoutVerdict(t *testing.T) {
	failing := policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}
	handler, log := handlerOf(policyOf(t, "", failing))
	response := serve(handler, post(strings.NewReader(reviewOf(harmless))))
	if response.Code != http.StatusInternalServerError || strings.Contains(response.Body.String(), "allowed") {
		t.Errorf("status %d: %s", response.Code, response.Body)
	}
	if !strings.Contains(log.String(), "failing") {
		t.Errorf("log %s", log)
	}

	broken := policyOf(t, "")
	broken.Enforces = func(string) bool { panic("out of order") }
	handler, log = handlerOf(broken)
	response = serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))))
	if response.Code != http.StatusInternalServerError {
		t.Errorf("panic: status %d", response.Code)
	}
	for _, want := range []string{"out of order", "handler_test.go", "goroutine"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log of the panic has no %q: %s", want, log)
		}
	}
	if !strings.Contains(metricsOf(handler), "mlpolicy_webhook_failures_total{code=\"500\"} 1\n") {
		t.Error("the failure is not counted")
	}
	if c := handler.capacity; c.inFlight != 0 || len(c.turns) != 0 || c.bodies != 0 || len(c.pending) != 0 {
		t.Error("a failed review still counts")
	}
}

// A rule that an object makes fail hides no denial by others.
func TestFailedRuleHidesNoDenial(t *testing.T) {
	failing := policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}
	handler, log := handlerOf(policyOf(t, "", failing))
	response := serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))))
	if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), "cpu-only: ") || strings.Contains(response.Body.String(), "failing") {
		t.Errorf("status %d: %s", response.Code, response.Body)
	}
	if !strings.Contains(log.String(), `"failed":`) {
		t.Errorf("log %s", log)
	}
	unchanged := strings.Replace(reviewOf(gpuOnVirtualNode), `"operation": "CREATE"`, `"operation": "UPDATE", "oldObject": `+gpuOnVirtualNode, 1)
	if response := serve(handler, post(strings.NewReader(unchanged))); response.Code != http.StatusInternalServerError {
		t.Errorf("unchanged: status %d: %s", response.Code, response.Body)
	}
}

// What may not be denied is allowed whatever fails on it, and that is logged and counted.
func TestExemptObjectsAreAllowedWhateverFails(t *testing.T) {
	failing := policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}
	enforcing, warning := policyOf(t, "", failing), policyOf(t, "webhook: {mode: warn}", failing)
	deleted := strings.Replace(harmless, `"name": "churn"`, `"name": "churn", "deletionTimestamp": "2027-01-31T00:00:00Z"`, 1)
	owned := strings.Replace(harmless, `"name": "churn"`, `"name": "churn", "ownerReferences": [{"apiVersion": "ray.io/v1", "kind": "RayService", "name": "r", "uid": "1", "controller": true}]`, 1)
	for _, test := range []struct {
		name   string
		policy *Policy
		review string
	}{
		{"being deleted", enforcing, strings.Replace(reviewOf(deleted), `"operation": "CREATE"`, `"operation": "UPDATE", "oldObject": `+deleted, 1)},
		{"of a controller", enforcing, strings.Replace(reviewOf(owned), `"alice"`, `"system:serviceaccount:kube-system:replicaset-controller"`, 1)},
		{"in warn mode", warning, reviewOf(harmless)},
	} {
		handler, log := handlerOf(test.policy)
		response := serve(handler, post(strings.NewReader(test.review)))
		if response.Code != http.StatusOK || !strings.Contains(response.Body.String(), `"allowed":true`) {
			t.Errorf("%s: status %d: %s", test.name, response.Code, response.Body)
		}
		if !strings.Contains(log.String(), `"level":"ERROR","msg":"review"`) || !strings.Contains(log.String(), "rule failing") {
			t.Errorf("%s: log %s", test.name, log)
		}
		if !strings.Contains(metricsOf(handler), "mlpolicy_webhook_partial_reviews_total 1\n") {
			t.Errorf("%s: it is not counted", test.name)
		}
	}
}

// A rule that fails on the object as it was counts only where it has something against the new one.
func TestRuleThatFailedBeforeHoldsNothingBack(t *testing.T) {
	const rule = `# METADATA
# title: It fails on an image
# description: On one.
# custom:
#   severity: error
#   remediation: None.
package mlpolicy.rules.image

deny contains {"path": ["deployments", i], "message": "x"} if {
	some i, d in input.deployments
	some image in d.images
	image == "old"
	to_number(image) > 1
}
`
	handler, _ := handlerOf(policyOf(t, "", policy.Folder{Name: "image", FS: fstest.MapFS{"image.rego": &fstest.MapFile{Data: []byte(rule)}}}))
	before := strings.Replace(gpuOnVirtualNode, "secret/image", "old", 1)
	update := strings.Replace(reviewOf(gpuOnVirtualNode), `"operation": "CREATE"`, `"operation": "UPDATE", "oldObject": `+before, 1)
	if response := serve(handler, post(strings.NewReader(update))); response.Code != http.StatusOK || !strings.Contains(response.Body.String(), `"allowed":true`) {
		t.Errorf("status %d: %s", response.Code, response.Body)
	}
	if response := serve(handler, post(strings.NewReader(reviewOf(strings.Replace(harmless, "secret/image", "old", 1))))); response.Code != http.StatusInternalServerError {
		t.Errorf("the rule does not fail: status %d: %s", response.Code, response.Body)
	}
}

func TestTry(t *testing.T) {
	failing := policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}
	denying := policy.Folder{Name: "denying", FS: fstest.MapFS{"denying.rego": &fstest.MapFile{Data: []byte(strings.NewReplacer(
		"rules.failing", "rules.denying", `"nme"`, `"name"`).Replace(failingRule))}}}
	for _, test := range []struct {
		name  string
		extra []policy.Folder
		fails bool
	}{
		{"the rules of the project", nil, false},
		{"a rule that denies", []policy.Folder{denying}, false},
		{"a rule that fails", []policy.Folder{failing}, true},
		{"one of each", []policy.Folder{denying, failing}, true},
	} {
		if err := policyOf(t, "", test.extra...).SelfTest(t.Context()); (err != nil) != test.fails {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// An object without facts never reaches the policies: one that always fails says nothing.
func TestObjectsWithoutFactsNeverReachThePolicies(t *testing.T) {
	failing := policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}
	handler, _ := handlerOf(policyOf(t, "", failing))
	for object, want := range map[string]int{
		harmless: http.StatusInternalServerError,
		`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "b"}}`:                   http.StatusOK,
		`{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn"}, "spec": {"containers": "nowhere"}}`: http.StatusOK,
	} {
		if response := serve(handler, post(strings.NewReader(reviewOf(object)))); response.Code != want {
			t.Errorf("%s: status %d, want %d: %s", object, response.Code, want, response.Body)
		}
	}
}

// The evaluation ends with the time that the API server waits.
func TestHandlerHonoursTheTimeout(t *testing.T) {
	endless := policy.Folder{Name: "endless", FS: fstest.MapFS{"endless.rego": &fstest.MapFile{Data: []byte(`# METADATA
# title: It never ends
# description: Never.
# custom:
#   severity: error
#   remediation: None.
package mlpolicy.rules.endless

deny contains {"path": ["deployments", i], "message": "x"} if {
	some i, _ in input.deployments
	n := numbers.range(1, 3000)
	some a in n
	some b in n
	some c in n
	a + b + c == -1
}
`)}}}
	handler, log := handlerOf(policyOf(t, "", endless))
	request := post(strings.NewReader(reviewOf(gpuOnVirtualNode)))
	request.URL.RawQuery = "timeout=200ms" // which is taken as 1s
	response := serve(handler, request)
	// The five seconds that lint gives a rule would leave the same error and no "took longer".
	if response.Code != http.StatusInternalServerError || !strings.Contains(response.Body.String(), "took longer than 900ms: context deadline exceeded") {
		t.Errorf("status %d: %s", response.Code, response.Body)
	}
	if !strings.Contains(log.String(), "took longer than 900ms") {
		t.Errorf("log %s", log)
	}
}

// A client that goes away while its review runs or waits gets no verdict, in any mode, and that is counted.
func TestAbandonedReviewsAreCounted(t *testing.T) {
	for _, config := range []string{"", "webhook: {mode: warn}"} {
		policy := policyOf(t, config)
		enforces := policy.Enforces
		ctx, hangUp := context.WithCancel(t.Context())
		policy.Enforces = func(namespace string) bool {
			hangUp()
			return enforces(namespace)
		}
		handler, log := handlerOf(policy)
		before := metricsOf(handler)
		for i, when := range []string{"while it runs", "before its turn"} {
			log.Reset()
			handler.log.throttled = map[string]*throttled{} // as after a second
			serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))).WithContext(ctx))
			if !strings.Contains(log.String(), `"msg":"the client gave up before its answer"`) || strings.Contains(log.String(), `"level":"ERROR"`) {
				t.Errorf("%q, %s: log %s", config, when, log)
			}
			if want := fmt.Sprintf("mlpolicy_webhook_abandoned_total %d\n", i+1); !strings.Contains(metricsOf(handler), want) {
				t.Errorf("%q, %s: no %s", config, when, want)
			}
			for range cap(handler.capacity.turns) - len(handler.capacity.turns) {
				handler.capacity.turns <- struct{}{}
			}
		}
		for line := range strings.Lines(metricsOf(handler)) {
			if strings.HasPrefix(line, "mlpolicy_webhook_") && !strings.Contains(before, line) && !strings.Contains(line, "abandoned") {
				t.Errorf("%q: counted: %s", config, line)
			}
		}
	}
}

// A client that ends its connection in the middle of a body is counted, too: among the reviews
// if it is known, and apart if it may be anyone.
func TestAbandonedBodiesAreCounted(t *testing.T) {
	for _, test := range []struct {
		known bool
		want  string
	}{
		{true, "mlpolicy_webhook_abandoned_total 1\n"},
		{false, `mlpolicy_webhook_unknown_clients_total{code="499"} 1` + "\n"},
	} {
		handler, _ := handlerOf(policyOf(t, ""))
		connection := &connection{accepted: time.Now()}
		connection.known.Store(test.known)
		body := io.MultiReader(strings.NewReader(reviewOf(gpuOnVirtualNode)[:200]), errorReader{io.ErrUnexpectedEOF})
		serve(handler, post(body).WithContext(context.WithValue(t.Context(), connectionKey{}, connection)))
		if written := metricsOf(handler); !strings.Contains(written, test.want) || strings.Contains(written, `code="400"} 1`) {
			t.Errorf("known %v: no %s", test.known, test.want)
		}
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// What is ready when nobody can wait for it any more is no verdict.
func TestVerdictsThatComeTooLateAreAbandoned(t *testing.T) {
	handler, log := handlerOf(policyOf(t, ""))
	connection := &connection{accepted: time.Now().Add(-time.Hour)}
	connection.greeted.Store(int64(30 * time.Second))
	late := post(strings.NewReader(reviewOf(gpuOnVirtualNode))).WithContext(context.WithValue(t.Context(), connectionKey{}, connection))
	if response := serve(handler, late); response.Code != http.StatusGatewayTimeout {
		t.Errorf("status %d: %s", response.Code, response.Body)
	}
	if written := metricsOf(handler); strings.Contains(written, `verdict="denied"`) || strings.Contains(log.String(), `"msg":"review"`) {
		t.Errorf("it counts as a verdict: %s", log)
	}
}

// A review that arrives when most of its time is over, so that it cannot be judged, is no
// internal error: whoever sends slowly would raise the alert.
func TestLateReviewsAreNoInternalErrors(t *testing.T) {
	for name, slow := range map[string]time.Duration{"too late": 2 * time.Second, "nearly too late": 850 * time.Millisecond} {
		policy := policyOf(t, "")
		enforces := policy.Enforces
		policy.Enforces = func(namespace string) bool {
			time.Sleep(100 * time.Millisecond)
			return enforces(namespace)
		}
		handler, log := handlerOf(policy)
		connection := &connection{accepted: time.Now()}
		connection.greeted.Store(int64(slow))
		request := post(strings.NewReader(reviewOf(gpuOnVirtualNode))).WithContext(context.WithValue(t.Context(), connectionKey{}, connection))
		request.URL.RawQuery = "timeout=1s"
		if response := serve(handler, request); response.Code != http.StatusGatewayTimeout || !strings.Contains(response.Body.String(), "too late to be evaluated") {
			t.Errorf("%s: status %d: %s", name, response.Code, response.Body)
		}
		if !strings.Contains(log.String(), `"msg":"reviews late: they timed out"`) || strings.Contains(log.String(), `"level":"ERROR"`) {
			t.Errorf("%s: log %s", name, log)
		}
		written := metricsOf(handler)
		for _, want := range []string{`failures_total{code="504"} 1`, `failures_total{code="500"} 0`, `failures_total{code="503"} 0`, "shed_total 0"} {
			if !strings.Contains(written, "mlpolicy_webhook_"+want+"\n") {
				t.Errorf("%s: no %s", name, want)
			}
		}
	}
}

// A body over the limit that calls itself a review is counted as that of an API server.
func TestReviewsThatAreTooLargeAreCounted(t *testing.T) {
	large := reviewOf(`"` + strings.Repeat("x", maxBody) + `"`)
	for _, test := range []struct {
		name, body, want string
		length           int64
	}{
		{"a review", large, `failures_total{code="413"} 1`, int64(len(large))},
		{"a review that does not say its size", large, `failures_total{code="413"} 1`, -1},
		{"something else", strings.Repeat(" ", maxBody+1), `unknown_clients_total{code="413"} 1`, maxBody + 1},
		{"something else that does not say its size", strings.Repeat(" ", maxBody+1), `unknown_clients_total{code="413"} 1`, -1},
		{"nothing after the header", "", `unknown_clients_total{code="413"} 1`, maxBody + 1},
	} {
		handler, _ := handlerOf(policyOf(t, ""))
		request := post(strings.NewReader(test.body))
		request.ContentLength = test.length
		if response := serve(handler, request); response.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: status %d", test.name, response.Code)
		}
		if !strings.Contains(metricsOf(handler), "mlpolicy_webhook_"+test.want+"\n") {
			t.Errorf("%s: no %s", test.name, test.want)
		}
		if left := handler.capacity.bodies; left != 0 {
			t.Errorf("%s: %d bytes are still counted", test.name, left)
		}
	}
}

func TestTimeoutOf(t *testing.T) {
	for query, want := range map[string]time.Duration{
		"":              9500 * time.Millisecond,
		"timeout=3s":    2700 * time.Millisecond,
		"timeout=1s":    900 * time.Millisecond,
		"timeout=30s":   29500 * time.Millisecond,
		"timeout=3h":    29500 * time.Millisecond,
		"timeout=100ms": 900 * time.Millisecond,
		"timeout=1ns":   900 * time.Millisecond,
	} {
		got, err := timeoutOf(httptest.NewRequest(http.MethodPost, "/validate?"+query, nil))
		if err != nil || got.usable() != want {
			t.Errorf("%q: %s, %v, want %s", query, got.usable(), err, want)
		}
	}
}

// The answer has as long to travel as the request took.
func TestDeadline(t *testing.T) {
	began := time.Now()
	for _, test := range []struct{ within, transfer, want time.Duration }{
		{2700 * time.Millisecond, 0, 2700 * time.Millisecond},
		{2700 * time.Millisecond, 100 * time.Millisecond, 2600 * time.Millisecond},
		{2700 * time.Millisecond, 700 * time.Millisecond, 2 * time.Second},
		{2700 * time.Millisecond, 1700 * time.Millisecond, 2200 * time.Millisecond},
		{2700 * time.Millisecond, 2700 * time.Millisecond, 2700 * time.Millisecond},
		{2700 * time.Millisecond, 4 * time.Second, 2700 * time.Millisecond},
	} {
		if got := deadline(began, began.Add(test.transfer), test.within).Sub(began); got != test.want {
			t.Errorf("%s, of which %s are gone: until %s, want %s", test.within, test.transfer, got, test.want)
		}
	}
}

// Beyond the limit a review is turned away at once, and the others are answered.
func TestHandlerSheds(t *testing.T) {
	blocked := policyOf(t, "")
	enforces, waiting, release := blocked.Enforces, make(chan struct{}), make(chan struct{})
	var first atomic.Bool
	blocked.Enforces = func(namespace string) bool {
		if first.CompareAndSwap(false, true) {
			close(waiting)
			<-release
		}
		return enforces(namespace)
	}
	handler := newHandler(func() *Policy { return blocked }, newMetrics(kube.IsKind, kube.IsVersion), newDecisionLog(slog.New(slog.DiscardHandler), false), 1)
	answered := make(chan int)
	go func() { answered <- serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode)))).Code }()
	<-waiting
	if !strings.Contains(metricsOf(handler), "mlpolicy_webhook_in_flight 1\n") {
		t.Error("the review that runs is not counted")
	}
	response := serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))))
	if response.Code != http.StatusServiceUnavailable || response.Header().Get("Retry-After") != "" {
		t.Errorf("status %d, %v", response.Code, response.Header())
	}
	if !strings.Contains(metricsOf(handler), "mlpolicy_webhook_shed_total 1\n") {
		t.Error("the shed review is not counted")
	}
	close(release)
	if code := <-answered; code != http.StatusOK {
		t.Errorf("the review before: status %d", code)
	}
	if response := serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode)))); response.Code != http.StatusOK {
		t.Errorf("the review after: status %d", response.Code)
	}
}

// TestFloodsAreLogged: what anyone can cause takes a line a second of each kind, and the lines
// count all of it.
func TestFloodsAreLogged(t *testing.T) {
	unread, forbidden := failf(http.StatusBadRequest, "the body is empty"), failf(http.StatusForbidden, "no certificate")
	for name, cause := range map[string]func(*decisionLog, *exchange){
		"reviews late": func(l *decisionLog, x *exchange) { l.failed(x, errLate.code, fmt.Errorf("review 7: %w", errLate)) },
		"reviews shed": func(l *decisionLog, x *exchange) { l.failed(x, http.StatusServiceUnavailable, errShed) },
		"gave up":      func(l *decisionLog, x *exchange) { l.failed(x, statusGone, errGone) },
		"no verdict":   func(l *decisionLog, x *exchange) { l.failed(x, unread.code, unread) },
		"rejected":     func(l *decisionLog, x *exchange) { l.failed(x, forbidden.code, forbidden) },
		"connection failed": func(l *decisionLog, _ *exchange) {
			_, _ = l.Write([]byte("http: TLS handshake error from 127.0.0.1:1: EOF\n"))
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			var text bytes.Buffer
			log := newDecisionLog(slog.New(slog.NewTextHandler(&text, nil)), false)
			once := func() { cause(log, &exchange{Request: post(nil), connection: &connection{}}) }
			for range 3 {
				once()
			}
			time.Sleep(logInterval / 2)
			once()
			time.Sleep(10 * logInterval)
			once()
			time.Sleep(10 * logInterval)
			var counts []string
			for _, match := range regexp.MustCompile(name+`.* times=(\d+)\n`).FindAllStringSubmatch(text.String(), -1) {
				counts = append(counts, match[1])
			}
			if want := []string{"1", "3", "1"}; !slices.Equal(counts, want) {
				t.Errorf("the lines count %q, want %q:\n%s", counts, want, &text)
			}
		})
	}
}

// TestFailuresOfReviewsAreEachLogged: what went wrong inside is another thing each time.
func TestFailuresOfReviewsAreEachLogged(t *testing.T) {
	handler, log := handlerOf(policyOf(t, "", policy.Folder{Name: "failing", FS: fstest.MapFS{"failing.rego": &fstest.MapFile{Data: []byte(failingRule)}}}))
	for range 3 {
		serve(handler, post(strings.NewReader(reviewOf(harmless))))
	}
	if lines := strings.Count(log.String(), `"msg":"no verdict"`); lines != 3 {
		t.Errorf("%d lines: %s", lines, log)
	}
}

// TestExemptedLines: many errors of one rule are one entry of the log's line.
func TestExemptedLines(t *testing.T) {
	d := &Decision{Exempted: []ExemptedError{{"cpu-only", Unchanged}, {"memory", WarnMode}, {"cpu-only", Unchanged}}}
	if got, want := d.exemptedLines(), []string{"cpu-only unchanged (2)", "memory mode"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestDecisionLog(t *testing.T) {
	handler, log := handlerOf(policyOf(t, ""))
	request := post(strings.NewReader(reviewOf(gpuOnVirtualNode)))
	request.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	serve(handler, request)
	var line map[string]any
	if err := stdjson.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, log)
	}
	delete(line, "time")
	if duration, ok := line["duration_ms"].(float64); !ok || duration <= 0 {
		t.Errorf("duration %v", line["duration_ms"])
	}
	delete(line, "duration_ms")
	want := map[string]any{
		"level": "INFO", "msg": "review", "uid": "7", "verdict": "denied", "rules": []any{"cpu-only"}, "operation": "CREATE",
		"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "scoring", "name": "churn", "user": "alice", "dry_run": false,
		"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
	}
	if fmt.Sprint(line) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", line, want)
	}
	if strings.Contains(log.String(), "secret/image") {
		t.Error("the log has the content of an object")
	}

	// Nobody fills the log with what he says.
	for _, edit := range []struct{ from, to string }{{`"alice"`, `"` + strings.Repeat("a", 1<<20) + `"`}, {`"AdmissionReview"`, `"` + strings.Repeat("a", 1<<20) + `"`}} {
		log.Reset()
		handler.log.throttled = map[string]*throttled{} // as after a second
		serve(handler, post(strings.NewReader(strings.Replace(reviewOf(gpuOnVirtualNode), edit.from, edit.to, 1))))
		if log.Len() == 0 || log.Len() > 4096 {
			t.Errorf("a line of %d bytes", log.Len())
		}
	}

	// What is allowed without a word is written down on demand.
	log.Reset()
	clean := strings.Replace(gpuOnVirtualNode, `"type": "virtual-kubelet"`, `"agentpool": "gpu"`, 1)
	serve(handler, post(strings.NewReader(reviewOf(clean))))
	if log.Len() > 0 {
		t.Errorf("log %s", log)
	}
	handler.log.allowed = true
	serve(handler, post(strings.NewReader(reviewOf(clean))))
	if !strings.Contains(log.String(), `"verdict":"allowed"`) {
		t.Errorf("log %s", log)
	}
}

func TestMetrics(t *testing.T) {
	warning := policyOf(t, "webhook: {mode: warn}")
	handler, _ := handlerOf(policyOf(t, ""))
	inForce := handler.policy()
	handler.policy = func() *Policy { return inForce }
	serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))))
	inForce = warning
	serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode))))
	serve(handler, post(strings.NewReader(strings.Replace(reviewOf(gpuOnVirtualNode), `"kind": "Deployment"}`, `"kind": "Forged"}`, 1))))
	serve(handler, post(strings.NewReader(strings.Replace(reviewOf(gpuOnVirtualNode), `"version": "v1", "kind": "Deployment"}`, `"version": "v9", "kind": "Deployment"}`, 1))))
	handler.metrics.setPolicy(&Policy{Edition: "2020-06", Digest: "sha256:0"})
	handler.metrics.setPolicy(&Policy{Edition: "2023-03", Digest: "sha256:1", Configuration: "sha256:2"})

	written := metricsOf(handler)
	for _, want := range []string{
		`mlpolicy_webhook_reviews_total{kind="Deployment",verdict="denied"} 1`,
		`mlpolicy_webhook_reviews_total{kind="Deployment",verdict="warned"} 2`,
		`mlpolicy_webhook_unlisted_versions_total{kind="Deployment"} 1`,
		`mlpolicy_webhook_reviews_total{kind="other",verdict="warned"} 1`,
		`mlpolicy_webhook_denials_total{rule="cpu-only"} 1`,
		`mlpolicy_webhook_exempted_total{reason="mode",rule="cpu-only"} 3`,
		`mlpolicy_webhook_review_duration_seconds_count 4`,
		`mlpolicy_webhook_review_duration_seconds_bucket{le="10"} 4`,
		`mlpolicy_webhook_in_flight 0`, `mlpolicy_webhook_partial_reviews_total 0`, `mlpolicy_webhook_shed_total 0`, `mlpolicy_webhook_failures_total{code="500"} 0`,
		`mlpolicy_webhook_policy_info{configuration="sha256:2",digest="sha256:1",edition="2023-03"} 1`,
		`mlpolicy_webhook_reloads_total{result="failure",what="policy"} 0`,
		`mlpolicy_webhook_certificate_expiry_timestamp_seconds`, `go_goroutines`,
		`mlpolicy_webhook_unknown_clients_total{code="0"} 0`, `mlpolicy_webhook_unknown_clients_total{code="403"} 0`, `mlpolicy_webhook_unknown_clients_total{code="413"} 0`,
		`mlpolicy_webhook_unknown_clients_total{code="415"} 0`, `mlpolicy_webhook_unknown_clients_total{code="499"} 0`, `mlpolicy_webhook_failures_total{code="413"} 0`,
	} {
		if !strings.Contains(written, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(written, "2020-06") || strings.Contains(written, "Forged") {
		t.Error("a policy that is not in force, or a kind that nobody asked about")
	}
}

func metricsOf(handler *handler) string {
	return serve(handler.metrics, httptest.NewRequest(http.MethodGet, "/metrics", nil)).Body.String()
}

// Reviews run beside each other.
func TestHandlerIsConcurrent(t *testing.T) {
	handler, _ := handlerOf(policyOf(t, ""))
	codes := make(chan int)
	for range 50 {
		go func() {
			request := post(strings.NewReader(reviewOf(gpuOnVirtualNode)))
			codes <- serve(handler, request.WithContext(context.Background())).Code
		}()
	}
	for range 50 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("status %d", code)
		}
	}
}
