package source

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// cellOf returns a file whose text is strings of JSON with a space in between, and a cell of them all.
func cellOf(t testing.TB, literals ...string) (*File, *Cell) {
	t.Helper()
	f := Decode("a.ipynb", []byte(strings.Join(literals, " ")))
	c := &Cell{Number: 3}
	at := 0
	for _, literal := range literals {
		c.Append(f, at, at+len(literal))
		at += len(literal) + 1
	}
	f.SetCells([]*Cell{c})
	return f, c
}

func TestCellPositions(t *testing.T) {
	f, c := cellOf(t, `"a = \"\u00e9\ud83d\ude00\"\n"`, `"\tb\\\/é\r\n"`, `""`, `"c"`)
	const want = "a = \"é😀\"\n\tb\\/é\r\nc"
	if string(c.Text) != want {
		t.Fatalf("text %q, want %q", c.Text, want)
	}
	tests := []struct {
		text         string // in the cell
		in           string // in the file
		line, column int
	}{
		{"a", "a", 1, 1},
		{`"é`, `\"\u00e9`, 1, 5},
		{"😀", `\ud83d\ude00`, 1, 7},
		{`"` + "\n", `\"\n`, 1, 8},
		{"\tb", `\tb`, 2, 1},
		{`\/`, `\\\/`, 2, 3},
		{"é\r", `é\r`, 2, 5},
		{"c", "c", 3, 1},
	}
	for _, test := range tests {
		start := strings.Index(want, test.text)
		from, to := c.Span(start, start+len(test.text))
		if got := string(f.Text[from:to]); got != test.in {
			t.Errorf("%q stands in the file as %q, want %q", test.text, got, test.in)
		}
		cell, at := f.Cell(from)
		if cell != c || at.Line != test.line || at.Column != test.column || at.Offset != start {
			t.Errorf("%q is at %+v, want line %d, column %d", test.text, at, test.line, test.column)
		}
		if got := f.Content(from, to); got != test.text {
			t.Errorf("%q says %q, want %q", test.in, got, test.text)
		}
	}
}

// A cell without a text is between two others.
func TestEmptyCell(t *testing.T) {
	f := Decode("a.ipynb", []byte(`"ab" "" "cd" ""`))
	cells := []*Cell{{Number: 1}, {Number: 2}, {Number: 3}, {Number: 4}}
	for i, at := range []int{0, 5, 8, 13} {
		cells[i].Append(f, at, at+4-2*(i%2))
	}
	f.SetCells(cells)
	for offset, want := range map[int]int{1: 1, 2: 1, 9: 3, 10: 3} {
		if cell, _ := f.Cell(offset); cell == nil || cell.Number != want {
			t.Errorf("offset %d is in %+v, want cell %d", offset, cell, want)
		}
	}
}

func TestNoCell(t *testing.T) {
	f, _ := cellOf(t, `"a"`)
	if cell, _ := f.Cell(0); cell != nil {
		t.Error("the quotation mark before the text is in the cell")
	}
	if cell, _ := Parse("a.yaml", []byte("a: b")).Cell(0); cell != nil {
		t.Error("YAML has cells")
	}
	var none *File
	if cell, _ := none.Cell(0); cell != nil {
		t.Error("no file has cells")
	}
}

// FuzzCell checks that the text of a cell is what the string says, and that positions lead back.
func FuzzCell(f *testing.F) {
	for _, seed := range []string{"", "a", "é\n\t\"\\", "😀\u2028\x7f", "a\r\nb"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, ascii bool) {
		if !utf8.ValidString(text) {
			return
		}
		literal, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		if ascii {
			literal = []byte(asciiOnly(string(literal)))
		}
		file, c := cellOf(t, string(literal))
		if string(c.Text) != text {
			t.Fatalf("%s is read as %q", literal, c.Text)
		}
		for at := range text {
			from, to := c.Span(at, at+1)
			if from < 1 || to <= from || to >= len(file.Text) {
				t.Fatalf("%d of %q is at %d to %d", at, text, from, to)
			}
			if cell, back := file.Cell(from); cell != c || back.Offset != at {
				t.Fatalf("%d of %q is at %d, which is %+v", at, text, from, back)
			}
		}
	})
}

// asciiOnly escapes all characters that are not ASCII.
func asciiOnly(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			escaped.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			escaped.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				escaped.WriteByte("0123456789abcdef"[unit>>shift&0xF])
			}
		}
	}
	return escaped.String()
}
