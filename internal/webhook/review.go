// Package webhook answers the reviews of a Kubernetes API server. Policy.Review makes the decision without side
// effects. Handler adds HTTP, and Server adds TLS, metrics, reloading, readiness and graceful shutdown.
//
// Package lint evaluates the object with the same rules as files.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// objectName is used instead of a file name, which an object does not have.
const objectName = "object"

// Policy decides about requests. It is safe for concurrent use.
type Policy struct {
	// Admission evaluates objects.
	Admission *lint.Admission
	// Edition is the ID of the selected edition of the table.
	Edition string
	// Digest identifies the policies, Configuration the text of the configuration file; the latter is empty if there
	// is none.
	Digest, Configuration string
	// LeftOut are the IDs of the rules that compare several objects, which Admission skips.
	LeftOut []string
	// Enforces reports whether an error denies an object in a namespace, which is empty for cluster-scoped objects.
	// If it does not, the error becomes a warning.
	Enforces func(namespace string) bool
	// IsController reports whether a user is a controller, whose objects are never denied if they have a covered
	// owner.
	IsController func(user string) bool
	// Covers reports whether the chart registers the webhook for a kind, whatever its version. Lists reports whether
	// a version of a kind is known to its reader.
	Covers func(group, kind string) bool
	Lists  func(group, version, kind string) bool
	// CoversGroup reports whether the configuration names an API group of which all kinds are reviewed.
	CoversGroup func(group string) bool
}

// Verdict is the outcome of a review.
type Verdict string

// The verdicts.
const (
	Allowed Verdict = "allowed" // without a warning
	Warned  Verdict = "warned"  // allowed, with warnings
	Denied  Verdict = "denied"
)

// Exemption is the reason why an error does not deny; empty if it denies.
type Exemption string

// The exemptions, the strongest first.
const (
	Deleting   Exemption = "deleting"   // the object is being deleted
	Controlled Exemption = "controller" // a controller created it for a covered owner
	// Changed is Controlled for a pod that shows a change after the review of its owner.
	Changed   Exemption = "changed-after-owner"
	Unchanged Exemption = "unchanged" // the object had the error before
	WarnMode  Exemption = "mode"      // the mode is warn
)

// Decision is a response and its reasons.
type Decision struct {
	Response *admissionv1.AdmissionResponse
	Verdict  Verdict
	// Findings are all findings, the worst first.
	Findings []lint.Finding
	// Rules are the IDs of the rules with findings, without duplicates, those that deny first.
	Rules []string
	// Denials are the rules of the errors that deny, one for each error.
	Denials []string
	// Exempted are the errors that do not deny.
	Exempted []ExemptedError
	// Waived are the findings that a waiver of the configuration takes out of Findings.
	Waived []WaivedFinding
	// Enforced reports whether the mode is enforce.
	Enforced bool
	// Failed describes the rules or parts that could not be evaluated, if the verdict does not depend on them.
	Failed error
}

// ExemptedError is the rule of an error that does not deny, and the reason.
type ExemptedError struct {
	Rule   string
	Reason Exemption
}

// WaivedFinding is the rule of a waived finding and the name of its waiver.
type WaivedFinding struct {
	Rule, Waiver string
}

func waivedOf(result *lint.Result) []WaivedFinding {
	var waived []WaivedFinding
	for _, finding := range result.Waived {
		waived = append(waived, WaivedFinding{Rule: finding.Rule, Waiver: finding.Waived.Name})
	}
	return waived
}

// outcome is a finding and, for an error, whether it denies.
type outcome struct {
	lint.Finding
	exemption Exemption
}

func (o outcome) denies() bool { return o.Severity == lint.Error && o.exemption == "" }

// errNoObject reports that there is nothing to review.
var errNoObject = errors.New("the request has no object")

