package report

import (
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// jsonWaiver has the keys of the grammar, and the location as that of a finding. until, owner and ticket may be empty.
type jsonWaiver struct {
	Rules     []string `json:"rules"`
	Until     string   `json:"until"`
	Reason    string   `json:"reason"`
	Owner     string   `json:"owner"`
	Ticket    string   `json:"ticket"`
	File      string   `json:"file"`
	Line      int      `json:"line"`
	Column    int      `json:"column"`
	EndLine   int      `json:"end_line"`
	EndColumn int      `json:"end_column"`
	jsonCell
}

func jsonWaiverOf(w *waiver.Waiver) jsonWaiver {
	at := w.Text.Span()
	return jsonWaiver{
		w.IDs(), w.Until.String(), w.Reason, w.Owner, w.Ticket,
		w.Text.File.Name, at.Start.Line, at.Start.Column, at.End.Line, at.End.Column, jsonCellOf(w.Text.File, at),
	}
}

type jsonListedWaiver struct {
	jsonWaiver
	Expired bool `json:"expired"`
	// Findings counts what the waiver covers, whether or not it is still valid.
	Findings int `json:"findings"`
}

type jsonWaivers struct {
	Version    int                `json:"version"`
	Incomplete bool               `json:"incomplete"` // as of lint
	Errors     []jsonError        `json:"errors"`
	Waivers    []jsonListedWaiver `json:"waivers"`
}

func waiversJSON(w io.Writer, waivers Waivers, _ Options) error {
	list := jsonWaivers{
		Version: jsonVersion, Incomplete: len(waivers.Incomplete) > 0, Errors: jsonErrors(waivers.Incomplete),
		Waivers: make([]jsonListedWaiver, len(waivers.List)),
	}
	for i, waiver := range waivers.List {
		list.Waivers[i] = jsonListedWaiver{jsonWaiverOf(waiver.Waiver), waiver.Expired, waiver.Findings}
	}
	return EncodeJSON(w, list)
}
