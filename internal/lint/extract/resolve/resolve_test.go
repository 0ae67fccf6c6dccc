package resolve

import (
	"testing"
)

func TestBelow(t *testing.T) {
	tests := []struct {
		root, name string
		want       bool
	}{
		{".", "a.yml", true},
		{".", "deploy/a.yml", true},
		{".", "../a.yml", false},
		{"..", "a.yml", true},
		{"..", "../a.yml", true},
		{"..", "../other/a.yml", true},
		{"..", "../../a.yml", false},
		{"../..", "../../a.yml", true},
		{"../..", "../../..", false},
		{"../two", "../two/a.yml", true},
		{"../two", "../twofold/a.yml", false},
		{"../two", "a.yml", false},
		{"one", "one/a.yml", true},
		{"one", "onerous/a.yml", false},
		{"/srv/one", "/srv/one/a.yml", true},
		{"/srv/one", "/srv/a.yml", false},
		{"/", "/srv/a.yml", true},
		{".", "/srv/a.yml", false},
	}
	for _, test := range tests {
		if got := Below(test.root, test.name); got != test.want {
			t.Errorf("%s below %s: %t", test.name, test.root, got)
		}
	}
}
