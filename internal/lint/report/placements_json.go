package report

import (
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

type jsonPlacements struct {
	Version     int             `json:"version"`
	Edition     string          `json:"edition"`
	Incomplete  bool            `json:"incomplete"` // as of lint
	Errors      []jsonError     `json:"errors"`
	Deployments []jsonPlacement `json:"deployments"`
	Summary     jsonPlaced      `json:"summary"`
}

type jsonPlaced struct {
	Files       int `json:"files"`
	Deployments int `json:"deployments"`
}

// jsonPlacement is a deployment and its options, best first; none for training.
type jsonPlacement struct {
	Name    string `json:"name"`
	Edition string `json:"edition"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	jsonCell
	// Facts are those of the input that rules see.
	Facts   any          `json:"facts"`
	Targets []jsonOption `json:"targets"`
}

// jsonOption has an empty name and no stands_for where the edition has no row for the target.
type jsonOption struct {
	Target    string          `json:"target"`
	Name      string          `json:"name"`
	StandsFor []string        `json:"stands_for"`
	Current   bool            `json:"current"`
	Verdict   whatif.Verdict  `json:"verdict"`
	Findings  []jsonStatement `json:"findings"`
	// Unknown are paths into facts.
	Unknown []string `json:"unknown"`
}

type jsonStatement struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	Message  string        `json:"message"`
}

func placementsJSON(w io.Writer, placements *lint.Placements, _ Options) error {
	document := jsonPlacements{
		Version:     jsonVersion,
		Edition:     placements.Edition(),
		Incomplete:  len(placements.Errors) > 0,
		Errors:      jsonErrors(placements.Errors),
		Deployments: make([]jsonPlacement, len(placements.Deployments)),
		Summary:     jsonPlaced{Files: placements.Files, Deployments: len(placements.Deployments)},
	}
	for i, p := range placements.Deployments {
		placement := jsonPlacement{Name: p.Deployment.Name.Value, Edition: p.Edition, Facts: p.Deployment, Targets: make([]jsonOption, len(p.Options))}
		if node := p.Deployment.Location.Node; node != nil {
			start := node.Span().Start
			placement.File, placement.Line, placement.Column = node.File().Name, start.Line, start.Column
			placement.jsonCell = jsonCellOf(node.File(), node.Span())
		}
		for j, option := range p.Options {
			placement.Targets[j] = jsonOption{
				Target: option.Target, Name: option.Name, StandsFor: append([]string{}, option.For...), Current: option.Current,
				Verdict: option.Verdict, Findings: make([]jsonStatement, len(option.Violations)), Unknown: append([]string{}, option.Unknown...),
			}
			for k, violation := range option.Violations {
				placement.Targets[j].Findings[k] = jsonStatement{violation.Rule, violation.Severity, violation.Message}
			}
		}
		document.Deployments[i] = placement
	}
	return EncodeJSON(w, document)
}
