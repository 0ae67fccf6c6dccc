package webhook

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// FuzzReview: whatever is posted is refused or judged, twice the same, and what is said
// keeps its limits. An object that is updated to itself is never denied, unless it could not
// be judged.
func FuzzReview(f *testing.F) {
	for _, file := range examples(f) {
		f.Add(reviewIn(f, file))
	}
	for _, body := range []string{"", "{}", "[]", `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": 7}}`,
		`{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "Request": {"uid": "7"}, "request": {"UID": "6", "uid": "7", "uid": "8", "unknown": 1,
			"object": {"a": "\ud800"}, "options": null, "dryRun": null, "userInfo": {"groups": null, "extra": {"a": ["b"], "a": ["` + "\xff" + `\udc00"]}}}}`,
	} {
		f.Add([]byte(body))
	}
	policy := policyOf(f, "")
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := decode(body)
		likeAPIServer(t, body, request)
		if err != nil {
			return
		}
		before := bytes.Clone(request.Object.Raw)
		decision, err := policy.Review(t.Context(), request)
		if err != nil {
			return
		}
		if !bytes.Equal(before, request.Object.Raw) {
			t.Error("the object was changed")
		}
		again, err := policy.Review(t.Context(), request)
		if err != nil || !reflect.DeepEqual(decision.Response, again.Response) {
			t.Errorf("once %+v, then %+v, %v", decision.Response, again.Response, err)
		}
		check(t, request, decision)

		request.Operation, request.OldObject = admissionv1.Update, request.Object
		unjudged := func(finding lint.Finding) bool { return finding.Unevaluated }
		if same, err := policy.Review(t.Context(), request); err == nil && same.Verdict == Denied && !slices.ContainsFunc(same.Findings, unjudged) {
			t.Errorf("denied as it was: %s", same.Response.Result.Message)
		}
	})
}

// likeAPIServer holds that a body is read, or is not, as the API server's own reader does.
func likeAPIServer(t *testing.T, body []byte, got *admissionv1.AdmissionRequest) {
	t.Helper()
	var want admissionv1.AdmissionReview
	err := json.Unmarshal(body, &want)
	if err != nil || want.APIVersion != "admission.k8s.io/v1" || want.Kind != "AdmissionReview" {
		want.Request = nil
	}
	if !reflect.DeepEqual(got, want.Request) {
		t.Errorf("read as %+v, want %+v, %v", got, want.Request, err)
	}
}

func check(t *testing.T, request *admissionv1.AdmissionRequest, d *Decision) {
	t.Helper()
	response := d.Response
	if response.UID != request.UID || response.Allowed != (response.Result == nil) || response.Allowed == (d.Verdict == Denied) {
		t.Errorf("%s: %+v", d.Verdict, response)
	}
	isInert(t, response)
	total := 0
	for _, warning := range response.Warnings {
		total += utf8.RuneCountInString(warning)
		if utf8.RuneCountInString(warning) > maxWarning || !utf8.ValidString(warning) || strings.ContainsFunc(warning, unicode.IsControl) {
			t.Errorf("warning %q", warning)
		}
	}
	if total > maxWarnings {
		t.Errorf("%d characters of warnings", total)
	}
	for key, value := range response.AuditAnnotations {
		if len(value) > maxAnnotation {
			t.Errorf("annotation %s has %d bytes", key, len(value))
		}
	}
	if response.Result == nil {
		return
	}
	lines := strings.Split(response.Result.Message, "\n")
	if len(lines) > maxErrors+1 || len(response.Result.Details.Causes) == 0 || response.Result.Code != 403 {
		t.Errorf("%d lines, %+v", len(lines), response.Result)
	}
	for _, line := range lines {
		if line == "" || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("line %q", line)
		}
	}
}
