package source

import (
	"regexp"
	"strings"
	"sync"
)

// chunk is the text up to the next line that starts a document with ---. Such a line always starts a
// document, so each chunk can be read, and be broken, independently.
type chunk struct {
	start, end int
}

// readYAML reads each chunk by itself.
func (f *File) readYAML(text string) reading {
	library := newLibraryReader(f, text)
	var all reading
	for _, c := range f.chunks(text) {
		if strings.Trim(strings.TrimPrefix(text[c.start:c.end], "---"), " \r\n") == "" {
			continue
		}
		documents, broken := library.read(c)
		all.documents = append(all.documents, documents...)
		if broken != nil {
			all.faults = append(all.faults, broken)
		}
	}
	return all
}

func (f *File) chunks(text string) []chunk {
	if !strings.Contains(text, "---") {
		return []chunk{{0, len(text)}}
	}
	var all []chunk
	start := 0
	directives := -1 // offset of the first directive before a document
	for _, at := range f.lines {
		// Line breaks of YAML 1.1 only do not start a line of f.
		line := strings.TrimLeft(text[at:], nextLine+lineSeparator+paragraphSeparator)
		switch {
		case isMarker(line, "---"):
			end := at
			if directives >= 0 {
				end = directives
			}
			if end > start {
				all = append(all, chunk{start, end})
			}
			start, directives = end, -1
		case line == "" || line[0] == '#' || blankSize(line) > 0:
		case line[0] == '%':
			if directives < 0 {
				directives = at
			}
		default:
			directives = -1
		}
	}
	return append(all, chunk{start, len(text)})
}

// isMarker reports whether a line is the marker --- or ... , with or without
// content behind it.
func isMarker(line, marker string) bool {
	return strings.HasPrefix(line, marker) && (len(line) == len(marker) || blankSize(line[len(marker):]) > 0)
}

// versionDirective matches a directive for any YAML 1.x, up to the x.
var versionDirective = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^%YAML[ \t]+1\.([0-9]+)`)
})

// asVersion11 writes the version directive that a chunk begins with as that of YAML
// 1.1, in the same length: the library rejects a document that declares
// another version, which other readers of YAML 1.1, such as PyYAML, accept.
func asVersion11(text string) string {
	at := skipBlanks(text, 0)
	for at < len(text) && text[at] == '%' {
		if match := versionDirective().FindStringSubmatchIndex(text[at:]); match != nil {
			minor, end := at+match[2], at+match[3]
			return text[:minor] + strings.Repeat("0", end-minor-1) + "1" + text[end:]
		}
		at = skipBlanks(text, at+lineLength(text[at:]))
	}
	return text
}
