// Package webhook answers the reviews of a Kubernetes API server. Policy.Review is the
// whole of the judgement and pure; Handler puts HTTP around it, and Server TLS, metrics,
// reloading, readiness and an orderly end.
//
// What an object is judged by is package lint's business, and the same as for files.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// ObjectName is what the linter is told as the file of an object.
const ObjectName = "object"

// Policy is what reviews are judged by. It is safe for concurrent use.
type Policy struct {
	// Linter is one of lint.Linter.Admission.
	Linter *lint.Linter
	// Edition is the id of the table in force.
	Edition string
	// Digest identifies the policies, Configuration the text of the configuration file;
	// the latter is empty where there is none.
	Digest, Configuration string
	// Enforces tells whether an error denies an object of a namespace, which is empty for
	// objects that are in none; where it does not, the error is a warning.
	Enforces func(namespace string) bool
	// Controls tells whether a user is a controller whose objects are never denied when
	// they have a covered owner.
	Controls func(user string) bool
	// Covers tells whether the webhook is asked about objects of a kind.
	Covers func(group, kind string) bool
}

// Verdict is what a review comes to.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allowed" // without a word
	Warned  Verdict = "warned"  // allowed, with warnings
	Denied  Verdict = "denied"
)

// Spared is why an error does not deny; empty where it does.
type Spared string

// The reasons, the strongest first.
const (
	Deleting   Spared = "deleting"   // the object is being deleted
	Controlled Spared = "controller" // a controller made it from a covered owner
	Unchanged  Spared = "unchanged"  // the object had the error before
	WarnMode   Spared = "mode"       // the mode is warn
)

// Decision is a response and what led to it.
type Decision struct {
	Response *admissionv1.AdmissionResponse
	Verdict  Verdict
	// Findings are all that was found, the worst first.
	Findings []lint.Finding
	// Rules are the IDs of the rules that found anything, each once, those that deny first.
	Rules []string
	// Denials are the rules of the errors that deny, one for each error.
	Denials []string
	// Spared are the errors that do not deny.
	Spared []SparedError
	// Enforced tells whether the mode is to deny.
	Enforced bool
}

// SparedError is the rule of an error that does not deny, and why it does not.
type SparedError struct {
	Rule string
	Why  Spared
}

// Review judges a request. The error, which is no verdict, is the context's or says what
// could not be judged.
func (p *Policy) Review(ctx context.Context, request *admissionv1.AdmissionRequest) (*Decision, error) {
	enforced := p.Enforces(request.Namespace)
	if !judged(request) {
		return p.decide(request, nil, nil, enforced), nil
	}
	if len(request.Object.Raw) == 0 {
		return nil, errors.New("the request has no object")
	}
	findings, err := p.judge(ctx, request, request.Object.Raw)
	if err != nil {
		return nil, err
	}
	spared := make([]Spared, len(findings))
	if slices.ContainsFunc(findings, isError) {
		why := p.exempts(request, enforced)
		for i := range spared {
			spared[i] = why
		}
		// Also where nothing is denied: what enforcing would deny is to be told apart.
		if (why == "" || why == WarnMode) && request.Operation == admissionv1.Update && len(request.OldObject.Raw) > 0 {
			before, err := p.judge(ctx, request, request.OldObject.Raw)
			if err != nil {
				return nil, fmt.Errorf("the object as it was: %w", err)
			}
			ratchet(findings, before, spared)
		}
	}
	return p.decide(request, findings, spared, enforced), nil
}

// judged tells whether a request is the webhook's business: what is created or changed,
// whole or through the subresources of pods that change containers. scale and status do not.
func judged(request *admissionv1.AdmissionRequest) bool {
	if request.Operation != admissionv1.Create && request.Operation != admissionv1.Update {
		return false
	}
	switch request.SubResource {
	case "":
		return true
	case "resize", "ephemeralcontainers":
		return request.Resource.Group == "" && request.Resource.Resource == "pods"
	}
	return false
}

// judge returns the findings about an object, the worst first.
func (p *Policy) judge(ctx context.Context, request *admissionv1.AdmissionRequest, object []byte) ([]lint.Finding, error) {
	result, err := p.Linter.In(request.Namespace).Lint(ctx, nil, one(object))
	if err != nil {
		return nil, err
	}
	if len(result.Errors) > 0 {
		return nil, errors.Join(result.Errors...)
	}
	findings := result.Findings
	slices.SortStableFunc(findings, func(a, b lint.Finding) int { return rank(a.Severity) - rank(b.Severity) })
	return findings, nil
}

// one yields an object as an input.
func one(object []byte) func(func(lint.Input) bool) {
	return func(yield func(lint.Input) bool) {
		yield(lint.Input{Name: ObjectName, Read: func() ([]byte, error) { return object, nil }})
	}
}

func rank(severity lint.Severity) int {
	return slices.Index([]lint.Severity{lint.Error, lint.Warning, lint.Note}, severity)
}

