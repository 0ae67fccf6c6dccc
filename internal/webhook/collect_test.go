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
	defer debug.SetGCPercent(debug.SetGCPercent(usualGrowth))
	DelayCollections()
	for collection := range 3 {
		debug.SetGCPercent(usualGrowth)
		runtime.GC()
		var memory runtime.MemStats
		for deadline := time.Now().Add(10 * time.Second); memory.NextGC < minHeap; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("after collection %d, %d bytes are in use and the next one begins at %d", collection, memory.HeapAlloc, memory.NextGC)
			}
			runtime.ReadMemStats(&memory)
		}
	}
}

func TestGrowthIsAsUsualOfALargeHeap(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(usualGrowth))
	DelayCollections()
	large := make([]byte, 2*minHeap)
	runtime.GC()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		growth := debug.SetGCPercent(usualGrowth)
		if growth == usualGrowth {
			break
		}
		debug.SetGCPercent(growth)
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are in use and the heap may grow by %d %%", len(large), growth)
		}
	}
	runtime.KeepAlive(large)
}
