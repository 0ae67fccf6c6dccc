package webhook

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
)

// typical is a Deployment of 8 KB as kubectl apply sends it and an API server passes it on:
// its text stands in an annotation, its fields in managedFields. nodes selects where it runs.
func typical(tb testing.TB, nodes map[string]any) []byte {
	tb.Helper()
	container := func(name string, gpus int) map[string]any {
		var env []any
		for i := range 11 {
			env = append(env, map[string]any{"name": fmt.Sprintf("SETTING_%d", i), "value": strings.Repeat("v", 40)})
		}
		resources := map[string]any{"requests": map[string]any{"cpu": "500m", "memory": "2Gi"}, "limits": map[string]any{"memory": "4Gi"}}
		if gpus > 0 {
			resources["limits"].(map[string]any)["nvidia.com/gpu"] = gpus
		}
		return map[string]any{
			"name": name, "image": "registry.example.com/scoring/" + name + ":1.4.2", "imagePullPolicy": "IfNotPresent",
			"args": []any{"--port", "8080", "--workers", "4"}, "env": env, "resources": resources,
			"ports":          []any{map[string]any{"name": "http", "containerPort": 8080, "protocol": "TCP"}},
			"readinessProbe": map[string]any{"httpGet": map[string]any{"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
			"volumeMounts":   []any{map[string]any{"name": "models", "mountPath": "/models", "readOnly": true}},
		}
	}
	labels := map[string]any{"app.kubernetes.io/name": "churn", "app.kubernetes.io/instance": "churn-eu", "app.kubernetes.io/part-of": "scoring"}
	spec := map[string]any{
		"replicas": 3, "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{
			"nodeSelector": nodes, "serviceAccountName": "churn", "terminationGracePeriodSeconds": 30,
			"containers": []any{container("server", 1), container("proxy", 0)},
			"volumes":    []any{map[string]any{"name": "models", "persistentVolumeClaim": map[string]any{"claimName": "models"}}},
		}},
	}
	object := map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "churn", "namespace": "scoring", "labels": labels}, "spec": spec,
	}
	applied, err := stdjson.Marshal(object)
	if err != nil {
		tb.Fatal(err)
	}
	fields := map[string]any{}
	for i := range 24 {
		fields[fmt.Sprintf("f:field%d", i)] = map[string]any{".": map[string]any{}, "f:name": map[string]any{}}
	}
	metadata := object["metadata"].(map[string]any)
	metadata["annotations"] = map[string]any{"kubectl.kubernetes.io/last-applied-configuration": string(applied)}
	metadata["managedFields"] = []any{map[string]any{"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields}}
	text, err := stdjson.Marshal(object)
	if err != nil {
		tb.Fatal(err)
	}
	if len(text) < 7_500 || len(text) > 9_000 {
		tb.Fatalf("the object has %d bytes", len(text))
	}
	return text
}

// plain is an object of the same size without facts.
func plain(tb testing.TB) []byte {
	tb.Helper()
	data := map[string]string{}
	for i := range 100 {
		data[fmt.Sprintf("setting-%d", i)] = strings.Repeat("v", 60)
	}
	text, err := stdjson.Marshal(map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "settings"}, "data": data})
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

// reviews are the requests of the benchmarks and the budgets that their allocations keep.
func reviews(tb testing.TB) []benched {
	bad := map[string]any{"type": "virtual-kubelet"}
	request := func(operation admissionv1.Operation, object, old []byte) *admissionv1.AdmissionRequest {
		r, err := decode([]byte(reviewOf(string(object))))
		if err != nil {
			tb.Fatal(err)
		}
		r.Operation, r.OldObject.Raw = operation, old
		return r
	}
	return []benched{
		{"create", request(admissionv1.Create, typical(tb, bad), nil), 1, 128 << 10},
		{"update", request(admissionv1.Update, typical(tb, bad), typical(tb, bad)), 1, 2*128<<10 + 128<<10/5},
		{"without-findings", request(admissionv1.Create, typical(tb, map[string]any{"agentpool": "gpu"}), nil), 0, 128 << 10},
		{"without-facts", request(admissionv1.Create, plain(tb), nil), 0, 16 << 10},
	}
}

type benched struct {
	name     string
	request  *admissionv1.AdmissionRequest
	findings int
	bytes    int64 // at most for one review
}

// BenchmarkReview measures reviews in process, and beside them what only decoding the
// same object into values takes.
func BenchmarkReview(b *testing.B) {
	policy := policyOf(b, "")
	for _, benched := range reviews(b) {
		b.Run(benched.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decision, err := policy.Review(b.Context(), benched.request)
				if err != nil || len(decision.Findings) != benched.findings {
					b.Fatal(decision, err)
				}
			}
		})
	}
	b.Run("reference-decode", func(b *testing.B) {
		object := typical(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			var value map[string]any
			if err := stdjson.Unmarshal(object, &value); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkHandler measures whole requests, and beside them a handler that decodes the
// same review and always allows.
func BenchmarkHandler(b *testing.B) {
	handler, _ := handlerOf(policyOf(b, ""))
	handler.log.Logger = slog.New(slog.DiscardHandler)
	allowing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			b.Fatal(err)
		}
		request, err := decode(body)
		if err != nil {
			b.Fatal(err)
		}
		if err := stdjson.NewEncoder(w).Encode(&admissionv1.AdmissionReview{Response: &admissionv1.AdmissionResponse{UID: request.UID, Allowed: true}}); err != nil {
			b.Fatal(err)
		}
	})
	body := []byte(reviewOf(string(typical(b, map[string]any{"type": "virtual-kubelet"}))))
	for name, handler := range map[string]http.Handler{"review": handler, "reference-allow": allowing} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				recorder := httptest.NewRecorder()
				if handler.ServeHTTP(recorder, post(bytes.NewReader(body))); recorder.Code != http.StatusOK {
					b.Fatal(recorder.Code)
				}
			}
		})
	}
}
