package webhook

import (
	"os"
	"runtime"
	"runtime/debug"
)

// minHeap is in bytes. What is in use between reviews is a few MiB, mostly policies, and a
// review takes 0.15: collected at twice what is in use, as is usual, every thirtieth review
// would pay for a look at all policies, a quarter of its time. With 20 MiB of the program's
// file the process stays below 64 MiB under full load.
const minHeap = 24 << 20

// DelayCollections has garbage collected when the heap has this size at the earliest, from
// now on. A heap that has it anyway is collected as usual. It does nothing where GOGC is set.
func DelayCollections() {
	if os.Getenv("GOGC") == "" {
		delayNext(minHeap)
	}
}

// delayNext sets the size at which the next collection begins, and is called again after it.
func delayNext(size uint64) {
	const usual = 100 // per cent that the heap may grow
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	debug.SetGCPercent(max(usual, int(size*100/max(memory.HeapAlloc, 1<<20))-100))
	runtime.AddCleanup(new(*int), delayNext, size)
}
