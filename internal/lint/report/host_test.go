package report

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// through passes texts on in a Write each.
func through(t *testing.T, texts ...string) string {
	t.Helper()
	var written strings.Builder
	host := NewHostWriter(&written)
	for _, text := range texts {
		if n, err := io.WriteString(host, text); n != len(text) || err != nil {
			t.Fatalf("Write of %q: %d, %v", text, n, err)
		}
	}
	if err := host.Flush(); err != nil {
		t.Fatal(err)
	}
	return written.String()
}

func TestHostWriter(t *testing.T) {
	tests := []struct{ text, want string }{
		{"##vso[task.setvariable variable=a]b", `\u0023#vso[task.setvariable variable=a]b`},
		{"name ##[add-matcher]m.json\n", `name \u0023#[add-matcher]m.json` + "\n"},
		{"##teamcity[x] ##VSO[x] ##é[x]", `\u0023#teamcity[x] \u0023#VSO[x] \u0023#é[x]`},
		{"###[x] ####vso[x]", `#\u0023#[x] ##\u0023#vso[x]`},
		{"##v##vso[x]", `##v\u0023#vso[x]`},
		{"## [x] ##v1[x] #[x] #v[x] ##", "## [x] ##v1[x] #[x] #v[x] ##"},
		{"::add-mask::a", `\u003a:add-mask::a`},
		{"a\n \t::debug::a", "a\n \t" + `\u003a:debug::a`},
		{"a\r::b\v::c\f::d\u0085::e\u2028::f\u2029::g", "a\r" + `\u003a:b` + "\v" + `\u003a:c` + "\f" + `\u003a:d` + "\u0085" + `\u003a:e` + "\u2028" + `\u003a:f` + "\u2029" + `\u003a:g`},
		{"\ufeff\u00a0\u200b\x00::a", "\ufeff\u00a0\u200b\x00" + `\u003a:a`},
		{":::a", `\u003a::a`},
		{"a::b\na: ::c\n: ::d\n:\n:", "a::b\na: ::c\n: ::d\n:\n:"},
		{"\xff::a\n\xc2", "\xff::a\n\xc2"},
		{"", ""},
	}
	for _, test := range tests {
		if got := through(t, test.text); got != test.want {
			t.Errorf("%q\n got %q\nwant %q", test.text, got, test.want)
		}
		if got := through(t, strings.Split(test.text, "")...); got != test.want {
			t.Errorf("%q, a character at a time\n got %q\nwant %q", test.text, got, test.want)
		}
		bytes := make([]string, len(test.text))
		for i := range bytes {
			bytes[i] = test.text[i : i+1]
		}
		if got := through(t, bytes...); got != test.want {
			t.Errorf("%q, a byte at a time\n got %q\nwant %q", test.text, got, test.want)
		}
	}
}

func TestInert(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ä 日本 a::b": "plain, ä 日本 a::b", "a\nb\r\t": `a\nb\r\t`, "\x1b[31m": `\x1b[31m`, "\u202e": `\u202e`, "a\xff": "a\ufffd", "\x00": `\x00`,
		"x##[a]": `x\u0023#[a]`, "\n##vso[a.b]": `\n\u0023#vso[a.b]`, " ::a::b": ` \u003a:a::b`, "###[": `#\u0023#[`, "##": "##", ":": ":", "": "",
	} {
		got := Inert(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if again := Inert(got); again != got {
			t.Errorf("%q, escaped again: %q", got, again)
		}
	}
}

// What does not start a sequence is written at once.
func TestHostWriterDoesNotWaitForTheEnd(t *testing.T) {
	var written strings.Builder
	host := NewHostWriter(&written)
	for _, text := range []string{"\r\x1b[K12 files", "a: b", "# heading "} {
		io.WriteString(host, text)
		if !strings.HasSuffix(written.String(), text) {
			t.Errorf("after a Write of %q: %q", text, written.String())
		}
	}
}

func TestHostWriterReportsErrors(t *testing.T) {
	host := NewHostWriter(broken{})
	if n, err := io.WriteString(host, "a"); n != 0 || err == nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	host = NewHostWriter(broken{})
	if _, err := io.WriteString(host, "##"); err != nil {
		t.Errorf("Write of what is held back: %v", err)
	}
	if err := host.Flush(); err == nil {
		t.Error("Flush has no error")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// However a text is split, what comes out is the same, is no command, and in JSON and YAML has the
// same value.
func FuzzHostWriter(f *testing.F) {
	for _, seed := range []string{
		"##vso[task.setvariable variable=PATH]/tmp", "a##[add-matcher]m.json", "::add-mask::x", "\n ::x", "\r::x\f::y\u2028::z",
		"###teamcity[", "##aaa##vso[x.y]", "\u0085::set-env name=A::b", "\\##[debug]", "\\\\::x", "\ufeff::x", "#\u00ad#[x]", "\U000e0001::x",
	} {
		f.Add(seed, uint16(1), uint16(3))
	}
	f.Fuzz(func(t *testing.T, text string, first, second uint16) {
		whole := through(t, text)
		for _, found := range hosttest.Commands(whole) {
			t.Errorf("%q from %q: %s", whole, text, found)
		}
		cut := min(int(first), len(text))
		again := min(cut+int(second), len(text))
		if split := through(t, text[:cut], text[cut:again], text[again:]); split != whole {
			t.Errorf("%q in one Write: %q, in three: %q", text, whole, split)
		}
		valid := strings.ToValidUTF8(text, "?")
		var document strings.Builder
		if err := EncodeJSON(&document, map[string]string{valid: valid}); err != nil {
			t.Fatal(err)
		}
		escaped := through(t, document.String())
		for _, found := range hosttest.Commands(escaped) {
			t.Errorf("%s: %s", escaped, found)
		}
		var decoded map[string]string
		if err := json.Unmarshal([]byte(escaped), &decoded); err != nil || decoded[valid] != valid {
			t.Errorf("%s: %v, decoded as %q", escaped, err, decoded)
		}
		line := through(t, "key: "+Quote(valid)+"  # comment\n")
		var read map[string]string
		if err := yaml.Unmarshal([]byte(line), &read); err != nil || read["key"] != valid {
			t.Errorf("%s: %v, read as %q", line, err, read)
		}
	})
}

// The mark stands under the value as it is shown.
func TestCutMakesRoomForEscapes(t *testing.T) {
	tests := []struct {
		line, value   string
		before, width int
	}{
		{"{name: ##vso[a.b], memory: 64Gi}", "64Gi", 27 + hostWidening, 4},
		{"memory: ##[x]", "##[x]", 8, 5 + hostWidening},
		{"memory: 64Gi # ##[x]", "64Gi", 8, 4},
	}
	for _, test := range tests {
		start := strings.Index(test.line, test.value)
		span := source.Span{Start: source.Position{Offset: start}, End: source.Position{Offset: start + len(test.value)}}
		if got := cut([]byte(test.line), span, 200); got.before != test.before || got.value != test.width {
			t.Errorf("%s: %d before %d, want %d before %d", test.line, got.before, got.value, test.before, test.width)
		}
	}
}
