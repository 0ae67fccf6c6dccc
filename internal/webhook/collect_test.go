package webhook

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// The first, since what the next one begins goes on.
func TestCollectionsAreAsGOGCSays(t *testing.T) {
	t.Setenv("GOGC", "70")
	before := debug.SetGCPercent(70)
	defer debug.SetGCPercent(before)
	DelayCollections()
	if percent := debug.SetGCPercent(70); percent != 70 {
		t.Errorf("the heap may grow by %d %%", percent)
	}
}

func TestCollectionsAreDelayedEachTime(t *testing.T) {
	t.Setenv("GOGC", "")
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	DelayCollections()
	for collection := range 3 {
		for deadline := time.Now().Add(10 * time.Second); debug.SetGCPercent(100) <= 100; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("not after collection %d", collection)
			}
		}
		runtime.GC()
	}
}
