package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

var parityResult = regexp.MustCompile(`(?m)^(\d+) objects? compared, (\d+) differ$`)

// compared is how many objects mlpolicy parity has compared. Where one differs the test ends.
func compared(t *testing.T, done result) int {
	t.Helper()
	match := parityResult.FindStringSubmatch(done.stdout)
	if done.code != 0 || match == nil || match[2] != "0" {
		t.Fatalf("mlpolicy parity: exit code %d\n%s%s", done.code, done.stdout, done.stderr)
	}
	objects, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// examplesOfRules unpacks the examples of all rules.
func examplesOfRules(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if done := command(t, "", "../../.ci/examples", dir); done.code != 0 {
		t.Fatalf("unpack the examples of rules: %s", done.stderr)
	}
	return dir
}

// The webhook of a release says of every example, and of every real file where they are at hand,
// what lint says by the same configuration.
func TestParity(t *testing.T) {
	configured, err := os.ReadFile("../../testdata/admission/configured.mlpolicy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type tree struct {
		path    string
		objects int // at least
	}
	trees := []tree{{"../../testdata/formats", 150}, {examplesOfRules(t), 50}, {"../../testdata/project", 1}, {"../../testdata/repositories", 1}}
	if corpus := os.Getenv("MLPOLICY_CORPUS"); corpus != "" {
		trees = append(trees, tree{corpus, 50})
	}
	tests := []struct{ name, mode, config string }{
		{"the default configuration, denying", "enforce", ""},
		{"a configuration of stages, facts and modes, warning", "warn", string(configured)},
	}
	if len(tests) == 0 || len(trees) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := install(t, values{"mode": test.mode, "config": test.config})
			dir := t.TempDir()
			ca, config := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "mlpolicy.yaml")
			for file, text := range map[string]string{ca: r.authority.pem, config: test.config} {
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, each := range trees {
				before := r.reviews(t)
				done := command(t, "", mlpolicy(), "parity", each.path, "--webhook", "https://"+r.host(), "--ca", ca, "--config", config, "--mode", test.mode)
				objects := compared(t, done)
				if objects < each.objects {
					t.Errorf("%s: %d objects, want %d at least", each.path, objects, each.objects)
				}
				if reviews := r.reviews(t) - before; reviews != float64(objects) {
					t.Errorf("%s: %v reviews of %d objects", each.path, reviews, objects)
				}
				t.Logf("%s: %d objects", filepath.Base(each.path), objects)
			}
		})
	}
}
