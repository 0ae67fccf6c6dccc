package source

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// TestPlainGenerated reads YAML that is put together from parts. Unlike mutations of files, most of it is well formed and
// has unusual parts beside each other.
func TestPlainGenerated(t *testing.T) {
	step := sweep.Step(t, 10)
	for seed := 0; seed < 200_000; seed += step {
		data := generatedYAML(uint64(seed))
		if checkPlain(t, data); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzPlainGenerated is the same with random seeds.
func FuzzPlainGenerated(f *testing.F) {
	f.Add(uint64(0))
	f.Fuzz(func(t *testing.T, seed uint64) { checkPlain(t, generatedYAML(seed)) })
}

func generatedYAML(seed uint64) []byte {
	g := generator{random: rand.New(rand.NewPCG(seed, 13))}
	g.calm = []int{1, 4, 30}[g.random.IntN(3)]
	for range 1 + g.random.IntN(3) {
		switch {
		case g.random.IntN(4) == 0:
			g.write("items:", g.lineEnd())
			calm := g.calm
			g.calm = g.random.IntN(calm) + 1
			g.sequence(2*g.random.IntN(2), 3)
			g.calm = calm
		case g.odd(6):
			g.write(g.one("---", "--- # c", "---\t", "--- ", "--- |", "--- x", "...", "# c\n---", "%YAML 1.1\n---"), "\n")
		default:
			g.block(0, 4)
		}
	}
	text := g.text.String()
	for g.odd(3) {
		text = g.mutated(text)
	}
	if g.random.IntN(12) == 0 {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return []byte(text)
}

type generator struct {
	random *rand.Rand
	text   strings.Builder
	calm   int // the larger, the fewer parts are unusual
}

func (g *generator) write(parts ...string) {
	for _, part := range parts {
		g.text.WriteString(part)
	}
}

func (g *generator) one(parts ...string) string { return parts[g.random.IntN(len(parts))] }

// odd reports true once in n calls, or more seldom in a calm text.
func (g *generator) odd(n int) bool { return g.random.IntN(n*g.calm) == 0 }

// rarely returns part for what is odd, else other.
func (g *generator) rarely(n int, part, other string) string {
	if g.odd(n) {
		return part
	}
	return other
}

func (g *generator) block(indent, depth int) {
	if g.random.IntN(3) == 0 {
		g.sequence(indent, depth)
	} else {
		g.mapping(indent, depth)
	}
}

func (g *generator) mapping(indent, depth int) {
	for i := range 1 + g.random.IntN(4) {
		if i > 0 || g.random.IntN(8) == 0 {
			g.blankLines()
		}
		g.write(g.indentation(indent), g.key(), g.rarely(12, g.one(" ", "\t", "  "), ""), ":")
		g.value(indent, depth, true)
	}
}

func (g *generator) sequence(indent, depth int) {
	for range 1 + g.random.IntN(4) {
		g.blankLines()
		g.write(g.indentation(indent), "-")
		g.value(indent, depth, false)
	}
}

// value writes a value behind the colon of a key or a dash, and the end of its line.
func (g *generator) value(indent, depth int, ofKey bool) {
	kind := g.random.IntN(14)
	switch {
	case depth == 0 || kind < 5:
		g.write(g.gap(), g.scalar(indent), g.lineEnd())
	case kind < 8:
		g.write(g.lineEnd())
		deeper := indent + 1 + g.random.IntN(3)
		if ofKey && g.random.IntN(3) == 0 {
			g.sequence(indent, depth-1)
		} else {
			g.block(deeper, depth-1)
		}
	case kind < 9 && !ofKey:
		gap := g.random.IntN(3)
		g.write(strings.Repeat(" ", 1+gap))
		start := g.text.Len()
		g.block(indent+2+gap, depth-1)
		// The first token follows the dash.
		written := g.text.String()
		g.text.Reset()
		g.write(written[:start], strings.TrimLeft(written[start:], " "))
	case kind < 10:
		g.write(g.gap(), g.flow(depth-1, indent), g.lineEnd())
	case kind < 11:
		g.write(g.lineEnd(), g.indentation(indent+1+g.random.IntN(3)), g.scalar(indent), g.lineEnd())
	case kind < 13:
		g.literal(indent)
	default:
		g.write(g.lineEnd())
	}
}

func (g *generator) gap() string { return g.rarely(10, g.one("", "\t", "  ", " \t"), " ") }

func (g *generator) lineEnd() string {
	switch {
	case g.random.IntN(12) == 0:
		return g.one(" # c\n", " \n")
	case g.odd(12):
		return g.one("\t\n", " \t # c: d\n", "  #\n", "# c\n", " # \"\n", "", "\r", "\r\n", "\u0085", "\u2028", "\n\n")
	}
	return "\n"
}

func (g *generator) blankLines() {
	switch {
	case g.random.IntN(14) == 0:
		g.write(g.one("\n", "\n\n", "  \n", "# c\n", "      # c\n", " # c\n\n"))
	case g.odd(14):
		g.write(g.one("\t\n", " \t\n", "\t# c\n"))
	}
}

func (g *generator) indentation(n int) string {
	if g.odd(40) {
		n += g.random.IntN(5) - 2
	}
	return strings.Repeat(" ", max(n, 0))
}

func (g *generator) key() string {
	return g.one("a", "b", "kind", "a b", "é", "\"q\"", "'s'", "\"a\\tb\"", "1", "true", "~", "a/b.c", "x-y", "items", "a#b", "a:b",
		"日本", g.rarely(4, g.one("<<", "? a", "[x]", "{x: y}", "", "a\n b", "\"a\n b\"", "!t a", "&x a", "*x ", "-", ":a", "?b", "=", "'<<'", "a ", "- a",
			strings.Repeat("k", 990+g.random.IntN(50))), "c"))
}

// scalar writes a plain or quoted scalar.
func (g *generator) scalar(indent int) string {
	switch kind := g.random.IntN(8); {
	case kind == 0:
		return "\"" + g.words(indent, true) + "\""
	case kind == 1:
		return "'" + strings.NewReplacer("'", "''", "\"", "").Replace(g.words(indent, false)) + "'"
	case kind == 2:
		return g.one("1", "0x1F", "1.5", "true", "no", "~", "null", "2018-01-01", "-1", ".5", ".inf", "1_0", "0o7", "+1", "<<", "=", "y")
	case g.odd(8):
		return g.one("*x", "&x a", "!t a", "!!str 1", "&x", "! a", "@a", "`a", "%a", "-", "- a", "?", ": a", ":a", "-a", "?a", "#a", ",a", "]", "}", "{{ x }}", "a: b",
			"a:", "a : b", "{a:{b: c}}", "[a]: b", "\"a\": b", "\"a\"b", "'a' 'b'", "|", "\"\\q\"", "\"\\x4", "\"a", "'a")
	}
	return g.words(indent, false)
}

func (g *generator) words(indent int, escapes bool) string {
	var text strings.Builder
	for i := range 1 + g.random.IntN(4) {
		if i > 0 {
			text.WriteString(g.rarely(6, g.one("  ", "\t", " \t ", g.fold(indent), g.fold(indent), g.fold(indent), " "), " "))
		}
		text.WriteString(g.one("a", "b1", "x:y", "http://h/p?q=1", "a#b", "é", "日", "c,d", "[e", "f]", "g{", "'h'", "i-", "--j", "k'", "...", "---", "~", "\u00a0",
			g.rarely(6, g.one("#", "# l", ":", "m: n", "\u0085", "\u2028", "\ufeff", "\x01", "\x7f", "\r", "%o", "&p", "*q", "!r", "| s", "- t", "?", "\U0001F680"), "u")))
		if escapes && g.random.IntN(2) == 0 {
			text.WriteString(g.one("\\n", "\\t", "\\\"", "\\\\", "\\u00e9", "\\x41", "\\0", "\\e", "\\ ", "\\\n"+strings.Repeat(" ", indent+1), " \\\n",
				g.rarely(4, g.one("\\/", "\\q", "\\ud83d\\ude00", "\\U0001F680", "\\N", "\\_", "\\L", "\\P", "\\'", "\\\t", "\\\r\n", "\\uD800", "\\"), "\\r")))
		}
	}
	return text.String()
}

// fold returns a line break within a scalar.
func (g *generator) fold(indent int) string {
	return g.one("\n", "\n\n", " \n", "\n \n", "\t\n", "\n\n\n") +
		g.rarely(8, g.one("", "\t", " \t", "# c\n ", strings.Repeat(" ", indent), "- "), strings.Repeat(" ", indent+1+g.random.IntN(4)))
}

func (g *generator) literal(indent int) {
	g.write(g.gap(), g.one("|", ">"), g.one("", "", "", "-", "+", "2", g.rarely(3, g.one("1-", "+3", "0", "--", "12"), "")), g.lineEnd())
	deeper := indent + 1 + g.random.IntN(3)
	for range g.random.IntN(5) {
		switch g.random.IntN(9) {
		case 0:
			g.write(g.one("\n", " \n", strings.Repeat(" ", deeper)+"\n", g.rarely(4, g.one(strings.Repeat(" ", deeper+2)+"\n", "\t\n", "# c\n"), "")))
		case 1:
			g.write(strings.Repeat(" ", deeper), g.one(" more", "\ttab", "# no comment", "a: b", "- c", "é \t", "---", g.rarely(3, g.one("\u0085", "x\r"), "")), g.rarely(6, "", "\n"))
		default:
			g.write(g.indentation(deeper), g.one("a", "b c", "d  ", "e: f"), "\n")
		}
	}
}

func (g *generator) flow(depth, indent int) string {
	var text strings.Builder
	pairs := g.random.IntN(2) == 0
	text.WriteString(map[bool]string{true: "{", false: "["}[pairs])
	n := g.random.IntN(4)
	for i := range n {
		text.WriteString(g.flowGap(indent))
		if pairs {
			text.WriteString(g.one("a", "\"b\"", "'c'", "d e", "1", "é", "f:g", g.rarely(5, g.one("<<", "[x]", "", "? h", "*x", "a\n b", "\"a\nb\"", ":", "-", "a#b"), "i")))
			text.WriteString(g.rarely(8, g.one(":", "", " :", " : ", "\n:", ":\n "), ": "))
		}
		switch {
		case depth > 0 && g.random.IntN(4) == 0:
			text.WriteString(g.flow(depth-1, indent))
		case g.odd(8):
			text.WriteString(g.one("", "a: b", "*x", "&x a", "!t a", "\"a\":b", "- a", "?", "a?b", "a[b", "|", "#a", "a #b", "a # b\n", "-", "a\n  b", "a:", "a:b", ": a", "~", "%", "'a'\n", "@"))
		default:
			text.WriteString(g.one("a", "1", "true", "\"b, c\"", "'d'", "e f", "x:y", "http://h", "日", "-1", "\"\\n\"", "a-b", "'it''s'"))
		}
		text.WriteString(g.flowGap(indent))
		if i+1 < n || g.random.IntN(4) == 0 {
			text.WriteString(g.rarely(20, g.one("", ",,", " "), ","))
		}
	}
	text.WriteString(g.flowGap(indent))
	text.WriteString(g.rarely(30, g.one("", "]", "}"), map[bool]string{true: "}", false: "]"}[pairs]))
	return text.String()
}

func (g *generator) flowGap(indent int) string {
	if g.random.IntN(6) == 0 {
		return g.one("\n ", " # c\n ", "\n"+strings.Repeat(" ", indent+2))
	}
	return g.rarely(6, g.one("\n", "\n"+strings.Repeat(" ", indent+2), " # c\n", "#c\n", "\t", "\n\t", "\n \t", "\n# c\n", "\n\n ", "\r\n"), g.one("", "", " "))
}

// mutated moves a line, inserts a sign or removes some bytes.
func (g *generator) mutated(text string) string {
	at := g.random.IntN(len(text) + 1)
	switch g.random.IntN(4) {
	case 0:
		return text[:at] + g.one(" ", "  ", "\n", "\t", "- ", ": ", ":", "#", " #", "\"", "'", ",", "[", "]", "{", "}", "|", ">", "? ", "&a", "*a", "!", "\\", "\r", "...\n", "---\n",
			"a", "\u0085", "é", "- - ", "\n\n", "%", "\ufeff", "<<: ", "?", "\n ", ".") + text[at:]
	case 1:
		return text[:at] + text[min(at+1+g.random.IntN(4), len(text)):]
	case 2: // indentation of the next line
		if next := strings.IndexByte(text[at:], '\n'); next >= 0 {
			at += next + 1
			if g.random.IntN(2) == 0 {
				return text[:at] + " " + text[at:]
			}
			return text[:at] + strings.TrimPrefix(text[at:], " ")
		}
		return text
	}
	return text[:at]
}
