// Package policytest has the built-in policies for tests, loaded once in a process.
package policytest

import (
	"context"
	"sync"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

var builtin = sync.OnceValues(func() (*policy.Policies, error) {
	return policy.Load(context.Background(), policies.FS, nil)
})

// Builtin returns the built-in policies. All callers share them.
func Builtin(t testing.TB) *policy.Policies {
	t.Helper()
	loaded, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// Load returns the built-in policies and those of further folders.
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