// Review reviews a request. An error is not a verdict: it is that of the context or describes the failure. If the
// verdict does not depend on a failure, because other rules deny the object or none may, the failure is in
// Decision.Failed.
func (p *Policy) Review(ctx context.Context, request *admissionv1.AdmissionRequest) (*Decision, error) {
	enforced := p.Enforces(request.Namespace)
	switch {
	case isBinding(request):
		return p.bind(ctx, request, enforced)
	case !inScope(request):
		return p.decide(request, nil, nil, enforced), nil
	case len(request.Object.Raw) == 0:
		return nil, errNoObject
	}
	now, err := evaluationOf(p.Admission.Review(ctx, request.Namespace, inputOf(request.Object.Raw)))
	if err != nil {
		if isGone(ctx) || p.exemptionOf(request, enforced) == "" {
			return nil, err
		}
		d := p.decide(request, nil, nil, enforced)
		d.Failed = err
		return d, nil
	}

	failed, outcomes, exemption := now.failed, outcomesOf(now.findings), Exemption("")
	if failed != nil || slices.ContainsFunc(outcomes, outcome.denies) {
		exemption = p.exemptionOf(request, enforced)
		for i := range outcomes {
			outcomes[i].exemption = exemption
		}
		before, err := p.evaluateBefore(ctx, request, now, exemption)
		switch {
		case err != nil && (isGone(ctx) || exemption == ""):
			return nil, err
		case err != nil:
			failed = errors.Join(failed, err)
		case exemptExisting(outcomes, before):
			failed = errors.Join(failed, before.failed)
		}
	}

	suggest(ctx, now.result, outcomes)
	d := p.decide(request, outcomes, waivedOf(now.result), enforced)
	if failed != nil && d.Verdict != Denied && exemption == "" {
		return nil, failed
	}
	d.Failed = failed
	return d, nil
}

func outcomesOf(findings []lint.Finding) []outcome {
	outcomes := make([]outcome, len(findings))
	for i, finding := range findings {
		outcomes[i].Finding = finding
	}
	return outcomes
}

// suggest completes the remedies of the errors that deny, within a tenth of the remaining time.
func suggest(ctx context.Context, result *lint.Result, outcomes []outcome) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/10)
		defer cancel()
	}
	var denying []*lint.Finding
	for i := range outcomes {
		if outcomes[i].denies() {
			denying = append(denying, &outcomes[i].Finding)
		}
	}
	result.Suggest(ctx, denying...)
}