func isError(finding lint.Finding) bool { return finding.Severity == lint.Error }

// exempts tells why an object is not denied whatever it is, empty for one that can be.
func (p *Policy) exempts(request *admissionv1.AdmissionRequest, enforced bool) Spared {
	switch {
	// Only the API server sets the time of deletion, and it does so on what is there already.
	case request.Operation == admissionv1.Update && metadataOf(request.OldObject.Raw, "deletionTimestamp").DeletionTimestamp != nil:
		return Deleting
	case p.controlled(request.UserInfo, request.Object.Raw):
		return Controlled
	case !enforced:
		return WarnMode
	}
	return ""
}

// controlled tells whether a controller made the object from an owner that the webhook
// covers: people were stopped there, and pods of what was admitted long ago must come back.
func (p *Policy) controlled(user authenticationv1.UserInfo, object []byte) bool {
	if !p.Controls(user.Username) {
		return false
	}
	return slices.ContainsFunc(metadataOf(object, "ownerReferences").OwnerReferences, func(owner metav1.OwnerReference) bool {
		version, err := schema.ParseGroupVersion(owner.APIVersion)
		return err == nil && owner.Controller != nil && *owner.Controller && p.Covers(version.Group, owner.Kind)
	})
}

// metadata is what a review needs of an object's.
type metadata struct {
	OwnerReferences   []metav1.OwnerReference `json:"ownerReferences"`
	DeletionTimestamp *string                 `json:"deletionTimestamp"`
}

// metadataOf looks for a key of an object's metadata. It returns none where they are not
// what they should be: no exemption is read out of what is broken.
func metadataOf(object []byte, key string) metadata {
	if !bytes.Contains(object, []byte(key)) {
		return metadata{} // reading the whole object takes as long as judging it
	}
	var of struct {
		Metadata metadata `json:"metadata"`
	}
	if err := readJSON(object, &of); err != nil {
		return metadata{}
	}
	return of.Metadata
}

// ratchet spares the errors that the object had before: of those that say the same of the
// same component as many as there were. A message has the values in it, so that what is
// unchanged is known wherever it has moved, and what is changed and still wrong is new.
func ratchet(now, before []lint.Finding, spared []Spared) {
	type said struct{ rule, component, message string }
	of := func(finding lint.Finding) said { return said{finding.Rule, finding.Component, finding.Message} }
	had := map[said]int{}
	for _, finding := range before {
		if isError(finding) {
			had[of(finding)]++
		}
	}
	for i, finding := range now {
		if isError(finding) && had[of(finding)] > 0 {
			had[of(finding)]--
			spared[i] = Unchanged
		}
	}
}

// decide makes the response of findings, the worst of which come first. Errors deny but
// for those that are spared.
func (p *Policy) decide(request *admissionv1.AdmissionRequest, findings []lint.Finding, spared []Spared, enforced bool) *Decision {
	var denying, telling []lint.Finding
	d := &Decision{Verdict: Allowed, Findings: findings, Enforced: enforced}
	for i, finding := range findings {
		switch {
		case !isError(finding):
			telling = append(telling, finding)
		case spared[i] != "":
			telling = append(telling, finding)
			d.Spared = append(d.Spared, SparedError{Rule: finding.Rule, Why: spared[i]})
		default:
			denying = append(denying, finding)
			d.Denials = append(d.Denials, finding.Rule)
		}
	}
	for _, finding := range slices.Concat(denying, telling) {
		if !slices.Contains(d.Rules, finding.Rule) {
			d.Rules = append(d.Rules, finding.Rule)
		}
	}
	d.Response = &admissionv1.AdmissionResponse{
		UID:              request.UID,
		Allowed:          len(denying) == 0,
		Warnings:         warnings(telling),
		AuditAnnotations: p.annotations(d),
	}
	switch {
	case len(denying) > 0:
		d.Verdict = Denied
		d.Response.Result = denial(request, denying)
	case len(telling) > 0:
		d.Verdict = Warned
	}
	return d
}

// denial is the status that the user gets. Its code makes kubectl print the message alone.
func denial(request *admissionv1.AdmissionRequest, findings []lint.Finding) *metav1.Status {
	return &metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Message: message(findings),
		Details: &metav1.StatusDetails{
			Name:   request.Name,
			Group:  request.Kind.Group,
			Kind:   request.Kind.Kind,
			Causes: causes(findings),
		},
	}
}

// annotations are for the API server's audit log, which puts the webhook's name before each key.
func (p *Policy) annotations(d *Decision) map[string]string {
	mode := "enforce"
	if !d.Enforced {
		mode = "warn"
	}
	annotations := map[string]string{"edition": p.Edition, "policy-digest": p.Digest, "mode": mode}
	if len(d.Rules) > 0 {
		annotations["rules"] = strings.Join(d.Rules, ",")
	}
	for key, value := range annotations {
		annotations[key] = shortBytes(value, maxAnnotation)
	}
	return annotations
}
