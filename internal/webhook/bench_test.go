package webhook

import (
	"bytes"
	stdjson "encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
)

// typical is a Deployment of 8 KB as kubectl apply sends it and an API server passes it on:
// its text stands in an annotation, its fields in managedFields. It asks for a GPU on a
// virtual node. deploy/load sends the same.
func typical(tb testing.TB) []byte {
	tb.Helper()
	text := compact(tb, "deployment.json")
	if len(text) < 7_500 || len(text) > 9_000 {
		tb.Fatalf("the object has %d bytes", len(text))
	}
	return text
}

func compact(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	var object bytes.Buffer
	if err := stdjson.Compact(&object, text); err != nil {
		tb.Fatal(err)
	}
	return object.Bytes()
}

// reviews are the requests of the benchmarks and what they may allocate.
func reviews(tb testing.TB) []benched {
	request := func(operation admissionv1.Operation, object, old []byte) *admissionv1.AdmissionRequest {
		r, err := decode([]byte(reviewOf(string(object))))
		if err != nil {
			tb.Fatal(err)
		}
		r.Operation, r.OldObject.Raw = operation, old
		return r
	}
	bad := typical(tb)
	good := bytes.ReplaceAll(bad, []byte(`"type":"virtual-kubelet"`), []byte(`"agentpool":"gpu"`))
	replaced := func(old, new string) []byte {
		former := bytes.Replace(bad, []byte(old), []byte(new), 1)
		if bytes.Equal(former, bad) {
			tb.Fatalf("the object has no %s", old)
		}
		return former
	}
	record := replaced(`"manager":"`, `"manager":"other-`)
	image := replaced(`"image":"registry.example.com/scoring/server:1.4.2"`, `"image":"registry.example.com/scoring/server:1.4.1"`)
	environment := replaced(`"value":"vvvv`, `"value":"uuuu`)
	// A rule that is asked takes about 5 KiB of a review; the budgets have room for a few more.
	return []benched{
		{"create", request(admissionv1.Create, bad, nil), 1, 112 << 10, 900},
		{"update-of-record", request(admissionv1.Update, bad, record), 1, 132 << 10, 950},
		{"update-of-environment", request(admissionv1.Update, bad, environment), 1, 184 << 10, 1300},
		{"update-of-image", request(admissionv1.Update, bad, image), 1, 224 << 10, 1800},
		{"without-findings", request(admissionv1.Create, good, nil), 0, 96 << 10, 700},
		// So few that the policies cannot have been asked.
		{"without-facts", request(admissionv1.Create, compact(tb, "configmap.json"), nil), 0, 5 << 10, 55},
	}
}

type benched struct {
	name          string
	request       *admissionv1.AdmissionRequest
	findings      int
	bytes, allocs uint64 // at most for one review
}

// BenchmarkReview measures reviews in process, and beside them what only decoding the
// same object into values takes. A create may take 1.65 times as long, without findings 1.3 times. An update of what nobody
// reads may take 1.3 times as long as a create, any other 1.9 times.
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
		object := typical(b)
		b.ReportAllocs()
		for b.Loop() {
			var value map[string]any
			if err := stdjson.Unmarshal(object, &value); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkReviewOfLargeObjects measures creates of objects about as large as etcd keeps, and updates that change only
// their image: what takes longer than a webhook's timeout of 3 s is admitted unreviewed where failurePolicy is
// Ignore.
func BenchmarkReviewOfLargeObjects(b *testing.B) {
	policy := policyOf(b, "")
	const (
		container = `{"name":"scorer","image":"scorer","resources":{"limits":{"nvidia.com/gpu":1,"memory":"1Gi"}}}`
		template  = `"template":{"spec":{"nodeSelector":{"type":"virtual-kubelet"},"containers":[` + container + `]}}`
	)
	list := func(item string, size int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", size), ",") + "]"
	}
	for _, benched := range []struct {
		name, object string
		findings     int
	}{
		{"containers", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"churn"},"spec":{"nodeSelector":{"type":"virtual-kubelet"},
			"containers":` + list(container, 14_000) + `}}`, 2},
		{"parts", `{"apiVersion":"ray.io/v1","kind":"RayService","metadata":{"name":"churn"},"spec":{"rayClusterConfig":{
			"headGroupSpec":{` + template + `},"workerGroupSpecs":` + list(`{"groupName":"workers",`+template+`}`, 7_000) + `}}}`, 7_001},
		{"groups", `{"apiVersion":"ray.io/v1","kind":"RayCluster","metadata":{"name":"churn"},"spec":{
			"headGroupSpec":{` + template + `},"workerGroupSpecs":` + list(`{"groupName":"workers",`+template+`}`, 8_000) + `}}`, 8_001},
	} {
		created, err := decode([]byte(reviewOf(benched.object)))
		if err != nil {
			b.Fatal(err)
		}
		updated := *created
		updated.Operation = admissionv1.Update
		updated.OldObject.Raw = bytes.ReplaceAll(created.Object.Raw, []byte(`"image":"scorer"`), []byte(`"image":"former"`))
		for operation, request := range map[string]*admissionv1.AdmissionRequest{"create": created, "update": &updated} {
			b.Run(benched.name+"/"+operation, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					decision, err := policy.Review(b.Context(), request)
					if err != nil || len(decision.Findings) != benched.findings {
						b.Fatal(len(decision.Findings), err)
					}
				}
			})
		}
	}
}

// BenchmarkHandler measures whole requests, and beside them a handler that decodes the
// same review and always allows.
func BenchmarkHandler(b *testing.B) {
	handler, _ := handlerOf(policyOf(b, ""))
	handler.log.Logger = slog.New(slog.DiscardHandler)
	allowing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := stdjson.NewDecoder(r.Body).Decode(&review); err != nil {
			b.Fatal(err)
		}
		if err := stdjson.NewEncoder(w).Encode(&admissionv1.AdmissionReview{Response: &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}}); err != nil {
			b.Fatal(err)
		}
	})
	body := []byte(reviewOf(string(typical(b))))
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