// isGone reports whether the client no longer waits for the answer.
func isGone(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// inScope reports whether a request is reviewed: creations and updates of whole objects and of the pod subresources
// that change containers. scale and status are not reviewed.
func inScope(request *admissionv1.AdmissionRequest) bool {
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

// SelfTest reviews a plain Pod. A rule that fails on it fails on nearly every object.
func (p *Policy) SelfTest(ctx context.Context) error {
	request, err := decode([]byte(selfReview))
	if err != nil {
		return err
	}
	d, err := p.Review(ctx, request)
	if err != nil {
		return err
	}
	return d.Failed
}

// evaluation is the result of the policies for an object.
type evaluation struct {
	result      *lint.Result
	findings    []lint.Finding // the worst first
	failed      error          // of rules on the object; the findings of the others are complete
	failedRules []string
}

func inputOf(object []byte) lint.Input {
	return lint.Input{Name: objectName, Read: func([]byte) ([]byte, error) { return object, nil }}
}

// evaluationOf returns the evaluation with the result of an Admission, or an error if it is not complete.
func evaluationOf(result *lint.Result, err error) (*evaluation, error) {
	if err != nil {
		return nil, err
	}
	e := &evaluation{result: result, findings: result.Findings, failed: errors.Join(result.Errors...)}
	if e.failed != nil {
		complete := false
		if e.failedRules, complete = result.FailedRules(); !complete {
			return nil, e.failed
		}
	}
	slices.SortStableFunc(e.findings, func(a, b lint.Finding) int {
		return severityOrder(a.Severity) - severityOrder(b.Severity)
	})
	return e, nil
}

// evaluateBefore evaluates the old object of an update. It returns nil if a request is not an update or the object is
// exempt. The mode does not count as an exemption, so that warnings distinguish new errors from existing ones.
func (p *Policy) evaluateBefore(ctx context.Context, request *admissionv1.AdmissionRequest, now *evaluation, exemption Exemption) (*evaluation, error) {
	if exemption != "" && exemption != WarnMode || request.Operation != admissionv1.Update || len(request.OldObject.Raw) == 0 {
		return nil, nil
	}
	before, err := evaluationOf(p.Admission.ReviewBefore(ctx, request.Namespace, inputOf(request.OldObject.Raw), now.result))
	if err != nil {
		return nil, fmt.Errorf("the old object: %w", err)
	}
	// An error that is waived is there all the same.
	before.findings = slices.Concat(before.findings, before.result.Waived)
	return before, nil
}

func severityOrder(severity lint.Severity) int {
	return slices.Index([]lint.Severity{lint.Error, lint.Warning, lint.Note}, severity)
}

// exemptionOf returns the reason why an object is never denied; empty if it can be denied.
func (p *Policy) exemptionOf(request *admissionv1.AdmissionRequest, enforced bool) Exemption {
	switch {
	// Only the API server sets the time of deletion, and only on existing objects.
	case request.Operation == admissionv1.Update && metadataOf(request.OldObject.Raw, "deletionTimestamp").DeletionTimestamp != nil:
		return Deleting
	case p.controlled(request.UserInfo, request.Object.Raw):
		if changedAfterOwner(request) {
			return Changed
		}
		return Controlled
	case !enforced:
		return WarnMode
	}
	return ""
}

// controlled reports whether a controller created the object for an owner that the webhook covers. The owner was
// reviewed, and the pods of an owner that was admitted long ago must be recreated.
func (p *Policy) controlled(user authenticationv1.UserInfo, object []byte) bool {
	if !p.IsController(user.Username) {
		return false
	}
	return slices.ContainsFunc(metadataOf(object, "ownerReferences").OwnerReferences, func(owner metav1.OwnerReference) bool {
		version, err := schema.ParseGroupVersion(owner.APIVersion)
		return err == nil && owner.Controller != nil && *owner.Controller && (p.Covers(version.Group, owner.Kind) || p.CoversGroup(version.Group))
	})
}

// metadata is the part of an object's metadata on which exemptions depend.
type metadata struct {
	Annotations       map[string]string       `json:"annotations"`
	Labels            map[string]string       `json:"labels"`
	OwnerReferences   []metav1.OwnerReference `json:"ownerReferences"`
	DeletionTimestamp *string                 `json:"deletionTimestamp"`
}

// metadataOf decodes an object's metadata if the object contains the key. It is empty if the metadata is malformed,
// so that a broken object gets no exemption.
func metadataOf(object []byte, key string) metadata {
	if !bytes.Contains(object, []byte(key)) {
		return metadata{} // decoding the whole object takes as long as evaluating it
	}
	var of struct {
		Metadata metadata `json:"metadata"`
	}
	if err := readJSON(object, &of); err != nil {
		return metadata{}
	}
	return of.Metadata
}

// decide returns the response for outcomes, the worst of which come first.
func (p *Policy) decide(request *admissionv1.AdmissionRequest, outcomes []outcome, waived []WaivedFinding, enforced bool) *Decision {
	var denying []lint.Finding
	warning := make([]outcome, 0, len(outcomes))
	d := &Decision{Verdict: Allowed, Waived: waived, Enforced: enforced, Findings: make([]lint.Finding, 0, len(outcomes))}
	for _, outcome := range outcomes {
		d.Findings = append(d.Findings, outcome.Finding)
		switch {
		case outcome.denies():
			denying = append(denying, outcome.Finding)
			d.Denials = append(d.Denials, outcome.Rule)
			continue
		case outcome.Severity == lint.Error:
			d.Exempted = append(d.Exempted, ExemptedError{Rule: outcome.Rule, Reason: outcome.exemption})
		}
		warning = append(warning, outcome)
	}
	found := func(rule string) {
		if !slices.Contains(d.Rules, rule) {
			d.Rules = append(d.Rules, rule)
		}
	}
	for _, finding := range denying {
		found(finding.Rule)
	}
	for _, outcome := range warning {
		found(outcome.Rule)
	}
	switch {
	case len(denying) > 0:
		d.Verdict = Denied
	case len(warning) > 0:
		d.Verdict = Warned
	}
	d.Response = &admissionv1.AdmissionResponse{
		UID:              request.UID,
		Allowed:          len(denying) == 0,
		Warnings:         warnings(warning),
		AuditAnnotations: p.annotations(d),
	}
	if d.Verdict == Denied {
		d.Response.Result = denial(request, denying)
	}
	return d
}

// denial is the status for the user. Because of its code, kubectl prints only the message.
func denial(request *admissionv1.AdmissionRequest, findings []lint.Finding) *metav1.Status {
	return &metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusForbidden,
		Reason:  metav1.StatusReasonForbidden,
		Message: message(findings),
		Details: &metav1.StatusDetails{
			Name:   report.Inert(request.Name),
			Group:  report.Inert(request.Kind.Group),
			Kind:   report.Inert(request.Kind.Kind),
			Causes: causes(findings),
		},
	}
}

// annotations are for the API server's audit log, which prefixes each key with the webhook's name.
func (p *Policy) annotations(d *Decision) map[string]string {
	mode := "enforce"
	if !d.Enforced {
		mode = "warn"
	}
	annotations := map[string]string{"verdict": string(d.Verdict), "edition": p.Edition, "policy-digest": p.Digest, "mode": mode}
	if len(d.Rules) > 0 {
		annotations["rules"] = strings.Join(d.Rules, ",")
	}
	if len(d.Exempted) > 0 {
		annotations["exempted"] = strings.Join(d.exemptedLines(), ",")
	}
	if len(d.Waived) > 0 {
		annotations["waived"] = strings.Join(d.waivedLines(), ",")
	}
	for key, value := range annotations {
		annotations[key] = truncateBytes(report.Inert(value), maxAnnotation)
	}
	return annotations
}
