// Package policytest provides the builtin policies to tests and loads them once per process.
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
