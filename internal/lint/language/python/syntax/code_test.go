package syntax

import (
	"slices"
	"strings"
	"testing"
)

// statements returns the statements of a program, without what stands between their tokens, behind the kinds of the blocks
// that they are in.
func statements(t *testing.T, text string, interactive bool) []string {
	t.Helper()
	c := New(text)
	if broken := c.Read(Span{0, len(text)}, interactive); broken != nil {
		t.Fatalf("%q: %d: %s", text, broken.At, broken.Message)
	}
	var all []string
	for _, s := range c.Statements {
		var words []string
		for i := s.From; i < s.To; i++ {
			words = append(words, c.Word(i))
		}
		kinds := ""
		for block := s.Block; block > 0; block = c.Blocks[block].Parent {
			kinds = string("mfclbp"[c.Blocks[block].Kind]) + kinds
		}
		all = append(all, kinds+":"+strings.Join(words, " "))
	}
	return all
}

func TestStatements(t *testing.T) {
	for _, c := range []struct {
		text        string
		interactive bool
		want        []string
	}{
		{"x=1; y = (\n 2)", false, []string{":x = 1", ":y = ( 2 )"}},
		{"if a:\n\tx\n        y\nelse: z; w\nv", false, []string{":if a", "b:x", "b:y", ":else", "b:z", "b:w", ":v"}},
		{"class A:\n  def f(x: int):\n    for i in x:\n      pass\n  y", false, []string{":class A", "c:def f ( x : int )", "cf:for i in x", "cfl:pass", "c:y"}},
		{"with a as b, \\\r\n c:\r\n  x\r\n# c\r\ny", false, []string{":with a as b , c", "p:x", ":y"}},
		{"match = 1\nmatch x:\n case 'a': y", false, []string{":match = 1", ":match x", "b:case 'a'", "bb:y"}},
		{"match x:\n case [a, *_] if b:\n  y; z\n case _: case = 2\ncase[x]: int = 3", false, []string{":match x", "b:case [ a , * _ ] if b", "bb:y", "bb:z", "b:case _", "bb:case = 2", ":case [ x ] : int = 3"}},
		{"f = lambda a, b=[1]: a\n", false, []string{":f = lambda a , b = [ 1 ] : a"}},
		{"a = !ls\n%matplotlib inline\n%time x = 1\nb?\ny", true, []string{":a = !ls\n", ":x = 1", ":y"}},
		{"x = f'{a!r:>{w}} {b[\"c\"]}' rb'd'\f", false, []string{`:x = f'{a!r:>{w}} {b["c"]}' rb'd'`}},
		{"", false, nil},
	} {
		if got := statements(t, c.text, c.interactive); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, not %q", c.text, got, c.want)
		}
	}
}

func TestReadRejects(t *testing.T) {
	for text, at := range map[string]int{
		"print 'x'":              6,
		"x = (1":                 4,
		"x = 1)":                 5,
		"x = (1]":                6,
		"x = 'a":                 4,
		"if x\n  y":              7,
		"if x; y":                0,
		"if x:\ny":               6,
		"x\n  y":                 4,
		"if x:\n    y\n  z":      14,
		"raise A, b":             0,
		"try: x\nexcept A, e: y": 7,
		"x = ":                   2,
		"x = 1 $":                6,
		"x = 0x":                 4,
		"{{x.y}} = 1":            0,
		"f({{ x }})":             2,
		"x = \ufb01":             4,
		"!ls":                    0,
	} {
		c := New("first\n" + text)
		if broken := c.Read(Span{0, len("first\n")}, false); broken != nil {
			t.Fatal(broken)
		}
		broken := c.Read(Span{len("first\n"), len(c.Text)}, false)
		switch {
		case broken == nil:
			t.Errorf("%q is accepted", text)
		case broken.At != len("first\n")+at || broken.Message == "":
			t.Errorf("%q is rejected at %d: %q", text, broken.At-len("first\n"), broken.Message)
		}
		if len(c.Tokens) != 1 || len(c.Statements) != 1 || len(c.Blocks) != 1 {
			t.Errorf("%q leaves %d tokens, %d statements, %d blocks", text, len(c.Tokens), len(c.Statements), len(c.Blocks))
		}
	}
}

