package report

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// withoutSpans returns a line without its code spans, which have as many backquotes at the end as at the start.
func withoutSpans(line string) string {
	var rest strings.Builder
	for line != "" {
		at := strings.IndexByte(line, '`')
		if at < 0 {
			break
		}
		fence := line[at : at+len(line[at:])-len(strings.TrimLeft(line[at:], "`"))]
		rest.WriteString(line[:at])
		line = line[at+len(fence):]
		end := closing(line, fence)
		if end < 0 {
			return rest.String() + fence + line // no span
		}
		line = line[end+len(fence):]
	}
	return rest.String() + line
}

// closing returns the offset of the first run of as many backquotes, -1 for none.
func closing(text, fence string) int {
	for _, run := range regexp.MustCompile("`+").FindAllStringIndex(text, -1) {
		if run[1]-run[0] == len(fence) {
			return run[0]
		}
	}
	return -1
}

// Outside of code spans there are only words of the program, so that nothing mentions, links or refers to anything.
func TestMarkdown(t *testing.T) {
	ours := regexp.MustCompile(`^(<!-- mlpolicy( [\w.-]+)? -->|### mlpolicy|and \d+ more \([\w, ]+\), which do not fit here|- \*\*((error|warning|note)( \((waived|in the baseline)\))?|not evaluated)\*\* *)? *$`)
	checkCases(t, ".md", findingsMarkdown, func(name string, text []byte) {
		noCommands(t, name, text)
		for line := range strings.Lines(string(text)) {
			if rest := withoutSpans(strings.TrimSuffix(line, "\n")); !ours.MatchString(rest) {
				t.Errorf("%s: %q outside of code spans in %s", name, rest, line)
			}
		}
	})
}

func TestCodeSpans(t *testing.T) {
	for text, want := range map[string]string{
		"a": "`a`", "": "`  `", "a`b": "``a`b``", "`": "`` ` ``", "``a": "``` ``a ```", "a```b``": "```` a```b`` ````", " a ": "`  a  `", "a\n@b": "`a\\n@b`",
		"##vso[a]": "`" + `\u0023#vso[a]` + "`",
	} {
		got := code(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if rest := withoutSpans(got); rest != "" {
			t.Errorf("%q: %q is outside of the span", text, rest)
		}
	}
	if got := utf8.RuneCountInString(code(strings.Repeat("模", 5000))); got != maxMarkdownText+2 {
		t.Errorf("%d characters", got)
	}
}

func TestMarkdownIsLimited(t *testing.T) {
	result := flood(t, 1000)
	for i := range result.Findings {
		result.Findings[i].Message += strings.Repeat("模", i%900)
	}
	text := string(written(t, findingsMarkdown, findings(result), Options{}))
	if got := utf8.RuneCountInString(text); got > maxMarkdown || got < maxMarkdown-3000 {
		t.Errorf("%d characters", got)
	}
	if match := regexp.MustCompile(`\nand \d+ more \(\d+ errors, 1000 warnings, 1000 notes\), which do not fit here\n$`).FindString(text); match == "" {
		t.Errorf("ends with %q", text[len(text)-200:])
	}
	many, unreadable := findings(&lint.Result{}), errors.New("full.yaml: input/output error")
	for range 10_000 {
		many.Incomplete = append(many.Incomplete, unreadable)
	}
	text = string(written(t, findingsMarkdown, many, Options{}))
	if match := regexp.MustCompile(`\nand \d+ more \(\d+ could not be evaluated\), which do not fit here\n$`).FindString(text); match == "" || len(text) > maxMarkdown {
		t.Errorf("%d bytes, ends with %q", len(text), text[len(text)-200:])
	}
}

func TestMarkdownMarker(t *testing.T) {
	f := findings(&lint.Result{})
	f.Category = "staging"
	if text := string(written(t, findingsMarkdown, f, Options{})); !strings.HasPrefix(text, "<!-- mlpolicy staging -->\n") {
		t.Error(text)
	}
}
