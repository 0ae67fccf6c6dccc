package policy_test

import (
	"runtime/debug"
	"testing"
)

// TestMain sets GOGC as the command does: at Go's default of 100, garbage collection takes a quarter
// of the processor time of these tests.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
