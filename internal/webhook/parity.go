package webhook

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// parityUser creates the objects of Compare; it is not a controller.
const parityUser = "mlpolicy-parity"

// Compare sends a review of the creation of an object, which is JSON, in the namespace that it declares, and compares
// the answer with that of the policy. It returns the findings of the policy and one line for each difference.
func (p *Policy) Compare(ctx context.Context, object []byte,
	ask func(ctx context.Context, review []byte) ([]byte, error),
) (findings []lint.Finding, differences []string, err error) {
	review, err := creationOf(object)
	if err != nil {
		return nil, nil, err
	}
	want, err := p.Review(ctx, review.Request)
	if err != nil {
		return nil, nil, err
	}
	sent, err := stdjson.Marshal(review)
	if err != nil {
		return nil, nil, err
	}
	answer, err := ask(ctx, sent)
	if err != nil {
		return nil, nil, err
	}
	var got admissionv1.AdmissionReview
	if err := readJSON(answer, &got); err != nil {
		return nil, nil, fmt.Errorf("the answer is not an AdmissionReview: %w", err)
	}
	if got.Response == nil {
		return nil, nil, errors.New("the answer has no response")
	}
	return want.Findings, differencesOf(want.Response, got.Response), nil
}

// creationOf returns the review that an API server sends.
func creationOf(object []byte) (*admissionv1.AdmissionReview, error) {
	var of struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := readJSON(object, &of); err != nil {
		return nil, err
	}
	version, err := schema.ParseGroupVersion(of.APIVersion)
	if err != nil {
		return nil, err
	}
	dryRun := true
	return &admissionv1.AdmissionReview{
		TypeMeta: metav1.TypeMeta{APIVersion: admissionv1.SchemeGroupVersion.String(), Kind: "AdmissionReview"},
		Request: &admissionv1.AdmissionRequest{
			UID:       types.UID("parity"),
			Kind:      metav1.GroupVersionKind{Group: version.Group, Version: version.Version, Kind: of.Kind},
			Resource:  metav1.GroupVersionResource{Group: version.Group, Version: version.Version, Resource: strings.ToLower(of.Kind) + "s"},
			Name:      of.Metadata.Name,
			Namespace: of.Metadata.Namespace,
			Operation: admissionv1.Create,
			UserInfo:  authenticationv1.UserInfo{Username: parityUser},
			Object:    runtime.RawExtension{Raw: object},
			DryRun:    &dryRun,
		},
	}, nil
}

// differencesOf returns the differences between two responses, one per line.
func differencesOf(want, got *admissionv1.AdmissionResponse) []string {
	var lines []string
	add := func(what, want, got string) {
		if want != got {
			lines = append(lines, fmt.Sprintf("%s: lint %q, webhook %q", what, want, got))
		}
	}
	add("uid", string(want.UID), string(got.UID))
	add("allowed", fmt.Sprint(want.Allowed), fmt.Sprint(got.Allowed))
	wanted, found := statusOf(want), statusOf(got)
	add("code", fmt.Sprint(wanted.Code), fmt.Sprint(found.Code))
	lines = append(lines, unmatched("message", linesOf(wanted.Message), linesOf(found.Message))...)
	lines = append(lines, unmatched("cause", causeLines(wanted), causeLines(found))...)
	lines = append(lines, unmatched("warning", want.Warnings, got.Warnings)...)
	keys := slices.Collect(maps.Keys(want.AuditAnnotations))
	for key := range got.AuditAnnotations {
		if _, both := want.AuditAnnotations[key]; !both {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		add("audit annotation "+key, want.AuditAnnotations[key], got.AuditAnnotations[key])
	}
	return lines
}

func statusOf(response *admissionv1.AdmissionResponse) metav1.Status {
	if response.Result == nil {
		return metav1.Status{}
	}
	return *response.Result
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

func causeLines(status metav1.Status) []string {
	if status.Details == nil {
		return nil
	}
	var lines []string
	for _, cause := range status.Details.Causes {
		lines = append(lines, fmt.Sprintf("%s at %s: %s", cause.Type, cause.Field, cause.Message))
	}
	return lines
}

// unmatched returns the lines that only one side has, or a line about a different order.
func unmatched(what string, want, got []string) []string {
	if slices.Equal(want, got) {
		return nil
	}
	rest := slices.Clone(got)
	var lines []string
	for _, line := range want {
		if i := slices.Index(rest, line); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			lines = append(lines, fmt.Sprintf("%s only from lint: %q", what, line))
		}
	}
	for _, line := range rest {
		lines = append(lines, fmt.Sprintf("%s only from the webhook: %q", what, line))
	}
	if len(lines) == 0 {
		return []string{what + "s: in another order"}
	}
	return lines
}
