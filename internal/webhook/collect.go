package webhook

import (
	"os"
	"runtime"
	"runtime/debug"
	"sync"
)

// minHeap is in bytes. What is in use between reviews is a few MiB, mostly policies, and a
// review takes 0.15: collected at twice what is in use, as is usual, every thirtieth review
// would pay for a look at all policies, a quarter of its time. With 20 MiB of the program's
// file the process stays below 64 MiB under full load.
const minHeap = 20 << 20

// DelayCollections has garbage collected when the heap has this size at the earliest, from
// now on. A heap that has it anyway is collected as usual. It does nothing where GOGC is set.
func DelayCollections() {
	if os.Getenv("GOGC") == "" {
		delayCollections()
	}
}

var delayCollections = sync.OnceFunc(func() {
	debug.SetGCPercent(usualGrowth)
	delayNext(usualGrowth)
})

const (
	// usualGrowth is what GOGC is where nobody sets it: the per cent of what is in use by
	// which the heap may grow.
	usualGrowth = 100
	// maxGrowth is that at which Go itself lets every heap grow to minHeap.
	maxGrowth = minHeap * usualGrowth / (4 << 20)
)

// delayNext sets the growth at which the next collection begins, and does so again after
// it. growth is the one that was in force.
func delayNext(growth int) {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	// What the last collection left; HeapAlloc has what is not swept yet, too.
	used := int(memory.NextGC) / (100 + growth) * 100
	growth = min(max(minHeap/max(used/100, 1)-100, usualGrowth), maxGrowth)
	debug.SetGCPercent(growth)
	runtime.AddCleanup(new(*int), delayNext, growth)
}
