package waiver

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	known := []string{"memory", "fpga", "designer", "syntax"}
	const full = `memory,fpga until=2027-01-31 reason="moves in May" owner=ml ticket=T-1`
	for _, test := range []struct {
		text     string
		settings Settings
		inFile   bool
		rules    string
		want     string
	}{
		{full, Settings{}, true, "memory,fpga", ""},
		{`memory,fpgaa reason="old model"`, Settings{}, true, "memory", `8-13: unknown rule "fpgaa": did you mean "fpga"?`},
		{`memory,waiver reason="old model"`, Settings{}, true, "memory", "8-14: findings of rule waiver cannot be waived"},
		{`memory reason="old model"`, Settings{Require: []string{"until"}}, true, "", "1-26: a waiver needs until here (waiving: require)"},
		{`memory reason="old model"`, Settings{Require: []string{"until", "owner", "ticket"}}, false, "", "1-26: a waiver needs until and owner and ticket here (waiving: require)"},
		{full, Settings{Require: []string{"until", "owner", "ticket"}}, false, "memory,fpga", ""},
		{`memory reason="old model"`, Settings{Reason: 10}, false, "", `15-26: the reason "old model" has fewer than 10 characters (waiving: reason)`},
		{`memory reason="old model"`, Settings{Reason: 9}, false, "memory", ""},
		{`memory reason="old model"`, Settings{Longest: 180}, false, "", "1-26: a waiver needs until here (waiving: longest)"},
		{full, Settings{DenyInFiles: true}, true, "", "1-71: the configuration does not allow waivers in files (waiving: in_files: deny)"},
		{full, Settings{DenyInFiles: true}, false, "memory,fpga", ""},
		{full, Settings{Rules: map[string]Grant{"fpga": Never}}, false, "memory", "8-12: the configuration does not allow waivers of fpga"},
		{full, Settings{Rules: map[string]Grant{"fpga": Configuration}}, true, "memory", "8-12: the configuration does not allow waivers of fpga in files"},
		{full, Settings{Rules: map[string]Grant{"fpga": Configuration}}, false, "memory,fpga", ""},
	} {
		waiver, mistakes := Parse(textOf(test.text))
		if waiver == nil {
			t.Fatal(test.text, lines(mistakes))
		}
		mistakes = waiver.Check(test.settings, known, test.inFile)
		if got := strings.Join(lines(mistakes), "\n"); got != test.want {
			t.Errorf("%s: %s\nwant %s", test.text, got, test.want)
		}
		if got := strings.Join(waiver.IDs(), ","); got != test.rules {
			t.Errorf("%s: waives %s, want %s", test.text, got, test.rules)
		}
	}
}
