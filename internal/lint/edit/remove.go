package edit

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const blanks = " \t\r\n"

// RemoveEntry returns the change that removes a key and its value from a mapping. If the mapping would be empty, it
// removes the entry of the mapping instead. It is not possible where a comment would be lost, where a placeholder is in
// the entry, and where the end of the value cannot be determined.
func RemoveEntry(key *source.Node) (Change, bool) {
	mapping := key.Parent()
	if mapping == nil || mapping.Kind != source.Mapping || key.File() != mapping.File() {
		return Change{}, false
	}
	members := mapping.Members()
	i := slices.IndexFunc(members, func(m source.Member) bool { return m.Key == key })
	if i < 0 {
		return Change{}, false
	}
	file, start, end := key.File(), key.Span().Start.Offset, endOf(members[i])
	if end < 0 || hasPlaceholder(file.Text[start:end]) || !isWritten(key) {
		return Change{}, false
	}
	flow := file.Text[mapping.Span().Start.Offset] == '{'
	if len(members) == 1 {
		if around, ok := mapping.Entry(); ok && around.Value == mapping && !flow {
			return RemoveEntry(around.Key)
		}
		if !flow {
			return Change{}, false
		}
	}
	var stretch Edit
	var ok bool
	if flow {
		stretch, ok = removeFlow(file, mapping, i, end)
	} else {
		stretch, ok = removeBlock(file, members, i, end)
	}
	if !ok || hasComment(file, stretch) {
		return Change{}, false
	}
	return Change{Edit: stretch, File: file, Removed: key}, true
}

// endOf returns the offset behind the value of a member, -1 if it is unknown: behind aliases and for empty values.
func endOf(m source.Member) int {
	at := m.Value.Span()
	if m.Value.Parent() != m.Key.Parent() || at.End.Offset <= at.Start.Offset || at.Start.Offset < m.Key.Span().End.Offset {
		return -1
	}
	return at.End.Offset
}

// isWritten reports whether a scalar is in the text as it is, in quotes or without.
func isWritten(n *source.Node) bool {
	_, ok := rewrite(n, "")
	return ok
}

// removeFlow removes the ith entry of a mapping in braces.
func removeFlow(file *source.File, mapping *source.Node, i, end int) (Edit, bool) {
	members, text := mapping.Members(), file.Text
	start := members[i].Key.Span().Start.Offset
	separates := func(from, to int) bool {
		return from >= 0 && from <= to && strings.Trim(string(text[from:to]), blanks+",") == ""
	}
	switch {
	case i+1 < len(members):
		next := members[i+1].Key.Span().Start.Offset
		return Edit{Start: start, End: next}, separates(end, next)
	case i > 0:
		before := endOf(members[i-1])
		return Edit{Start: before, End: end}, separates(before, start)
	}
	at := mapping.Span()
	return Edit{Start: start, End: end}, separates(at.Start.Offset+1, start) && separates(end, at.End.Offset-1)
}

// removeBlock removes the ith entry of a mapping without braces: its lines, or up to the next key if something else,
// such as the dash of an item, stands before it.
func removeBlock(file *source.File, members []source.Member, i, end int) (Edit, bool) {
	text, start := file.Text, members[i].Key.Span().Start.Offset
	line := lineStart(text, start)
	switch before := strings.TrimSpace(string(text[line:start])); {
	case before == "":
		return wholeLines(text, line, end)
	case strings.Trim(before, "- ") == "" && i+1 < len(members):
		next := members[i+1].Key.Span().Start.Offset
		return Edit{Start: start, End: next}, strings.Trim(string(text[end:next]), blanks) == ""
	}
	return Edit{}, false
}

// wholeLines removes the lines from the start of one to that of an offset, behind which nothing may stand. The last line
// of a text goes with the line break before it, so that the text ends as before.
func wholeLines(text []byte, start, end int) (Edit, bool) {
	stop := lineEnd(text, end)
	if strings.TrimSpace(string(text[end:stop])) != "" {
		return Edit{}, false
	}
	next := afterBreak(text, stop)
	if next == stop {
		start -= breakBefore(text, start)
	}
	return Edit{Start: start, End: next}, true
}

