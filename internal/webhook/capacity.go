package webhook

import (
	"context"
	"errors"
	"math"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// maxBody is in bytes. etcd stores objects of at most 1.5 MiB, and a review of an update contains two. The API
	// server writes some characters, such as <, as six.
	maxBody = 20 << 20
	// maxBodies is the number of bytes of all bodies that arrive, wait or are evaluated. Bodies above largeBody may
	// use maxLargeBodies of it.
	maxBodies      = 64 << 20
	maxLargeBodies = 2 * maxBody
	// largeBody is in bytes. Reviews with larger bodies, which are rare, have their own memory and leave half of the
	// turns to the others.
	largeBody = 256 << 10
	// largeShare is the divisor for the share of reviews in flight that may have a large body.
	largeShare = 4
	// slowBody is the time that a body may take to arrive before its memory may be given to others. The API server
	// takes milliseconds.
	slowBody = time.Second
	// nodeFactor is the largest memory of the nodes of a document, as a multiple of its size.
	nodeFactor = 50
	// leastWeight is the weight in bytes of a review with a small body.
	leastWeight = 4 << 10
	// usualMemory is in bytes: the limit that the chart sets, used if GOMEMLIMIT is not set.
	usualMemory = 512 << 20
	// baseMemory is in bytes: the largest memory of the process without the nodes of bodies.
	baseMemory = maxBodies + 128<<20
	// DefaultMaxInFlight limits the reviews that are being evaluated or waiting. One core evaluates this number in
	// about a tenth of a second.
	DefaultMaxInFlight = 256
)

// errShed is the failure of a review for which there is no capacity, errNoTurn of one that timed out while it waited,
// and errLate of one that arrived too late to be evaluated.
var (
	errShed   = failf(http.StatusServiceUnavailable, "too many reviews in flight")
	errNoTurn = failf(http.StatusServiceUnavailable, "the review timed out before its turn")
	errLate   = failf(http.StatusGatewayTimeout, "the review arrived too late to be evaluated in time")
)

// capacity limits the resources of reviews: memory for their bodies, a place among those in flight, and a turn. If
// there is none left for a known client, reviews of unknown clients lose theirs unless they are being evaluated.
type capacity struct {
	maxInFlight int
	turns       chan struct{} // one element for each review that is being evaluated
	largeTurns  chan struct{} // one element for each of these with a large body
	largeNodes  nodes         // of large bodies
	smallNodes  nodes         // of the others

	mutex                   sync.Mutex
	pending                 []*claim // reviews that arrive or wait, in the order in which they began
	bodies, largeBodies     int      // bytes
	inFlight, largeInFlight int      // reviews that are being evaluated or waiting
}

// newCapacity returns the capacity of this process.
func newCapacity(maxInFlight int) *capacity {
	memory := debug.SetMemoryLimit(-1) // reads the limit without changing it
	if memory == math.MaxInt64 {
		memory = usualMemory
	}
	return newCapacityOf(maxInFlight, runtime.GOMAXPROCS(0), memory)
}

// newCapacityOf returns the capacity of a process with this number of processors and bytes of memory.
func newCapacityOf(maxInFlight, processors int, memory int64) *capacity {
	most := maxNodesWithin(memory)
	return &capacity{
		maxInFlight: maxInFlight,
		// Two for each processor, so that one can run while the other writes its log.
		turns: make(chan struct{}, 2*processors), largeTurns: make(chan struct{}, processors),
		largeNodes: newNodes(most), smallNodes: newNodes(most),
	}
}

// maxNodesWithin returns the number of bytes of bodies that may be evaluated at once within a memory limit, for large
// ones and for others: the memory limits them, whatever the number of processors. A larger body is evaluated while no
// other large one is.
func maxNodesWithin(memory int64) int64 { return max(largeBody, (memory-baseMemory)/(2*nodeFactor)) }

// nodes is the memory for the nodes of bodies that are evaluated, in bytes of these bodies.
type nodes struct {
	*semaphore.Weighted
	most int64
}

func newNodes(most int64) nodes { return nodes{semaphore.NewWeighted(most), most} }

// weight returns the weight of a body of a size.
func (n nodes) weight(size int) int64 { return min(max(int64(size), leastWeight), n.most) }

// claim is the share of one review in a capacity, whose mutex guards it.
type claim struct {
	*capacity
	known     bool      // the client is known
	began     time.Time // to arrive
	interrupt func()    // ends the wait for the rest of the body, or for a turn
	size      int       // number of bytes of the body so far
	arrived   bool      // the body is complete: the review is in flight
	large     bool      // the body is large
	evicted   bool      // the review has lost its claim
	undo      []func()
}

// claim returns the claim of a review that begins to arrive. interrupt ends the wait for more of its body. Call end
// at the end of the review.
func (c *capacity) claim(known bool, interrupt func()) *claim {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	claim := &claim{capacity: c, known: known, began: time.Now(), interrupt: interrupt}
	c.pending = append(c.pending, claim)
	return claim
}

