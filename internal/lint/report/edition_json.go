package report

import (
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

type jsonEdition struct {
	Edition string            `json:"edition"`
	Title   string            `json:"title"`
	Date    string            `json:"date"`
	Source  string            `json:"source"`
	Columns []string          `json:"columns"`
	Only    []string          `json:"only"`
	RowsFor map[string]string `json:"rows_for"`
	Notes   []string          `json:"notes"`
	Targets []jsonRow         `json:"targets"`
}

type jsonRow struct {
	Target string         `json:"target"`
	Name   string         `json:"name"`
	Note   string         `json:"note"`
	Cells  map[string]any `json:"cells"`
}

func editionJSON(w io.Writer, edition policy.Edition, _ Options) error {
	document := jsonEdition{
		Edition: edition.ID, Title: edition.Title, Date: edition.Date, Source: edition.Source,
		Columns: emptied(edition.Columns), Only: emptied(edition.Only), Notes: emptied(edition.Notes),
		RowsFor: edition.RowsFor, Targets: make([]jsonRow, len(edition.Rows)),
	}
	if document.RowsFor == nil {
		document.RowsFor = map[string]string{}
	}
	for i, row := range edition.Rows {
		document.Targets[i] = jsonRow(row)
	}
	return EncodeJSON(w, document)
}

// emptied returns an empty list for nil, which JSON would write as null.
func emptied[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
