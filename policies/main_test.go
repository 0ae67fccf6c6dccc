package policies_test

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

func TestMain(m *testing.M) { policytest.Main(m) }