func TestOthers(t *testing.T) {
	const text = "x\n%run a.py\n%store -r\n%matplotlib\ny"
	c := New(text)
	if broken := c.Read(Span{0, len(text)}, true); broken != nil || !slices.Equal(c.Others, []Other{{1, "%run a.py\n"}, {1, "%store -r\n"}}) {
		t.Errorf("%v, %v", c.Others, broken)
	}
}

func TestUnquote(t *testing.T) {
	for written, want := range map[string]string{
		`'a'`: "a", `u"a"`: "a", `R'\n'`: `\n`, `'\n\x41\101\u00e9\q'`: "\nAA\u00e9\\q", "'''a\r\nb'''": "a\nb", "'a\\\nb'": "ab", `''`: "",
	} {
		if got, ok := Unquote(written); !ok || got != want {
			t.Errorf("%s: %q, %v", written, got, ok)
		}
	}
	for _, written := range []string{`f'a'`, `b'a'`, `'\N{DASH}'`, `'\ud800'`, `'\x4'`} {
		if got, ok := Unquote(written); ok {
			t.Errorf("%s: %q", written, got)
		}
	}
}

func TestNumeral(t *testing.T) {
	for written, want := range map[string]string{"1_000": "1000", "0xFF": "255", "0o17": "15", "0b1": "1", "1.50": "1.5", "1e3": "1000", "00": "0"} {
		if got, ok := Numeral(written); !ok || got != want {
			t.Errorf("%s: %q, %v", written, got, ok)
		}
	}
	for _, written := range []string{"1j", strings.Repeat("9", 65)} {
		if got, ok := Numeral(written); ok {
			t.Errorf("%s: %q", written, got)
		}
	}
}

// FuzzCode checks that any text is read without a panic, that its tokens are in order, that brackets match, and that statements are in
// their blocks.
func FuzzCode(f *testing.F) {
	for _, text := range []string{
		"", "x = 1", "if a:\n\tb\n        c\nelse: d", "f(a, [b, {c: d}], *e)\n", "x = f'{a!r:>{w}}' rb'\\'' '''\n'''", "%time x = !ls\ny?\n!ls\\\n a",
		"class A:\n def f(x): pass", "match x:\n case 1: y", "é = 0x1_f + .5e-3j", "a = \\\r\n b\r\n",
	} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, interactive bool) {
		c := New(text)
		if broken := c.Read(Span{0, len(text)}, interactive); broken != nil {
			if broken.At < 0 || broken.At > len(text) || len(c.Tokens) > 0 || len(c.Statements) > 0 || len(c.Blocks) != 1 {
				t.Fatalf("%+v of %d bytes leaves %d tokens", broken, len(text), len(c.Tokens))
			}
			return
		}
		end := 0
		for i, token := range c.Tokens {
			if token.Start < end || token.End <= token.Start || token.End > len(text) {
				t.Fatalf("token %d is at %+v", i, token)
			}
			end = token.End
			if c.Opens(i) && c.Tokens[token.Match].Match != i {
				t.Fatalf("token %d matches %d, which matches %d", i, token.Match, c.Tokens[token.Match].Match)
			}
		}
		for i, s := range c.Statements {
			block := c.Blocks[s.Block]
			if s.From > s.To || s.From < block.From || s.To > block.To || i > 0 && s.From < c.Statements[i-1].To {
				t.Fatalf("statement %d is at %+v of %+v", i, s, block)
			}
		}
	})
}

// TestTooManyTokens checks that what follows a stretch with too many tokens is not read: each one would copy all tokens.
func TestTooManyTokens(t *testing.T) {
	many, few := strings.Repeat("x\n", maxTokens+2), "y = 1\n"
	c := New(few + many + few)
	if broken := c.Read(Span{0, len(few)}, false); broken != nil {
		t.Fatal(broken.Message)
	}
	before := len(c.Tokens)
	for _, at := range []Span{{len(few), len(few + many)}, {len(few + many), len(few + many + few)}} {
		broken := c.Read(at, false)
		if broken == nil || broken.Message != tooMany(0).Message || len(c.Tokens) != before {
			t.Errorf("%v: %v with %d tokens, want too many and %d tokens", at, broken, len(c.Tokens), before)
		}
	}
}
