package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits in characters. GitHub's comments take 65,536.
const (
	maxMarkdown     = 60_000
	maxMarkdownText = 1_000 // of one text in it
	markdownRest    = 200   // for the line that counts what is left out
)

// findingsMarkdown writes a comment or the summary of a job, worst findings first. All text of files and policies is
// in code spans: outside of them, hosts make mentions, links and references to issues of plain text. The first line is
// a marker by which a program finds its own comment to replace it.
func findingsMarkdown(w io.Writer, findings Findings, _ Options) error {
	_, err := io.WriteString(w, findings.markdown())
	return err
}

func (f Findings) markdown() string {
	f.Result = f.shown()
	marker := "<!-- mlpolicy -->"
	if f.Category != "" {
		marker = "<!-- mlpolicy " + f.Category + " -->"
	}
	text := fmt.Sprintf("%s\n### mlpolicy\n\n%s\n", marker, code(f.summary()))
	length := utf8.RuneCountInString(text)
	var items []string
	for _, err := range f.Incomplete {
		items = append(items, "- **not evaluated** "+code(err.Error())+"\n")
	}
	list := f.worstFirst()
	for _, each := range list {
		severity := string(each.Severity)
		if why := excepted(each.Finding); why != "" {
			severity += " (" + why + ")"
		}
		item := fmt.Sprintf("- **%s** %s", severity, code(each.Rule))
		if place := each.place(); place != "" {
			item += " " + code(place)
		}
		item += "  \n  " + code(each.Message) + "\n"
		if each.Remedy != "" {
			item = strings.TrimSuffix(item, "\n") + "  \n  " + code(each.Remedy) + "\n"
		}
		if each.Waived != nil {
			item = strings.TrimSuffix(item, "\n") + "  \n  " + code("waived: "+each.Waived.String()) + "\n"
		}
		items = append(items, item)
	}
	if len(items) > 0 {
		text += "\n"
	}
	for i, item := range items {
		if length += utf8.RuneCountInString(item); length > maxMarkdown-markdownRest {
			return text + fmt.Sprintf("\n%s, which do not fit here\n", more(max(len(f.Incomplete)-i, 0), list[max(i-len(f.Incomplete), 0):]))
		}
		text += item
	}
	return text
}

// code returns text as a code span. Its fence is longer than any in the text.
func code(text string) string {
	text = Inert(text)
	if utf8.RuneCountInString(text) > maxMarkdownText {
		text = string([]rune(text)[:maxMarkdownText-1]) + ellipsis
	}
	longest, run := 0, 0
	for _, r := range text {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if text == "" || strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.HasPrefix(text, " ") && strings.HasSuffix(text, " ") {
		text = " " + text + " "
	}
	return fence + text + fence
}

// codeInTable returns text as a code span in a cell of a table, where | ends the cell unless it is escaped; an empty
// cell for no text.
func codeInTable(text string) string {
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(code(text), "|", `\|`)
}
