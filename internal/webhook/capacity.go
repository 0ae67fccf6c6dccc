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
	// maxBody is in bytes. etcd keeps objects of 1.5 MiB at most, and a review of an update
	// has two. The API server writes some characters, such as <, as six.
	maxBody = 20 << 20
	// maxBodies is in bytes, over all bodies that arrive, wait or are evaluated. Bodies above
	// largeBody may take maxLargeBodies of it.
	maxBodies      = 64 << 20
	maxLargeBodies = 2 * maxBody
	// largeBody is in bytes. Reviews of larger ones, which are rare, wait for memory of their
	// own and leave half of the turns to the others.
	largeBody = 256 << 10
	// largeShare is the part of the reviews in flight that may have a large body, as a divisor.
	largeShare = 4
	// slowBody is how long a body may take to arrive before others may take its room. The API
	// server takes milliseconds.
	slowBody = time.Second
	// nodeFactor is how much memory the nodes of a document take at most, in times its size.
	nodeFactor = 50
	// leastWeight is in bytes: what a review weighs at least, however small its body is.
	leastWeight = 4 << 10
	// usualMemory is in bytes: the limit that the chart sets, for where GOMEMLIMIT sets none.
	usualMemory = 512 << 20
	// baseMemory is in bytes: what everything but the nodes of bodies takes at most.
	baseMemory = maxBodies + 128<<20
	// DefaultMaxInFlight bounds the reviews that run or wait. On one core that many take
	// about a tenth of a second.
	DefaultMaxInFlight = 256
)

// errShed is the failure of a review for which there is no room, errNoTurn that of one whose time
// was over while it waited, and errLate that of one that came too late to be evaluated.
var (
	errShed   = failf(http.StatusServiceUnavailable, "too many reviews in flight")
	errNoTurn = failf(http.StatusServiceUnavailable, "the review timed out before its turn")
	errLate   = failf(http.StatusGatewayTimeout, "the review arrived too late to be evaluated in time")
)

// capacity bounds what reviews take: memory for their bodies, a place among those in flight,
// and a turn. Where there is no room for one of a known client, those of unknown clients give
// up theirs unless they run.
type capacity struct {
	maxInFlight int
	turns       chan struct{} // has one for each review that runs
	largeTurns  chan struct{} // has one for each of these with a large body
	largeNodes  nodes         // of large bodies
	smallNodes  nodes         // of the others

	mutex                   sync.Mutex
	pending                 []*claim // those that arrive or wait, in the order in which they began
	bodies, largeBodies     int      // bytes
	inFlight, largeInFlight int      // reviews that run or wait
}

// newCapacity makes the capacity of this process.
func newCapacity(maxInFlight int) *capacity {
	memory := debug.SetMemoryLimit(-1) // as it is
	if memory == math.MaxInt64 {
		memory = usualMemory
	}
	return newCapacityOf(maxInFlight, runtime.GOMAXPROCS(0), memory)
}

// newCapacityOf makes the capacity of a process with so many processors and bytes of memory.
func newCapacityOf(maxInFlight, processors int, memory int64) *capacity {
	most := maxNodesWithin(memory)
	return &capacity{
		maxInFlight: maxInFlight,
		// Two for each processor, so that one goes on while the other writes its log.
		turns: make(chan struct{}, 2*processors), largeTurns: make(chan struct{}, processors),
		largeNodes: newNodes(most), smallNodes: newNodes(most),
	}
}

// maxNodesWithin returns how many bytes of bodies may be evaluated at once within a limit of
// memory, large ones and others each: the memory bounds them, however many processors there are.
// A body that is larger is evaluated while no other large one is.
func maxNodesWithin(memory int64) int64 { return max(largeBody, (memory-baseMemory)/(2*nodeFactor)) }

// nodes is the memory for the nodes of bodies that are evaluated, in bytes of these bodies.
type nodes struct {
	*semaphore.Weighted
	most int64
}

func newNodes(most int64) nodes { return nodes{semaphore.NewWeighted(most), most} }

// weight returns what a body of a size takes.
func (n nodes) weight(size int) int64 { return min(max(int64(size), leastWeight), n.most) }

// claim is what one review takes of a capacity, whose mutex guards it.
type claim struct {
	*capacity
	known     bool      // the client is known
	began     time.Time // to arrive
	interrupt func()    // ends the wait for the rest of the body, or for a turn
	size      int       // of the body so far, in bytes
	arrived   bool      // the body is complete: the review is in flight
	large     bool      // and so is its body
	evicted   bool      // the review has lost its room
	undo      []func()
}

// claim returns what a review takes that begins to arrive. interrupt ends the wait for more
// of its body. Call end at the end of the review.
func (c *capacity) claim(known bool, interrupt func()) *claim {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	claim := &claim{capacity: c, known: known, began: time.Now(), interrupt: interrupt}
	c.pending = append(c.pending, claim)
	return claim
}

// grow makes room for more bytes of the body, and reports whether there is any.
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

// keep gives up what the review has unless there is room for it, and reports whether there is. The
// caller has the lock.
func (c *claim) keep(room bool) bool {
	if !room {
		c.evicted = true
		c.release()
	}
	return room
}

// resize sets the size of the body. The caller has the lock.
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

// enter waits until the review may run. The error is errShed, errNoTurn, errLate or errGone.
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

// wait notes that the body is complete, and reports whether one more review may wait.
// interrupt ends its wait.
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

// turn waits for a turn, and reports whether it came before the context's end.
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

// start reports whether the review may run. Nothing takes its room any more.
func (c *claim) start() bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.remove()
	return !c.evicted
}

// end gives back all that the review has.
func (c *claim) end() {
	for _, undo := range slices.Backward(c.undo) {
		undo()
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.release()
}

// release gives back room; a second time it does nothing. The caller has the lock.
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

// makeRoom evicts reviews of some as long as there is too much, and reports whether that was
// enough. The caller has the lock.
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

// dispensable returns the review of some that gives up its room for this one, nil without one.
// Of unknown clients it is the one that has been arriving for the longest: whoever sends half
// of a body makes room for whoever sends all of it. A known client takes precedence over those
// of unknown ones that wait, and over those of known ones that are slow to arrive.
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
