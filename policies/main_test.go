package policies_test

import (
	"runtime/debug"
	"testing"
)

// TestMain collects garbage as seldom as the command does, for the same reason: at Go's 100 per cent it is a quarter
// of the processor time of these tests.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}
