package waiver

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// textOf returns a text that is all of a file.
func textOf(content string) Text {
	file := source.Parse("waiver", []byte(content))
	return Text{Content: content, File: file, End: len(content)}
}

// lines returns mistakes as COLUMN-COLUMN: message.
func lines(mistakes []Mistake) []string {
	var lines []string
	for _, m := range mistakes {
		lines = append(lines, fmt.Sprintf("%d-%d: %s", m.Span.Start.Column, m.Span.End.Column, m.Message))
	}
	return lines
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		text string
		want string // the waiver in its grammar, or the mistakes
	}{
		{`memory reason="moves in May"`, `memory reason="moves in May"`},
		{`memory,fpga until=2027-01-31 reason="moves in May" owner=ml-platform ticket=OPS-12`, `memory,fpga until=2027-01-31 reason="moves in May" owner=ml-platform ticket=OPS-12`},
		{`ticket=OPS-12 memory`, `15-21: unexpected word "memory"`},
		{`memory, fpga ,designer reason=legacy`, `memory,fpga,designer reason="legacy"`},
		{"memory\n  until=2027-01-31\n  reason=\"moves\n  in May\"\n", `memory until=2027-01-31 reason="moves in May"`},
		{`memory,memory reason="old model"`, `memory reason="old model"`},
		{`memory reason="a \"hot\" path, C:\\x" owner="ML Platform"`, `memory reason="a \"hot\" path, C:\\x" owner="ML Platform"`},
		{`memory reason="until=never is fine"`, `memory reason="until=never is fine"`},
		{`memory reason=模型`, `memory reason="模型"`},

		{``, "1-1: a waiver must name its rules"},
		{`reason="old model"`, "1-19: a waiver must name its rules"},
		{`memory`, "1-7: a waiver needs a reason"},
		{`* reason="old model"`, `1-2: a waiver must name its rules: "*" is not a rule`},
		{`all,memory reason="old model"`, `1-4: a waiver must name its rules: "all" is not a rule`},
		{`memory reason="123 --"`, `15-23: the reason "123 --" has no word`},
		{`memory reason="xx xx"`, `15-22: the reason "xx xx" has no word`},
		{`memory reason=""`, "8-17: reason is empty"},
		{`memory reason=old model`, `19-24: unexpected word "model"`},
		{`memory fpga reason="old model"`, `8-12: unexpected word "fpga"`},
		{`memory reason="old model`, "15-25: a double quote is never closed"},
		{`memory untill=2027-01-31 reason="old model"`, `8-14: unknown key "untill": did you mean "until"?`},
		{`memory reason="old model" reason="new model"`, `27-33: duplicate key "reason"`},
		{`memory until=2027-02-30 reason="old model"`, `14-24: invalid day "2027-02-30": write 2027-02-28`},
		{`memory until=31.01.2027 reason="old model"`, `14-24: invalid day "31.01.2027": write 2027-01-31`},
		{`memory until=2027/1/5 reason="old model"`, `14-22: invalid day "2027/1/5": write 2027-01-05`},
		{`memory until=20270131 reason="old model"`, `14-22: invalid day "20270131": write 2027-01-31`},
		{`memory until=2027-01-31T10:00:00Z reason="old model"`, `14-34: invalid day "2027-01-31T10:00:00Z": write 2027-01-31`},
		{`memory until=01/02/2027 reason="old model"`, `14-24: invalid day "01/02/2027": write year, month and day, such as 2027-01-31`},
		{`memory until=tomorrow reason="old model"`, `14-22: invalid day "tomorrow": write year, month and day, such as 2027-01-31`},
		{`memory until="" reason="old model"`, "8-16: until is empty"},
	} {
		waiver, mistakes := Parse(textOf(test.text))
		got := strings.Join(lines(mistakes), "\n")
		if waiver != nil {
			got = waiver.String()
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant:\n%s", test.text, got, test.want)
		}
		for _, mistake := range mistakes {
			if mistake.Remedy == "" || mistake.File == nil {
				t.Errorf("%s: no way out: %+v", test.text, mistake)
			}
		}
	}
}

// A part of an escaped string is located where its text occurs once.
func TestMistakesAreLocatedInStrings(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{`x: 'memory until=31.01.2027 reason="old model"'`, "31.01.2027"},
		{`{"x": "memory until=31.01.2027 reason=\"old model\""}`, "31.01.2027"},
		{"x: >\n  memory\n  until=31.01.2027 reason=\"old model\"\n", "31.01.2027"},
		{"x: 'it''s until=31 31'", `'it''s until=31 31'`},
	} {
		file := source.Parse("x", []byte(test.file))
		_, mistakes := Parse(TextOf(file.Documents[0].Root.Get("x")))
		if len(mistakes) == 0 {
			t.Fatalf("%s: no mistake", test.file)
		}
		at := mistakes[0].Span
		if got := test.file[at.Start.Offset:at.End.Offset]; got != test.want {
			t.Errorf("%s: at %q, want %q", test.file, got, test.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`memory,fpga until=2027-01-31 reason="moves in \"May\"" owner="a b" ticket=OPS-12`, `* reason=`, `a,,b reason="\\`, "a\u2028b=\"c",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		text := textOf(content)
		text.Content = string(text.File.Text) // without marks of order
		text.End = len(text.Content)
		if len(text.File.Problems) > 0 && !strings.EqualFold(text.Content, content) {
			return
		}
		waiver, mistakes := Parse(text)
		if (waiver == nil) != (len(mistakes) > 0) {
			t.Fatalf("a waiver %v with mistakes %v", waiver, mistakes)
		}
		for _, mistake := range mistakes {
			if mistake.Span.Start.Offset > mistake.Span.End.Offset || mistake.Message == "" || mistake.Remedy == "" {
				t.Errorf("mistake %+v", mistake)
			}
		}
		if waiver == nil {
			return
		}
		again, mistakes := Parse(textOf(waiver.String()))
		if again == nil {
			t.Fatalf("%s: %v", waiver, lines(mistakes))
		}
		if !reflect.DeepEqual(waiver.IDs(), again.IDs()) || waiver.String() != again.String() {
			t.Errorf("%s, read again: %s", waiver, again)
		}
	})
}
