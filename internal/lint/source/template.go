package source

import (
	"bytes"
	"strings"
)

// classify returns the fault to report for a chunk: Unrendered at the nearest template tag if a tag
// causes broken, else broken itself.
func (r *libraryReader) classify(c chunk, broken *fault) *fault {
	if broken.kind != Malformed {
		return broken
	}
	text := r.text[c.start:c.end]
	tags := templateTags(text)
	if len(tags) == 0 {
		return broken
	}
	at := broken
	if _, rest := r.decode(c, withoutTags(text, tags)); rest != nil {
		at = rest
		if _, onLine := nearestTag(text, tags, rest.start-c.start); !onLine {
			return broken
		}
	}
	tag, _ := nearestTag(text, tags, at.start-c.start)
	return &fault{
		kind: Unrendered, start: c.start + tag.start, end: c.start + tag.end,
		message: "unrendered template",
	}
}

// templateTags returns the parts of text from {{ to }}, {% to %} and {# to #}. It does not return the
// ${{ }} expressions of GitHub Actions and Azure Pipelines, which are used in valid YAML.
func templateTags(text string) []chunk {
	lastClosing := map[byte]int{}
	for _, second := range []byte("{%#") {
		lastClosing[second] = strings.LastIndex(text, closingOf(second))
	}
	var tags []chunk
	for at := 0; ; {
		open := strings.IndexByte(text[at:], '{')
		at += open
		if open < 0 || at+len("{{") > len(text) {
			return tags
		}
		inner := at + len("{{")
		if last, opens := lastClosing[text[at+1]]; !opens || last < inner {
			at++
			continue
		}
		closing := closingOf(text[at+1])
		end := inner + strings.Index(text[inner:], closing) + len(closing)
		if at == 0 || text[at-1] != '$' {
			tags = append(tags, chunk{at, end})
		}
		at = end
	}
}

// closingOf returns the end of a tag by the second byte of its start.
func closingOf(second byte) string {
	if second == '{' {
		return "}}"
	}
	return string(second) + "}"
}

// withoutTags replaces tags by letters, or by spaces on a line without other text: such a tag controls
// the template and produces no text.
func withoutTags(text string, tags []chunk) string {
	const tagged = 0 // cannot occur in YAML
	filled := []byte(text)
	for _, tag := range tags {
		for i := tag.start; i < tag.end; i++ {
			if filled[i] != '\n' && filled[i] != '\r' {
				filled[i] = tagged
			}
		}
	}
	for line := range bytes.Lines(filled) {
		filler := byte('x')
		if len(bytes.Trim(line, " \t\r\n\x00")) == 0 {
			filler = ' '
		}
		for i := range line {
			if line[i] == tagged {
				line[i] = filler
			}
		}
	}
	return string(filled)
}

// nearestTag returns the first tag that overlaps the line of an offset. If there is none, it returns
// the last tag before the line, or else the first tag of the text.
func nearestTag(text string, tags []chunk, at int) (tag chunk, onLine bool) {
	start, end := lineAround(text, at)
	tag = tags[0]
	for _, next := range tags {
		switch {
		case next.start >= end:
			return tag, false
		case next.end > start:
			return next, true
		}
		tag = next
	}
	return tag, false
}

func lineAround(text string, at int) (start, end int) {
	at = min(at, len(text))
	start = strings.LastIndexAny(text[:at], "\r\n") + 1
	return start, at + lineLength(text[at:])
}
