package kube

import "strings"

// root is what is certain about the root of a Kubernetes object without parsing its text.
type root struct {
	group, kind string
	keys        []string // the others, in the order of the text
	metadata    string   // the text of the values of metadata
}

// rootOf reads the group, the kind and the other keys at the root of a document in block style. It answers only if
// parsing the document could give no other kind, and no other key at the root, whatever else the text is:
//
//   - Before the first two keys are only blank lines and comments, and after each of the two only these or a line at the
//     margin, so that nothing before the two can be open and nothing continues their values.
//   - The two are apiVersion and kind, each with one plain word behind it.
//   - Every further line at the margin, which may be inside a scalar or brackets, is a comment, an item of a list, or
//     begins with a plain key; neither of the two is among these keys. So no line is a quoted or aliased key, an explicit
//     key, a merge key, a directive, or a key with blanks before the colon.
//   - Lines end with LF or CR LF alone, none begins with a tab, and nothing else is on the line ---.
func rootOf(document string) (found root, certain bool) {
	if hasOtherBreaks(document) {
		return found, false
	}
	text := document
	if line, rest, _ := strings.Cut(text, "\n"); strings.HasPrefix(line, "---") {
		if strings.Trim(line[len("---"):], " \r") != "" {
			return found, false
		}
		text = rest
	}
	var version string
	metadata := "" // the text from the value of metadata on, in which no other key was found
	for len(text) > 0 {
		line, rest, _ := strings.Cut(text, "\n")
		here := text
		text = rest
		line = strings.TrimSuffix(line, "\r")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == ' ':
			if len(found.keys) > 0 {
				continue
			}
			if inner := strings.TrimLeft(line, " "); inner != "" && inner[0] != '#' {
				return found, false
			}
		case line[0] == '-':
			if len(found.keys) == 0 || len(line) > 1 && line[1] != ' ' {
				return found, false
			}
		default:
			key, value, isKey := plainKey(line)
			switch {
			case !isKey:
				return found, false
			case key == "apiVersion" && version == "" && len(found.keys) == 0 && isWord(value):
				version = value
			case key == "kind" && found.kind == "" && len(found.keys) == 0 && isWord(value):
				found.kind = value
			case key == "apiVersion" || key == "kind" || version == "" || found.kind == "":
				return found, false
			default:
				if metadata != "" {
					found.metadata, metadata = found.metadata+metadata[:len(metadata)-len(here)], ""
				}
				if key == "metadata" {
					metadata = here
				}
				found.keys = append(found.keys, key)
			}
		}
	}
	found.metadata += metadata
	found.group = groupOf(version)
	return found, version != "" && found.kind != ""
}

// plainKey splits a line that begins with a key of letters and a colon. The value is without the blanks around it.
func plainKey(line string) (key, value string, ok bool) {
	end := 0
	for end < len(line) && isLetter(line[end]) {
		end++
	}
	if end == 0 || end == len(line) || line[end] != ':' {
		return "", "", false
	}
	value = line[end+1:]
	return line[:end], strings.Trim(value, " "), value == "" || value[0] == ' '
}

// isWord reports whether a text is a plain scalar of one word.
func isWord(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && (c < '0' || '9' < c) && (i == 0 || c != '.' && c != '/' && c != '-') {
			return false
		}
	}
	return text != ""
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// hasOtherBreaks reports whether a text has line breaks of YAML 1.1 other than LF and CR LF.
func hasOtherBreaks(text string) bool {
	if strings.Contains(text, "\u0085") || strings.Contains(text, "\u2028") || strings.Contains(text, "\u2029") {
		return true
	}
	for {
		at := strings.IndexByte(text, '\r')
		if at < 0 {
			return false
		}
		if !strings.HasPrefix(text[at+1:], "\n") {
			return true
		}
		text = text[at+2:]
	}
}
