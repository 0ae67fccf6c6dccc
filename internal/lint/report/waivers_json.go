package report

import (
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// jsonWaiver has the keys of the grammar and the location. until, owner and ticket may be empty.
type jsonWaiver struct {
	Rules  []string `json:"rules"`
	Until  string   `json:"until"`
	Reason string   `json:"reason"`
	Owner  string   `json:"owner"`
	Ticket string   `json:"ticket"`
	jsonLocation
}

func jsonWaiverOf(w *waiver.Waiver) jsonWaiver {
	return jsonWaiver{w.IDs(), w.Until.String(), w.Reason, w.Owner, w.Ticket, jsonLocationOf(w.Text.File, w.Text.Span())}
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