// RemoveComment returns the change that removes a comment: its lines if nothing else stands on them.
func RemoveComment(file *source.File, comment source.Comment) (Change, bool) {
	text, end := file.Text, lineEnd(file.Text, comment.End)
	if bytes.HasPrefix(text[comment.Mark:], []byte("/*")) {
		end = comment.End + bytes.Index(text[comment.End:], []byte("*/")) + len("*/")
	}
	change := Change{File: file, Gone: &comment}
	line, ok := lineStart(text, comment.Mark), false
	before := strings.TrimRight(string(text[line:comment.Mark]), blanks)
	if before == "" {
		if change.Edit, ok = wholeLines(text, line, end); ok {
			return change, true
		}
		change.Edit = Edit{Start: comment.Mark, End: end}
		return change, true
	}
	change.Edit = Edit{Start: line + len(before), End: end}
	return change, strings.TrimSpace(string(text[end:lineEnd(text, end)])) == ""
}

// CommentAt returns the comment that contains a stretch of the text of a file.
func CommentAt(file *source.File, start, end int) (source.Comment, bool) {
	comments := file.Comments()
	i := slices.IndexFunc(comments, func(c source.Comment) bool { return c.Mark < start && end <= c.End })
	if i < 0 {
		return source.Comment{}, false
	}
	return comments[i], true
}

func hasComment(file *source.File, stretch Edit) bool {
	return slices.ContainsFunc(file.Comments(), func(c source.Comment) bool {
		return stretch.Start <= c.Mark && c.Mark < stretch.End
	})
}

// ReplaceScalar returns the change that gives a scalar another text, in the same quotes. It is not possible for
// scalars with escapes, in several lines, behind aliases or with anchors or tags, and for placeholders.
func ReplaceScalar(n *source.Node, text string) (Change, bool) {
	written, ok := rewrite(n, text)
	if !ok || !plain.MatchString(n.Text()) || !plain.MatchString(text) || isShared(n) {
		return Change{}, false
	}
	at := n.Span()
	return Change{Edit: Edit{at.Start.Offset, at.End.Offset, written}, File: n.File(), Scalar: n}, true
}

// plain matches a text that needs no quotes and no escapes in YAML or JSON.
var plain = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._ -]*[A-Za-z0-9])?$`)

// rewrite returns a text in the quotes of a scalar; false if the scalar is not in the file as it is.
func rewrite(n *source.Node, text string) (string, bool) {
	at := n.Span()
	written := string(n.File().Text[at.Start.Offset:at.End.Offset])
	if n.Kind >= source.Sequence || written == "" {
		return "", false
	}
	if written == n.Text() && strings.IndexByte(`"'`, written[0]) < 0 {
		return text, true
	}
	quote := written[:1]
	return quote + text + quote, (quote == `"` || quote == "'") && written == quote+n.Text()+quote
}

// isShared reports whether a value, or a collection around it, has an anchor or a tag.
func isShared(n *source.Node) bool {
	for ; n.Parent() != nil; n = n.Parent() {
		text, start := n.File().Text, n.Span().Start.Offset
		from := n.Parent().Span().Start.Offset
		if member, ok := n.Entry(); ok {
			from = member.Key.Span().End.Offset
			if member.Value != n && member.Key != n {
				return true
			}
		} else if i := slices.Index(n.Parent().Items(), n); i > 0 {
			from = n.Parent().Items()[i-1].Span().End.Offset
		} else if i < 0 {
			return true
		}
		if from > start || bytes.ContainsAny(text[from:start], "&!*") {
			return true
		}
	}
	return false // an alias of a document would be in the document itself
}

// hasPlaceholder reports whether a part of a text may be filled in later.
func hasPlaceholder(text []byte) bool {
	return bytes.Contains(text, []byte("{{")) || bytes.Contains(text, []byte("${")) || bytes.Contains(text, []byte("$(")) || bytes.Contains(text, []byte("{%"))
}

func lineStart(text []byte, at int) int { return bytes.LastIndexAny(text[:at], "\r\n") + 1 }

// lineEnd returns the end of the line of an offset, without its break.
func lineEnd(text []byte, at int) int {
	if length := bytes.IndexAny(text[at:], "\r\n"); length >= 0 {
		return at + length
	}
	return len(text)
}

// afterBreak returns the offset behind a line break.
func afterBreak(text []byte, at int) int {
	switch {
	case bytes.HasPrefix(text[at:], []byte("\r\n")):
		return at + 2
	case at < len(text):
		return at + 1
	}
	return at
}

// breakBefore is the length of the line break before an offset.
func breakBefore(text []byte, at int) int {
	switch {
	case bytes.HasSuffix(text[:at], []byte("\r\n")):
		return 2
	case at > 0:
		return 1
	}
	return 0
}
