package source

import (
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// chunk is a part of the text that ends before the next line that begins a document with ---. Such a
// line begins a document regardless of the text before it. So chunks can be parsed independently, and
// a fault in one does not affect the others.
type chunk struct {
	start, end int
}

// parallelSize is the number of bytes above which the chunks of a file are parsed on all cores. Smaller files are read
// while others are.
const parallelSize = 1 << 20

// readYAML parses each chunk independently.
func (f *File) readYAML(text string, o Options) reading {
	chunks := slices.DeleteFunc(f.chunks(text), func(c chunk) bool {
		return strings.Trim(strings.TrimPrefix(text[c.start:c.end], "---"), " \r\n") == ""
	})
	type result struct {
		documents []*Document
		broken    *fault
	}
	results := make([]result, len(chunks))
	var next atomic.Int64
	work := func() {
		library := newLibraryReader(f, text)
		read := library.read
		if !o.NoPlain {
			read = newPlainReader(library).read
		}
		for i := int(next.Add(1)) - 1; i < len(chunks); i = int(next.Add(1)) - 1 {
			c := chunks[i]
			if o.Skip != nil && o.Skip(text[c.start:c.end]) {
				continue
			}
			results[i].documents, results[i].broken = read(c)
		}
	}
	if workers := min(runtime.GOMAXPROCS(0), len(chunks)); o.Parallel && len(text) > parallelSize && workers > 1 {
		var running sync.WaitGroup
		for range workers {
			running.Go(work)
		}
		running.Wait()
	} else {
		work()
	}
	all := reading{comments: hashComments}
	for _, result := range results {
		all.documents = append(all.documents, result.documents...)
		if result.broken != nil {
			all.faults = append(all.faults, result.broken)
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
	directives := -1 // offset of the first directive before the next document, -1 for none
	for _, offset := range f.lines {
		at := int(offset)
		line := text[at:]
		if !f.ascii { // line breaks that only YAML 1.1 has do not begin a line in f.lines
			line = strings.TrimLeft(line, nextLine+lineSeparator+paragraphSeparator)
		}
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

// isMarker reports whether a line begins with the marker --- or ..., alone or followed by a blank.
func isMarker(line, marker string) bool {
	return strings.HasPrefix(line, marker) && (len(line) == len(marker) || blankSize(line[len(marker):]) > 0)
}

// versionDirective matches a directive for YAML 1.x up to x.
var versionDirective = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^%YAML[ \t]+1\.([0-9]+)`)
})

// asVersion11 replaces the version in the directive at the start of a chunk by 1.1 without changing the
// length. The library rejects documents of other versions; other YAML 1.1 parsers, such as PyYAML,
// accept them.
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
