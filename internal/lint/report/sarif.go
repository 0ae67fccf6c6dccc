package report

import (
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// SARIF 2.1.0, as far as it is written: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool              sarifTool                        `json:"tool"`
		AutomationDetails sarifAutomation                  `json:"automationDetails"`
		Invocations       []sarifInvocation                `json:"invocations"`
		URIBaseIDs        map[string]sarifArtifactLocation `json:"originalUriBaseIds"`
		ColumnKind        string                           `json:"columnKind"`
		Results           []sarifResult                    `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		Version         string      `json:"version,omitempty"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		InformationURI  string      `json:"informationUri"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string              `json:"id"`
		ShortDescription *sarifText          `json:"shortDescription,omitempty"`
		FullDescription  *sarifText          `json:"fullDescription,omitempty"`
		Help             *sarifText          `json:"help,omitempty"`
		Configuration    *sarifConfiguration `json:"defaultConfiguration,omitempty"`
	}
	sarifConfiguration struct {
		Level lint.Severity `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   lint.Severity `json:"level"`
		Message sarifText     `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        lint.Severity      `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Baseline     string             `json:"baselineState,omitempty"` // new or unchanged
		Fixes        []sarifFix         `json:"fixes,omitempty"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifactLocation `json:"artifactLocation"`
		Replacements []sarifReplacement    `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"` // inSource or external
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		ID       int                   `json:"id,omitempty"`
		Physical sarifPhysicalLocation `json:"physicalLocation"`
		Message  *sarifText            `json:"message,omitempty"`
	}
	sarifPhysicalLocation struct {
		Artifact sarifArtifactLocation `json:"artifactLocation"`
		Region   *sarifRegion          `json:"region,omitempty"`
	}
	sarifArtifactLocation struct {
		URI         string     `json:"uri,omitempty"`
		BaseID      string     `json:"uriBaseId,omitempty"`
		Description *sarifText `json:"description,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
)

const (
	// maxSARIFResults is what GitHub shows of a run. Of more it shows any.
	maxSARIFResults = 5000
	// maxSARIFRelated bounds the related locations of a result; GitHub takes 1,000 locations.
	maxSARIFRelated = 999

	sarifRoot        = "%SRCROOT%" // the root of the repository, wherever it is checked out
	sarifFingerprint = "mlpolicy/v1"
)

// findingsSARIF writes one run. Severities are levels of SARIF by the same names. It has no fingerprints of a host,
// which each host makes itself, and no security-severity, which would make findings vulnerabilities. Waived findings
// are suppressed results, and those in the baseline are unchanged; GitHub shows both as open alerts.
func findingsSARIF(w io.Writer, findings Findings, _ Options) error {
	findings.Result = findings.shown()
	list := findings.worstFirst()
	notifications := []sarifNotification{}
	for _, err := range findings.Incomplete {
		notifications = append(notifications, sarifNotification{lint.Error, sarifMessage(err.Error())})
	}
	if more := len(list) - maxSARIFResults; more > 0 {
		notifications = append(notifications, sarifNotification{lint.Warning, sarifMessage(fmt.Sprintf(
			"%d findings; the %d worst are results, and these are left out: %s", len(list), maxSARIFResults, counted(list[maxSARIFResults:])))})
		list = list[:maxSARIFResults]
	}
	id := "mlpolicy/"
	if findings.Category != "" {
		id += findings.Category + "/" // what is after the last slash tells runs of a category apart
	}
	rules := newSARIFRules(findings.Rules)
	run := sarifRun{
		AutomationDetails: sarifAutomation{id},
		Invocations:       []sarifInvocation{{len(findings.Incomplete) == 0, notifications}},
		URIBaseIDs:        map[string]sarifArtifactLocation{sarifRoot: {Description: &sarifText{Text: "The root of the repository."}}},
		ColumnKind:        "unicodeCodePoints",
		Results:           make([]sarifResult, len(list)),
	}
	for i, each := range list {
		run.Results[i] = findings.sarifResult(each, rules.index(each.Rule))
	}
	run.Tool.Driver = sarifDriver{
		Name: "mlpolicy", Version: findings.Version, SemanticVersion: strings.TrimPrefix(semantic.FindString(findings.Version), "v"),
		InformationURI: "https://github.com/mlpolicy/mlpolicy", Rules: rules.list,
	}
	return EncodeJSON(w, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

var semantic = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

func (f Findings) sarifResult(each reported, rule int) sarifResult {
	result := sarifResult{
		RuleID: Printable(each.Rule), RuleIndex: rule, Level: each.Severity, Message: sarifMessage(each.sentences()),
		Locations:    []sarifLocation{{Physical: sarifPhysical(each.path, each.Span)}},
		Fingerprints: map[string]string{sarifFingerprint: each.fingerprint},
		Fixes:        f.sarifFixes(each.Suggestions),
	}
	if waiver := each.Waived; waiver != nil {
		kind := "external"
		if waiver.Scope != nil { // in the file
			kind = "inSource"
		}
		result.Suppressions = []sarifSuppression{{kind, "accepted", Printable(waiver.Reason)}}
	}
	switch {
	case !f.ShowBaselined || len(f.Baselines) == 0:
	case each.Baselined != nil:
		result.Baseline = "unchanged"
	default:
		result.Baseline = "new"
	}
	for i, related := range each.Related[:min(len(each.Related), maxSARIFRelated)] {
		location := sarifLocation{ID: i + 1, Physical: sarifPhysical(f.PathOf(related.File.Name), related.Span)}
		if related.Message != "" {
			message := sarifMessage(related.Message)
			location.Message = &message
		}
		result.Related = append(result.Related, location)
	}
	return result
}

// sarifPhysical is a location in a file. GitHub rejects results without one: what no file states is at the root.
func sarifPhysical(path string, span source.Span) sarifPhysicalLocation {
	var physical sarifPhysicalLocation
	physical.Artifact.URI, physical.Artifact.BaseID = fileURI(path)
	if span.Start.Line > 0 {
		physical.Region = &sarifRegion{span.Start.Line, span.Start.Column, span.End.Line, span.End.Column}
	}
	return physical
}

// fileURI returns the URI of a file, and what it is relative to; empty for an absolute one.
func fileURI(path string) (uri, base string) {
	if path == "" {
		return ".", sarifRoot
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(segment), ":", "%3A") // else a scheme of a relative URI
	}
	uri = strings.Join(segments, "/")
	switch {
	case !absolutePath.MatchString(path):
		return uri, sarifRoot
	case strings.HasPrefix(path, "//"):
		return "file:" + uri, "" // a share: the host is in the path
	case strings.HasPrefix(path, "/"):
		return "file://" + uri, ""
	}
	return "file:///" + strings.Replace(uri, "%3A", ":", 1), "" // a drive of Windows
}

// absolutePath matches paths that start at a root, of Windows too.
var absolutePath = regexp.MustCompile(`^(/|[A-Za-z]:/)`)

// sarifMessage is plain text. In a message of SARIF, [text](target) would be a link.
func sarifMessage(text string) sarifText {
	return sarifText{Text: strings.ReplaceAll(Printable(text), "](", "] (")}
}

// sarifRules are the rules of a run by their index.
type sarifRules struct {
	list    []sarifRule
	indexOf map[string]int
}

func newSARIFRules(explanations []Explanation) *sarifRules {
	rules := &sarifRules{list: []sarifRule{}, indexOf: map[string]int{}}
	for _, explanation := range explanations {
		if rule := explanation.Rule; rule.InForce != lint.Off {
			rules.add(rule.ID, sarifRule{
				ShortDescription: &sarifText{Text: oneLine(rule.Title)},
				FullDescription:  &sarifText{Text: strings.TrimSpace(rule.Description)},
				Help:             &sarifText{Text: oneLine(rule.Remediation), Markdown: explanation.help()},
				Configuration:    &sarifConfiguration{rule.InForce},
			})
		}
	}
	return rules
}

// index returns the index of a rule. One that nothing explains has only an ID.
func (r *sarifRules) index(id string) int {
	if _, known := r.indexOf[id]; !known {
		r.add(id, sarifRule{})
	}
	return r.indexOf[id]
}

func (r *sarifRules) add(id string, rule sarifRule) {
	rule.ID = Printable(id)
	r.indexOf[id] = len(r.list)
	r.list = append(r.list, rule)
}

// help is what explain writes as Markdown, with one example.
func (e Explanation) help() string {
	var markdown strings.Builder
	e.Examples = e.Examples[:min(len(e.Examples), 1)]
	_ = explanationMarkdown(&markdown, e, Options{}) // a strings.Builder has no errors
	return markdown.String()
}
