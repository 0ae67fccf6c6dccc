// Package policytest provides the builtin policies to tests, loaded once per process, and runs tests that evaluate policies.
package policytest

import (
	"context"
	"os"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// Main runs the tests of a package with a GOGC of 400 unless the environment sets it. Tests that evaluate
// policies leave much garbage: at Go's default of 100, they take up to 1.6 times the processor time.
func Main(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	m.Run()
}

var builtin = sync.OnceValues(func() (*policy.Policies, error) {
	return policy.Load(context.Background(), policies.FS, nil)
})

// Builtin returns the builtin policies, which all callers share.
func Builtin(t testing.TB) *policy.Policies {
	t.Helper()
	loaded, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// Load returns the builtin policies with those of further folders.
func Load(t testing.TB, extra ...policy.Folder) *policy.Policies {
	t.Helper()
	if len(extra) == 0 {
		return Builtin(t)
	}
	loaded, err := policy.Load(t.Context(), policies.FS, extra)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}
