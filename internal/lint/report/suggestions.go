package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/edit"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// suggestionTitle is a sentence about a suggestion.
func suggestionTitle(s lint.Suggestion) string {
	switch s.Change {
	case whatif.ChangeTarget:
		return "Deploy to " + s.Name + "."
	case whatif.ChangeEdition:
		return "Set edition: " + s.Value + "."
	case lint.ChangeMemory:
		return "Request less memory."
	case lint.ChangePriority:
		return "Use dedicated VMs."
	case lint.ChangeAutoscaling:
		return "Turn cluster autoscaling off."
	case lint.ChangeNodes:
		return "Limit the cluster to one node."
	}
	return fmt.Sprintf("Change %s to %s.", s.Change, s.Value)
}

// suggestions writes the suggestions of a finding, each with the lines that its edits change.
func (t *text) suggestions(indent string, f *lint.Finding) {
	for _, s := range f.Suggestions {
		title := suggestionTitle(s)
		if len(s.Edits) > 0 && s.Edits[0].File != f.File {
			title += " (" + s.Edits[0].File.Name + ")"
		}
		t.remark(indent, "try", title)
		for _, file := range editedFiles(s) {
			t.editedLines(indent, file, s)
		}
	}
}

// editedFiles are the files of a suggestion's edits, in their order.
func editedFiles(s lint.Suggestion) []*source.File {
	var files []*source.File
	for _, e := range s.Edits {
		if !slices.Contains(files, e.File) {
			files = append(files, e.File)
		}
	}
	return files
}

// editsOf are the edits of a suggestion in a file, by where they start.
func editsOf(s lint.Suggestion, file *source.File) []edit.Edit {
	var edits []edit.Edit
	for _, e := range s.Edits {
		if e.File == file {
			edits = append(edits, e.Edit)
		}
	}
	slices.SortFunc(edits, func(a, b edit.Edit) int { return a.Start - b.Start })
	return edits
}

// editedLines writes each line of a file that edits change, before and after.
func (t *text) editedLines(indent string, file *source.File, s lint.Suggestion) {
	edits := editsOf(s, file)
	after, err := edit.Apply(file.Text, edits)
	if err != nil {
		return // unreachable: the edits were applied before
	}
	shift, line := 0, 0
	for _, e := range edits {
		at := file.Position(e.Start)
		if at.Line != line { // an edit has no line breaks, except one that inserts a line
			line = at.Line
			prefix := fmt.Sprintf("%s  %d ", indent, line)
			width := max(t.width-len(prefix)-len("- "), minExcerpt)
			before := cut(file.Text, source.Span{Start: at, End: file.Position(e.End)}, width)
			changed := source.Span{Start: source.Position{Offset: e.Start + shift}, End: source.Position{Offset: e.Start + shift + len(e.Text)}}
			if inserts := e.Start == e.End && strings.HasSuffix(e.Text, "\n"); !inserts {
				t.line(prefix, t.style.paint(t.style.severity(lint.Error), strings.TrimRight("- "+before.text, " ")))
			}
			t.line(prefix, t.style.paint(t.style.allowed, strings.TrimRight("+ "+cut(after, changed, width).text, " ")))
		}
		shift += len(e.Text) - (e.End - e.Start)
	}
}

// jsonEdit replaces the bytes of a file from Start up to End by Text. They are counted in the file on disk, a byte order
// mark included.
type jsonEdit struct {
	File  string `json:"file"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

func jsonSuggestionOf(s lint.Suggestion) jsonSuggestion {
	edits := make([]jsonEdit, len(s.Edits))
	for i, e := range s.Edits {
		edits[i] = jsonEdit{e.File.Name, e.File.DataOffset(e.Start), e.File.DataOffset(e.End), e.Text}
	}
	return jsonSuggestion{string(s.Change), s.Value, s.Name, edits}
}

// sarifFixes are the suggestions with edits.
func (f Findings) sarifFixes(list []lint.Suggestion) []sarifFix {
	var fixes []sarifFix
	for _, s := range list {
		fix := sarifFix{Description: sarifMessage(suggestionTitle(s))}
		for _, file := range editedFiles(s) {
			change := sarifChange{Artifact: sarifPhysical(f.PathOf(file.Name), source.Span{}).Artifact}
			for _, e := range editsOf(s, file) {
				region := sarifPhysical("", source.Span{Start: file.Position(e.Start), End: file.Position(e.End)}).Region
				change.Replacements = append(change.Replacements, sarifReplacement{*region, sarifText{Text: e.Text}})
			}
			fix.Changes = append(fix.Changes, change)
		}
		if len(fix.Changes) > 0 {
			fixes = append(fixes, fix)
		}
	}
	return fixes
}
