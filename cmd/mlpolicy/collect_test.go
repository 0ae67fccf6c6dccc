package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func gcPercent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// TestCollectLate checks the value of GOGC before and after the first collection of a run.
func TestCollectLate(t *testing.T) {
	defer debug.SetGCPercent(gcPercent())
	for _, test := range []struct {
		name, environment string
		own               int // set during the run; 0 for none
		first, later      int
	}{
		{"a run", "", 0, firstGCPercent, runGCPercent},
		{"the webhook", "", webhookGCPercent, webhookGCPercent, webhookGCPercent},
		{"set by the user", "50", 0, 50, 50},
	} {
		t.Setenv("GOGC", test.environment)
		debug.SetGCPercent(50)
		collectLate()
		if test.own > 0 {
			setGCPercent(test.own)
		}
		if got := gcPercent(); got != test.first {
			t.Errorf("%s: GOGC is %d before the first collection, want %d", test.name, got, test.first)
		}
		for range 1000 { // the cleanup runs some time after the collection
			runtime.GC()
			if gcPercent() == test.later {
				break
			}
			time.Sleep(time.Millisecond)
		}
		if got := gcPercent(); got != test.later {
			t.Errorf("%s: GOGC is %d after the first collection, want %d", test.name, got, test.later)
		}
	}
}