// grow reserves memory for more bytes of the body, and reports whether there is any.
func (c *claim) grow(bytes int) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.evicted {
		return false
	}
	c.resize(c.size + bytes)
	return c.keep(
		c.makeRoom(func() bool { return c.bodies > maxBodies }, func(*claim) bool { return true }) &&
			(c.size <= largeBody ||
				c.makeRoom(func() bool { return c.largeBodies > maxLargeBodies }, func(of *claim) bool { return of.size > largeBody })))
}

// keep releases the claim of the review unless there is capacity for it, and reports whether there is. The caller
// holds the lock.
func (c *claim) keep(room bool) bool {
	if !room {
		c.evicted = true
		c.release()
	}
	return room
}

// resize sets the size of the body. The caller holds the lock.
func (c *claim) resize(size int) {
	large := func(size int) int {
		if size > largeBody {
			return size
		}
		return 0
	}
	c.bodies += size - c.size
	c.largeBodies += large(size) - large(c.size)
	c.size = size
}

// enter waits until the review may be evaluated. The error is errShed, errNoTurn, errLate or errGone.
func (c *claim) enter(ctx context.Context) error {
	if isGone(ctx) {
		return errGone
	}
	if ctx.Err() != nil {
		return errLate
	}
	ctx, interrupt := context.WithCancelCause(ctx)
	defer interrupt(nil)
	if c.wait(func() { interrupt(errShed) }) && c.turn(ctx) && c.start() {
		return nil
	}
	switch {
	case ctx.Err() == nil || errors.Is(context.Cause(ctx), errShed):
		return errShed
	case isGone(ctx):
		return errGone
	}
	return errNoTurn
}

// wait records that the body is complete, and reports whether one more review may wait. interrupt ends its wait.
func (c *claim) wait(interrupt func()) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.evicted {
		return false
	}
	c.interrupt, c.arrived, c.large = interrupt, true, c.size > largeBody
	c.inFlight++
	if c.large {
		c.largeInFlight++
	}
	return c.keep(
		c.makeRoom(func() bool { return c.inFlight > c.maxInFlight }, func(of *claim) bool { return of.arrived }) &&
			(!c.large ||
				c.makeRoom(func() bool { return c.largeInFlight > max(1, c.maxInFlight/largeShare) }, func(of *claim) bool { return of.large })))
}

// turn waits for a turn, and reports whether it came before the context ended.
func (c *claim) turn(ctx context.Context) bool {
	take := func(turns chan struct{}) bool {
		select {
		case turns <- struct{}{}:
			c.undo = append(c.undo, func() { <-turns })
			return true
		case <-ctx.Done():
			return false
		}
	}
	nodes := c.smallNodes
	if c.large {
		if !take(c.largeTurns) {
			return false
		}
		nodes = c.largeNodes
	}
	weight := nodes.weight(c.size)
	if nodes.Acquire(ctx, weight) != nil {
		return false
	}
	c.undo = append(c.undo, func() { nodes.Release(weight) })
	return take(c.turns)
}

// start reports whether the review may be evaluated. Its claim can no longer be evicted.
func (c *claim) start() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.remove()
	return !c.evicted
}

// end releases the claim of the review.
func (c *claim) end() {
	for _, undo := range slices.Backward(c.undo) {
		undo()
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.release()
}

// release releases the claim; calling it again has no effect. The caller holds the lock.
func (c *claim) release() {
	c.resize(0)
	if c.arrived {
		c.inFlight--
	}
	if c.large {
		c.largeInFlight--
	}
	c.arrived, c.large = false, false
	c.remove()
}

func (c *claim) remove() {
	c.pending = slices.DeleteFunc(c.pending, func(of *claim) bool { return of == c })
}

// makeRoom evicts claims of some while a limit is exceeded, and reports whether that was enough. The caller holds the
// lock.
func (c *claim) makeRoom(tooMuch func() bool, some func(*claim) bool) bool {
	for tooMuch() {
		of := c.dispensable(some)
		if of == nil {
			return false
		}
		of.evicted = true
		of.release()
		of.interrupt()
	}
	return true
}

// dispensable returns the claim of some to evict for this one; nil if there is none. Among unknown clients it is the
// one that has been arriving for the longest time, so that half-sent bodies do not block complete ones. A known
// client takes precedence over unknown ones that wait, and over known ones that are slow to arrive.
func (c *claim) dispensable(some func(*claim) bool) *claim {
	first := func(which func(*claim) bool) *claim {
		if i := slices.IndexFunc(c.pending, func(of *claim) bool { return of != c && some(of) && which(of) }); i >= 0 {
			return c.pending[i]
		}
		return nil
	}
	of := first(func(of *claim) bool { return !of.known && !of.arrived })
	if of == nil && c.known {
		of = first(func(of *claim) bool { return !of.known })
	}
	if of == nil && c.known {
		of = first(func(of *claim) bool { return !of.arrived && time.Since(of.began) > slowBody })
	}
	return of
}
